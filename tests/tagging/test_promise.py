"""The promise: a genre is written and nothing else changes, or the file is left with a sentence.

For every kind of file in `tests.tagging.kinds`. The judges share no code with what they judge:
FFmpeg's packets, FFmpeg's and mutagen's reading of tags, and the bytes themselves.
"""

import contextlib
import io
from collections import Counter
from pathlib import Path

import av
import mutagen
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genregenie.tagging import tags
from genregenie.tagging.delta import difference, restored
from genregenie.tagging.formats import offsets
from genregenie.tagging.formats.edits import Edit
from genregenie.tagging.formats.payload import CHANGED, UNPROVED, prove
from genregenie.tagging.replace import ReplaceError
from genregenie.tagging.tags import (
    TagError,
    read_genres,
    read_tags,
    write_copy,
    write_genres,
    write_tags,
)
from tests.tagging.kinds import KINDS, REFUSED_KINDS, SELDOM_KINDS, put

GENRE_KEYS = {"genre", "tcon", "tco", "\xa9gen", "gnre", "ignr"}


def opened(path: Path) -> av.container.InputContainer:
    """By its bytes: FFmpeg would let the name have a say in what it is."""
    return av.open(io.BytesIO(path.read_bytes()), metadata_errors="replace")


def packets(path: Path, streams: int | None = None) -> list[tuple[object, ...]]:
    """Every packet of every stream: where it belongs, its times, its bytes."""
    found: list[tuple[object, ...]] = []
    with opened(path) as container:
        try:
            for packet in container.demux(streams):
                if packet.size:
                    times = packet.pts, packet.dts, packet.duration
                    found.append((packet.stream_index, *times, bytes(packet)))
        except av.FFmpegError as error:
            found.append((type(error),))  # how FFmpeg ends a WavPack with ID3v1, for instance
    return found


def texts(path: Path) -> Counter[str]:
    """What FFmpeg reads in the tags, but for the genre."""
    with opened(path) as container:
        held = [container.metadata, *(stream.metadata for stream in container.streams)]
    return Counter(v for some in held for k, v in some.items() if k.lower() not in GENRE_KEYS)


def understood(path: Path) -> dict[str, str]:
    """What mutagen reads in the tags, but for the genre; nothing where it gives up."""
    try:
        opened = mutagen.File(path)
    except (mutagen.MutagenError, ValueError, EOFError, AttributeError):
        return {}
    if opened is None or opened.tags is None:
        return {}
    listed = getattr(opened.tags, "items", list)()
    return {str(k): repr(v) for k, v in listed if str(k).lower() not in GENRE_KEYS}


def is_open_to_proof(path: Path) -> bool:
    try:
        prove(str(path), str(path))
    except TagError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(KINDS.keys() - REFUSED_KINDS.keys()))
def test_only_the_genre_changes(name, tmp_path):
    kind = KINDS[name]
    path = put(kind, tmp_path)
    original = path.read_bytes()
    if name in SELDOM_KINDS and not is_open_to_proof(path):
        with pytest.raises(TagError, match=UNPROVED):
            write_genres(path, ["Jazz"])
        assert path.read_bytes() == original
        pytest.skip("FFmpeg is not let read this kind of file here")
    # FFmpeg misreads unsynchronised tags, and sees texts and pictures that are not there.
    streams = 0 if "unsynchronised" in name else None
    sound, known = packets(path, streams), understood(path)
    said = Counter[str]() if streams == 0 else texts(path)
    read_genres(path)
    for genres in (
        ("Jazz",),
        ("Hip-Hop/Rap", "Électro", "夜"),
        ("Rock",),
        ("Long " * 400 + "name",),
    ):
        before = path.read_bytes()
        write_genres(path, genres)
        after = path.read_bytes()
        assert read_genres(path) == genres
        if path.suffix != ".ape":  # FFmpeg takes tags for a part of the last frame
            assert packets(path, streams) == sound
        assert not said - texts(path)
        assert understood(path).items() >= known.items()
        for part in kind.keeps:
            assert part in after
        assert b"".join(restored(after, difference(before, after))) == before
    assert b"".join(restored(after, difference(original, after))) == original
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", sorted(REFUSED_KINDS))
def test_what_has_no_place_for_a_genre_says_so(name, tmp_path):
    path = put(KINDS[name], tmp_path)
    before = path.read_bytes()
    with pytest.raises(TagError, match=KINDS[name].refused):
        read_genres(path)
    with pytest.raises(TagError, match=KINDS[name].refused):
        write_genres(path, ["Jazz"])
    assert path.read_bytes() == before


# --- damage ----------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_written_rightly_or_left_with_a_sentence(data, tmp_path):
    name = data.draw(st.sampled_from(sorted(KINDS)))
    kind = KINDS[name]
    broken = bytearray(kind.make())
    # Mostly where tags are, at both ends; what lies between is sound.
    places = st.one_of(st.integers(0, 700), st.integers(-700, -1), st.integers(0, 1 << 20))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(places) % max(len(broken), 1)
        what = data.draw(st.sampled_from(["change", "cut", "remove", "insert"]))
        if what == "change":
            broken[at : at + 1] = data.draw(st.binary(min_size=1, max_size=4))
        elif what == "cut":
            del broken[at:]
        elif what == "remove":
            del broken[at : at + data.draw(st.integers(1, 40))]
        else:
            broken[at:at] = data.draw(st.binary(min_size=1, max_size=40))
    path = tmp_path / f"song.{kind.suffix}"
    path.write_bytes(broken)
    wanted = {"genre": ("Jazz", "Blues"), "mood": ("sad",), "grouping": ("80s", "oldies")}
    wanted |= {"tempo": ("118",), "key": ("Am",)}
    with contextlib.suppress(TagError):
        wanted = {field: wanted[field] for field in read_tags(path)}
    refusal = None
    try:
        write_tags(path, wanted)
    except TagError as error:
        refusal = str(error)
    after = path.read_bytes()
    if refusal is not None:
        assert refusal.endswith(".")
        assert after == broken
        return
    assert read_tags(path).items() >= wanted.items()
    (tmp_path / "before").write_bytes(broken)
    if path.suffix != ".ape":
        streams = 0 if "unsynchronised" in name else None
        assert packets(path, streams) == packets(tmp_path / "before", streams)
    assert b"".join(restored(after, difference(broken, after))) == broken


# --- the proof itself ------------------------------------------------------------------------

SABOTAGED = sorted(
    {
        *("ID3v2.3", "no tag", "APEv2 and ID3v1", "FLAC", "Ogg Vorbis", "Opus", "chained Opus"),
        *("M4A", "M4A, contents first", "M4A in fragments", "WAV", "RF64", "AIFF", "WavPack"),
    }
)


@pytest.mark.parametrize("name", SABOTAGED)
@pytest.mark.parametrize("fault", ["a bit", "twice", "lost", "swapped"])
def test_a_writer_that_harms_the_sound_is_caught(name, fault, tmp_path, monkeypatch):
    """Whatever goes wrong in writing, the file does not get the harmed sound."""
    path = put(KINDS[name], tmp_path)
    before = path.read_bytes()
    middle = len(before) // 2
    real = tags.pieces

    def harmed(data, edits):
        one, two = data[middle : middle + 40], data[middle + 40 : middle + 80]
        made = {
            "a bit": bytes([one[0] ^ 4]) + one[1:] + two,
            "twice": one + one + two,
            "lost": two,
            "swapped": two + one,
        }[fault]
        return real(data, [*edits, Edit(middle, middle + 80, made)])

    monkeypatch.setattr(tags, "pieces", harmed)
    with pytest.raises(TagError):
        write_genres(path, ["Jazz"])
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_fragments_that_point_to_the_wrong_bytes_are_caught(tmp_path, monkeypatch):
    """What a well-known library does to such a file."""
    path = put(KINDS["M4A in fragments"], tmp_path)
    monkeypatch.setattr(offsets, "_moved_base", lambda *arguments: iter(()))
    with pytest.raises(TagError, match="left as it was"):
        write_genres(path, ["Jazz"])


def test_other_tags_that_would_be_lost_are_noticed(tmp_path, monkeypatch):
    path = put(KINDS["FLAC, Latin-1 and nameless comments"], tmp_path)
    before = path.read_bytes()
    real = tags.flac.Comments.with_values

    def forgetful(self, wanted):
        made = real(self, wanted)
        return type(made)(made.vendor, made.comments[1:], made.rest)

    monkeypatch.setattr(tags.flac.Comments, "with_values", forgetful)
    with pytest.raises(TagError, match="other tags"):
        write_genres(path, ["Jazz"])
    assert path.read_bytes() == before


def test_the_proof_wants_the_same_kind_of_sound(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(KINDS["WAV"].make())
    two.write_bytes(KINDS["FLAC"].make())
    with pytest.raises(TagError, match=CHANGED):
        prove(str(one), str(two))
    prove(str(one), str(one))


def test_a_disk_that_says_no_is_no_damage(tmp_path):
    path = put(KINDS["FLAC"], tmp_path)
    with pytest.raises(OSError, match="No such file"):
        write_copy(str(path), str(tmp_path / "no/where"), {"genre": ["Jazz"]})
    path.chmod(0o444)
    with pytest.raises(ReplaceError, match="read-only"):
        write_genres(path, ["Jazz"])


@pytest.mark.parametrize("genre", ["", " ", "a\0b", "\ud800"])
def test_what_is_no_text_is_no_genre(genre, tmp_path):
    with pytest.raises(TagError, match="A genre must be"):
        write_genres(put(KINDS["FLAC"], tmp_path), [genre])
