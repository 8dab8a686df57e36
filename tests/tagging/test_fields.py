"""Moods and groupings beside the genre: where other programs look for them, and nothing else."""

import struct
from collections.abc import Mapping
from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen.id3 import ID3

from genregenie.tagging.delta import difference, restored
from genregenie.tagging.tags import TagError, read_tags, write_tags
from tests.tagging import files
from tests.tagging.kinds import (
    KINDS,
    REFUSED_KINDS,
    TITLE,
    Kind,
    atom,
    comments,
    data_atom,
    flac,
    frame,
    id3,
    meta,
    moov_last,
    put,
)
from tests.tagging.test_promise import is_open_to_proof, packets

WANTED = {
    "genre": ("Hip-Hop/Rap", "Électro"),
    "mood": ("sad", "(17)", "夜"),
    "grouping": ("80s", "female vocalists"),
}
TEXTS_ONLY = {"WAV, a list of texts", "WAV, a list of texts without a genre"} | {
    "WAV, recorded without sizes"
}


def understood(path: Path, fields: Mapping[str, object]) -> None:
    """mutagen reads what was written, or nothing at all."""
    try:
        theirs = files.as_mutagen_reads(path)
    except (mutagen.MutagenError, ValueError, EOFError, AttributeError):
        return
    for field, values in fields.items():
        assert theirs.get(field, ()) == values


@pytest.mark.parametrize("name", files.MAKERS)
def test_mutagen_reads_what_is_written_and_it_can_be_undone_to_the_byte(name, tmp_path):
    suffix, make = files.MAKERS[name]
    path = tmp_path / f"song.{suffix}"
    make(path, ["Live"])
    original, sound, before = path.read_bytes(), files.samples(path), read_tags(path)
    write_tags(path, WANTED)
    record = difference(original, path.read_bytes())
    assert b"".join(restored(path.read_bytes(), record)) == original
    assert read_tags(path) == WANTED
    assert files.as_mutagen_reads(path) == WANTED
    write_tags(path, {"mood": ("happy",)})
    assert files.as_mutagen_reads(path) == {**WANTED, "mood": ("happy",)}
    write_tags(path, {"grouping": (), "mood": ()})
    assert files.as_mutagen_reads(path) == {"genre": WANTED["genre"]}
    write_tags(path, before)
    assert read_tags(path) == before
    assert np.array_equal(files.samples(path), sound)


@pytest.mark.parametrize("name", sorted(KINDS.keys() - REFUSED_KINDS.keys()))
def test_in_every_kind_of_file_only_the_fields_change(name, tmp_path):
    kind = KINDS[name]
    path = put(kind, tmp_path)
    if not is_open_to_proof(path):
        pytest.skip("FFmpeg is not let read this kind of file here")
    streams = 0 if "unsynchronised" in name else None
    sound, before = packets(path, streams), read_tags(path)
    if name in TEXTS_ONLY:
        assert before.keys() == {"genre"}
        with pytest.raises(TagError, match="no place for a mood or a grouping"):
            write_tags(path, {"mood": ("sad",), "grouping": ("80s",)})
        return
    for wanted in ({"mood": ("sad",)}, {"grouping": ("80s", "Élan")}, WANTED):
        old = path.read_bytes()
        write_tags(path, wanted)
        new, before = path.read_bytes(), {**before, **wanted}
        assert read_tags(path) == before
        understood(path, wanted)
        if path.suffix != ".ape":  # FFmpeg takes tags for a part of the last frame
            assert packets(path, streams) == sound
        for part in kind.keeps:
            assert part in new
        assert b"".join(restored(new, difference(old, new))) == old


# --- where a value stands already ------------------------------------------------------------


def tagged(version: int, *frames: tuple[bytes, bytes], flags: int = 0) -> bytes:
    raw = (frame(version, *TITLE[version]), *(frame(version, *f, flags) for f in frames))
    return id3(version, *raw, padding=50) + files.bare_mp3()


MOODS = {
    "2.2, a text of one's own": tagged(2, (b"TXX", b"\0Mood\0calm")),
    "2.3, a text of one's own": tagged(3, (b"TXXX", b"\0other\0x"), (b"TXXX", b"\0mood\0calm")),
    "2.3, the frame of 2.4": tagged(3, (b"TMOO", b"\0calm")),
    "2.4, a text of one's own": tagged(4, (b"TXXX", b"\3MOOD\0calm")),
    "2.4, in UTF-16": tagged(4, (b"TXXX", b"\1" + "MOOD\0calm".encode("utf-16"))),
    "2.4, both": tagged(4, (b"TXXX", b"\0MOOD\0grim"), (b"TMOO", b"\0calm")),
}


@pytest.mark.parametrize("name", MOODS)
def test_a_mood_stays_where_a_program_has_put_it(name, tmp_path):
    path = put(Kind("mp3", lambda: MOODS[name]), tmp_path)
    before = ID3(path)
    assert read_tags(path)["mood"] == ("calm",)
    write_tags(path, {"mood": ("calm", "sad")})
    after = ID3(path)
    assert after.version == before.version
    assert after.keys() == before.keys()
    assert files.as_mutagen_reads(path)["mood"] == ("calm", "sad")
    if name == "2.4, both":
        assert after["TXXX:MOOD"].text == ["grim"]


@pytest.mark.parametrize(("version", "name"), [(2, "TXXX:MOOD"), (3, "TXXX:MOOD"), (4, "TMOO")])
def test_a_new_mood_goes_where_its_version_of_id3_has_it(version, name, tmp_path):
    path = put(Kind("mp3", lambda: tagged(version)), tmp_path)
    write_tags(path, {"mood": ("sad", "夜"), "grouping": ("80s",)})
    tags = ID3(path, translate=False)
    tags.update_to_v24()
    assert path.read_bytes()[3] == version
    assert tags[name].text == ["sad", "夜"]
    assert tags["TIT1"].text == ["80s"]


@pytest.mark.parametrize("version", [3, 4])
def test_a_grouping_of_itunes_is_not_taken_for_a_work(version, tmp_path):
    kind = tagged(version, (b"TIT1", b"\0A work"), (b"GRP1", b"\0Mine"))
    path = put(Kind("mp3", lambda: kind), tmp_path)
    assert read_tags(path)["grouping"] == ("Mine",)
    write_tags(path, {"grouping": ("Mine", "80s")})
    tags = ID3(path)
    assert (tags["GRP1"].text, tags["TIT1"].text) == (["Mine", "80s"], ["A work"])


@pytest.mark.parametrize("flags", [0x04, 0x08], ids=["encrypted", "packed and damaged"])
def test_a_mood_that_nobody_can_read_stays_and_a_genre_is_written(flags, tmp_path):
    kind = tagged(4, (b"TMOO", b"\0calm"), flags=flags)
    path = put(Kind("mp3", lambda: kind), tmp_path)
    assert read_tags(path).keys() == {"genre", "grouping"}
    write_tags(path, {"genre": ("Jazz",), "grouping": ("80s",)})
    assert frame(4, b"TMOO", b"\0calm", flags) in path.read_bytes()
    with pytest.raises(TagError, match="no place for a mood"):
        write_tags(path, {"mood": ("sad",)})


def test_a_field_keeps_the_name_that_it_has_in_a_comment(tmp_path):
    odd = (b"Mood=calm", b"TITLE=T", b"grouping=Mine", b"MOODY=x", b"mood=dark")
    path = put(Kind("flac", lambda: flac((4, comments(*odd)))), tmp_path)
    write_tags(path, {"mood": ("sad",), "grouping": ("Mine", "80s")})
    kept = (b"Mood=sad", b"TITLE=T", b"grouping=Mine", b"grouping=80s", b"MOODY=x")
    assert comments(*kept)[6:] in path.read_bytes()


def own(mean: bytes, name: bytes, *parts: bytes) -> bytes:
    return atom(b"----", atom(b"mean", bytes(4), mean), atom(b"name", bytes(4), name), *parts)


def test_of_what_programs_name_themselves_in_an_mp4_only_itunes_mood_is_ours(tmp_path):
    ours = own(b"com.apple.iTunes", b"Mood", data_atom(b"calm"), data_atom(b"dark"))
    others = (
        own(b"com.x", b"MOOD", data_atom(b"x")),
        own(b"com.apple.iTunes", b"MOODS", data_atom(b"y")),
        atom(b"----", struct.pack(">I4s", 99, b"mean")),
    )
    udta = atom(b"udta", meta(ours, *others))
    path = put(Kind("m4a", lambda: moov_last(udta)), tmp_path)
    assert read_tags(path)["mood"] == ("calm", "dark")
    write_tags(path, {"mood": ("sad",)})
    data = path.read_bytes()
    assert own(b"com.apple.iTunes", b"Mood", data_atom(b"sad")) in data
    assert all(other in data for other in others)


def test_moods_behind_an_mp3_are_taken_along_into_a_new_tag(tmp_path):
    """Beside it, they would not be read; and so with the genre of ID3v1."""
    path = tmp_path / "song.mp3"
    files.mp3_v1(path, ["Rock"])
    write_tags(path, {"mood": ("sad",)})
    assert read_tags(path) == {"genre": ("Rock",), "mood": ("sad",), "grouping": ()}
    assert path.read_bytes()[-1] == 17
    assert str(ID3(path, load_v1=False)["TCON"]) == "Rock"
    path = put(KINDS["APEv2 alone"], tmp_path)
    write_tags(path, {"mood": ("sad",)})
    assert read_tags(path) == {"genre": ("Live",), "mood": ("sad",), "grouping": ()}
    assert ID3(path).getall("TCON")[0].text == ["Live"]


@pytest.mark.parametrize("field", ["mood", "grouping"])
@pytest.mark.parametrize("value", ["", "a\0b", "\ud800"])
def test_what_is_no_text_is_no_value(field, value, tmp_path):
    with pytest.raises(TagError, match=f"A {field} must be"):
        write_tags(put(KINDS["FLAC"], tmp_path), {field: [value]})
