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
    "tempo": ("118",),
    "key": ("F#m",),
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
    write_tags(path, {"grouping": (), "mood": (), "tempo": (), "key": ()})
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
    others = (
        {"mood": ("sad",)},
        {"grouping": ("80s", "Élan")},
        {"tempo": ("90",), "key": ("Bbm",)},
    )
    for wanted in (*others, WANTED):
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
    assert read_tags(path).keys() == {"genre", "grouping", "tempo", "key"}
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
    assert read_tags(path) == files.NOTHING | {"genre": ("Rock",), "mood": ("sad",)}
    assert path.read_bytes()[-1] == 17
    assert str(ID3(path, load_v1=False)["TCON"]) == "Rock"
    path = put(KINDS["APEv2 alone"], tmp_path)
    write_tags(path, {"mood": ("sad",)})
    assert read_tags(path) == files.NOTHING | {"genre": ("Live",), "mood": ("sad",)}
    assert ID3(path).getall("TCON")[0].text == ["Live"]


@pytest.mark.parametrize("field", ["mood", "grouping", "key"])
@pytest.mark.parametrize("value", ["", "a\0b", "\ud800"])
def test_what_is_no_text_is_no_value(field, value, tmp_path):
    with pytest.raises(TagError, match=f"A {field} must be"):
        write_tags(put(KINDS["FLAC"], tmp_path), {field: [value]})


# --- tempo and key ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "names"),
    [(2, (b"TBP", b"TKE")), (3, (b"TBPM", b"TKEY")), (4, (b"TBPM", b"TKEY"))],
)
def test_tempo_and_key_have_a_frame_each_in_every_version_of_id3(version, names, tmp_path):
    path = put(Kind("mp3", lambda: tagged(version)), tmp_path)
    write_tags(path, {"tempo": ("118",), "key": ("Bbm",)})
    for name, text in zip(names, (b"118", b"Bbm"), strict=True):
        assert frame(version, name, b"\0" + text) in path.read_bytes()


@pytest.mark.parametrize(("there", "written"), [(b"Key", b"Key"), (b"initialkey", b"initialkey")])
def test_a_key_keeps_the_name_that_a_program_has_given_it(there, written, tmp_path):
    path = put(Kind("flac", lambda: flac((4, comments(there + b"=8A", b"KEYS=x")))), tmp_path)
    assert read_tags(path)["key"] == ("8A",)
    write_tags(path, {"key": ("Am",)})
    assert comments(written + b"=Am", b"KEYS=x")[6:] in path.read_bytes()


def test_a_new_key_in_a_comment_has_the_name_that_most_programs_know(tmp_path):
    path = put(Kind("flac", lambda: flac((4, comments(b"TITLE=T")))), tmp_path)
    write_tags(path, {"tempo": ("118",), "key": ("Am",)})
    assert comments(b"TITLE=T", b"BPM=118", b"INITIALKEY=Am")[6:] in path.read_bytes()


def test_in_an_mp4_a_tempo_is_a_number_and_a_key_keeps_its_name(tmp_path):
    number = atom(b"tmpo", atom(b"data", struct.pack(">IIH", 21, 0, 120)))
    ours = own(b"com.apple.iTunes", b"INITIALKEY", data_atom(b"8A"))
    path = put(Kind("m4a", lambda: moov_last(atom(b"udta", meta(number, ours)))), tmp_path)
    assert (read_tags(path)["tempo"], read_tags(path)["key"]) == (("120",), ("8A",))
    write_tags(path, {"tempo": ("300",), "key": ("Am",)})
    data = path.read_bytes()
    assert atom(b"tmpo", atom(b"data", struct.pack(">IIH", 21, 0, 300))) in data
    assert own(b"com.apple.iTunes", b"INITIALKEY", data_atom(b"Am")) in data


def test_a_tempo_of_too_many_bytes_stays_and_a_genre_is_written(tmp_path):
    odd = atom(b"tmpo", atom(b"data", struct.pack(">II", 21, 0), b"x" * 5_000))
    path = put(Kind("m4a", lambda: moov_last(atom(b"udta", meta(odd)))), tmp_path)
    assert "tempo" not in read_tags(path)
    write_tags(path, {"genre": ("Jazz",)})
    assert odd in path.read_bytes()


@pytest.mark.parametrize("nothing", [b"0", b"0.00", b" "])
def test_a_tempo_of_nothing_is_none_and_gives_way(nothing, tmp_path):
    path = put(Kind("mp3", lambda: tagged(4, (b"TBPM", b"\0" + nothing))), tmp_path)
    assert read_tags(path)["tempo"] == ()
    write_tags(path, {"tempo": ("90",)})
    assert [str(frame) for frame in ID3(path).getall("TBPM")] == ["90"]


def test_what_is_there_is_read_as_it_is_written(tmp_path):
    there = (b"TBPM", b"\0" + b"117.98"), (b"TKEY", b"\0" + b"Dbmin")
    path = put(Kind("mp3", lambda: tagged(3, *there)), tmp_path)
    assert (read_tags(path)["tempo"], read_tags(path)["key"]) == (("117.98",), ("Dbmin",))


def test_a_tempo_that_is_a_number_in_a_wma_stays_alone(tmp_path):
    path = put(KINDS["WMA"], tmp_path)
    tags = mutagen.File(path)
    tags["WM/BeatsPerMinute"] = [mutagen.asf.ASFDWordAttribute(120)]
    tags.save()
    assert "tempo" not in read_tags(path)
    write_tags(path, {"key": ("Am",)})
    after = mutagen.File(path)
    assert (after["WM/BeatsPerMinute"], after["WM/InitialKey"]) == ([120], ["Am"])


@pytest.mark.parametrize("value", ["", "0", "118.5", "fast", "-3", "12345", "1\n"])
def test_only_a_whole_number_is_a_tempo(value, tmp_path):
    with pytest.raises(TagError, match="A tempo must be a whole number"):
        write_tags(put(KINDS["FLAC"], tmp_path), {"tempo": [value]})
