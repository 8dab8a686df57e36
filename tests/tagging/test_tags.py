"""Genres written into every format, and nothing else changed."""

import struct

import av
import mutagen
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3
from mutagen.mp4 import MP4

from genregenie.tagging.delta import difference, restored
from genregenie.tagging.tags import TagError, read_genres, write_genres
from tests.tagging import files
from tests.tagging.kinds import KINDS, put, speex

GENRES = {"genre", "TCON", "\xa9gen", "Genre", "TCO"}


def other_tags(path) -> dict[str, object]:
    """Every tag that is not the genre, as mutagen and as FFmpeg see them."""
    opened = mutagen.File(path)
    seen = {}
    for key, value in (opened.tags or {}).items():
        if key not in GENRES and key.lower() != "genre":
            seen[key] = repr(value)
    pictures = [picture.data for picture in getattr(opened, "pictures", [])]
    with av.open(str(path), metadata_errors="replace") as container:
        theirs = dict(container.metadata) | dict(container.streams.audio[0].metadata)
        streams = len(container.streams)
    theirs = {k: v for k, v in theirs.items() if k.lower() not in ("genre", "tco", "tcon")}
    if "ID3v1 Comment" in theirs:  # what FFmpeg calls a comment that came from ID3v1
        theirs["comment"] = theirs.pop("ID3v1 Comment")
    return {"mutagen": seen, "pictures": pictures, "ffmpeg": theirs, "streams": streams}


@pytest.mark.parametrize("before", [None, ["Live"], ["Blues", "Pop"]])
@pytest.mark.parametrize("name", files.MAKERS)
def test_only_the_genres_change_and_it_can_be_undone_to_the_byte(name, before, tmp_path):
    suffix, make = files.MAKERS[name]
    path = tmp_path / f"song.{suffix}"
    make(path, before)
    original, sound, tags = path.read_bytes(), files.samples(path), other_tags(path)
    if name == "mp3, ID3v1 alone":
        assert read_genres(path) == (("Rock",) if before else ())
    elif name == "mp3, ID3v2.2":
        assert read_genres(path) == tuple(before[:1] if before else ())
    else:
        assert read_genres(path) == tuple(before or ())

    for wanted in (("Hip-Hop/Rap", "Reggae"), ("Électro",), ("Rock", "Pop", "7 inch")):
        write_genres(path, wanted)
        assert read_genres(path) == wanted
        assert np.array_equal(files.samples(path), sound)
        assert other_tags(path) == tags

    record = difference(original, path.read_bytes())
    assert b"".join(restored(path.read_bytes(), record)) == original
    assert len(record) < 3_000 + len(original) // 100


def test_an_id3_tag_stays_in_its_version(tmp_path):
    path = tmp_path / "song.mp3"
    for version in (3, 4):
        files.mp3(path, version, ["Live"])
        write_genres(path, ["Jazz", "Musique concrète"])
        assert path.read_bytes()[3] == version
    files.untagged_mp3(path, None)
    write_genres(path, ["Jazz"])
    assert path.read_bytes()[3] == 4


def test_of_an_id3v1_tag_only_the_number_of_the_genre_changes(tmp_path):
    path = tmp_path / "song.mp3"
    files.mp3_everything(path, ["Live"])
    before = path.read_bytes()
    write_genres(path, ["Jazz"])
    after = path.read_bytes()
    assert (before[-128:-1], before[-1]) == (after[-128:-1], 17)
    assert after[-1] == 8  # Jazz, among the numbers of ID3v1
    write_genres(path, ["Klezmer Punk"])
    assert path.read_bytes()[-1] == 255
    assert APEv2(path)["REPLAYGAIN_TRACK_GAIN"] == "-6.5 dB"


def test_a_tag_of_id3v1_alone_keeps_its_fields_for_those_who_read_the_new_one(tmp_path):
    path = tmp_path / "song.mp3"
    files.mp3_v1(path, ["Rock"])
    write_genres(path, ["Jazz"])
    tags = ID3(path, load_v1=False)
    assert (str(tags["TIT2"]), str(tags["TPE1"])) == ("An old title", "An artist")


def test_a_genre_that_stands_in_an_ape_tag_of_an_mp3_counts(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(files.bare_mp3())
    tags = APEv2()
    tags["Genre"] = ["Live", "Jazz"]
    tags.save(path)
    assert read_genres(path) == ("Live", "Jazz")


@pytest.mark.parametrize("name", ["mp3, ID3v2.3", "mp3, ID3v2.4", "flac", "m4a", "wavpack"])
@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("(17)", ["Rock"]),
        ("17", ["Rock"]),
        ("(17)(8)", ["Rock", "Jazz"]),
        ("(4)Fast", ["Disco", "Fast"]),
        ("(17)Rock", ["Rock"]),
        ("(RX)", ["Remix"]),
        ("((Live)", ["(Live)"]),
        ("(255)", ["Unknown"]),
        ("(Live)", ["(Live)"]),
        ("1999", ["1999"]),
        ("Jazz, Blues", ["Jazz, Blues"]),
    ],
)
def test_numbers_of_old_tags_are_read_as_names(text, genres, name, tmp_path):
    suffix, make = files.MAKERS[name]
    path = tmp_path / f"song.{suffix}"
    make(path, [text])
    assert read_genres(path) == tuple(genres)


def test_the_genre_among_the_texts_of_a_wav(tmp_path):
    """Read where there is no other; written where the WAV's title stands, and where both stand."""
    path = put(KINDS["WAV, a list of texts"], tmp_path)
    assert read_genres(path) == ("Baroque",)
    write_genres(path, ["Baroque", "Classical"])
    with av.open(str(path)) as container:
        assert container.metadata["genre"] == "Baroque; Classical"
        assert container.metadata["title"] == "Title"
    path = put(KINDS["WAV, both"], tmp_path)
    assert read_genres(path) == ("Live",)
    write_genres(path, ["Jazz", "Blues"])
    data = path.read_bytes()
    assert b"IGNR\x0c\0\0\0Jazz; Blues\0" in data
    assert b"TCON\0\0\0\x0b\0\0\0Jazz\0Blues" in data


def test_genres_by_number_in_an_mp4(tmp_path):
    path = put(KINDS["M4A, a genre by number"], tmp_path)
    assert read_genres(path) == ("Rock",)
    write_genres(path, ["Rock", "Jazz"])
    assert b"gnre" not in path.read_bytes()
    assert MP4(path)["\xa9gen"] == ["Rock", "Jazz"]


@pytest.mark.parametrize("size", [124, 125, 126, 127])
def test_no_genre_is_read_from_a_byte_that_an_id3v1_tag_does_not_have(size, tmp_path):
    path = put(KINDS[f"ID3v1 of {size} bytes"], tmp_path)
    assert read_genres(path) == ()


def test_an_apev2_tag_whose_magic_stands_where_id3v1_would_is_none(tmp_path):
    """``APETAGEX`` 131 bytes before the end has ``TAG`` 128 bytes before it."""
    path = put(KINDS["WavPack, no tag"], tmp_path)
    for length in range(1, 90):
        genre = "x" * length
        write_genres(path, [genre])
        assert read_genres(path) == (genre,)
        assert path.read_bytes()[-128:-125] != b"TAG"


@pytest.mark.parametrize("container", ["0 Hz", "a tag alone", "a tag cut short"])
def test_what_has_no_sound_is_a_sentence(container, tmp_path):
    path = tmp_path / "song.spx"
    if container == "0 Hz":
        path.write_bytes(speex().replace(struct.pack("<i", 16_000), bytes(4), 1))
    else:
        path = put(KINDS[container], tmp_path)
    for act in (read_genres, lambda path: write_genres(path, ["Jazz"])):
        with pytest.raises(TagError, match=r"no sound|cut short"):
            act(path)


def test_missing_and_damaged_files_are_sentences(tmp_path):
    with pytest.raises(TagError, match="no file with this name"):
        read_genres(tmp_path / "gone.mp3")
    with pytest.raises(TagError, match="no file with this name"):
        write_genres(tmp_path / "gone.mp3", ["Jazz"])
    for suffix in ("mp3", "flac", "ogg", "m4a", "aiff", "wav", "wv"):
        path = tmp_path / f"song.{suffix}"
        path.write_bytes(b"not a song " * 100)
        with pytest.raises(TagError) as caught:
            read_genres(path)
        assert "Error" not in str(caught.value)
        assert str(caught.value).endswith(".")


@pytest.mark.slow
@settings(max_examples=60)
@given(
    genres=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    name=st.sampled_from(sorted(set(files.MAKERS) - {"flac"})),
)
def test_any_text_comes_back_or_is_refused(genres, name, tmp_path_factory):
    suffix, make = files.MAKERS[name]
    path = tmp_path_factory.mktemp("any") / f"song.{suffix}"
    make(path, None)
    try:
        write_genres(path, genres)
    except TagError:
        assert any(g.startswith("(") or g in ("RX", "CR") or g.isdigit() for g in genres)
    else:
        assert read_genres(path) == tuple(genres)
