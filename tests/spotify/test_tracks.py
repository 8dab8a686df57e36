"""Spotify's answers, read with suspicion."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.spotify.tracks import Track, is_track_id, read_page

GOOD = {
    "id": "6f807x0ima9a1j3VPbc7VN",
    "name": "Song",
    "type": "track",
    "artists": [{"name": "One"}, {"name": "Two"}],
    "album": {
        "name": "Album",
        "release_date": "1999-05",
        "images": [
            {"url": "https://i.scdn.co/image/big", "width": 640},
            {"url": "https://i.scdn.co/image/mid", "width": 300},
            {"url": "https://i.scdn.co/image/low", "width": 64},
        ],
    },
    "duration_ms": 123_456,
    "explicit": True,
    "is_playable": True,
}


def read(**changes):
    item = {**GOOD, **changes}
    return read_page({"tracks": {"items": [item]}})


def test_everything_is_read():
    assert read() == (
        Track(
            id="6f807x0ima9a1j3VPbc7VN",
            title="Song",
            artists=("One", "Two"),
            album="Album",
            year=1999,
            duration_s=123.456,
            explicit=True,
            artwork="https://i.scdn.co/image/mid",
        ),
    )
    (track,) = read(popularity=42)
    assert track.popularity == 42
    assert track.url == "https://open.spotify.com/track/6f807x0ima9a1j3VPbc7VN"
    assert track.player_url == "https://open.spotify.com/embed/track/6f807x0ima9a1j3VPbc7VN"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "short"},
        {"id": "6f807x0ima9a1j3VPbc7V/"},
        {"id": "6f807x0ima9a1j3VPbc7VN\n"},
        {"name": None},
        {"name": " \n"},
        {"artists": []},
        {"artists": None},
        {"artists": [None, {"name": 3}]},
        {"is_playable": False},
        {"is_local": True},
        {"type": "episode"},
    ],
)
def test_what_cannot_be_used_is_dropped(changes):
    assert read(**changes) == ()


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"album": None}, "album", None),
        ({"album": {"release_date": "soon"}}, "year", None),
        ({"album": {"release_date": "0000"}}, "year", None),
        ({"duration_ms": "long"}, "duration_s", None),
        ({"duration_ms": math.nan}, "duration_s", None),
        ({"explicit": "yes"}, "explicit", False),
        ({"popularity": True}, "popularity", None),
        ({"album": {"images": [{"url": "http://i.scdn.co/x"}]}}, "artwork", None),
        ({"album": {"images": [{"url": "https://i.scdn.co.evil.org/x"}]}}, "artwork", None),
        ({"album": {"images": [{"url": "javascript:alert(1)"}]}}, "artwork", None),
        ({"album": {"images": [{"url": "https://["}]}}, "artwork", None),
    ],
)
def test_what_is_odd_is_left_open(changes, field, value):
    (track,) = read(**changes)
    assert getattr(track, field) == value


@pytest.mark.parametrize("answer", [None, [], {}, {"tracks": None}, {"tracks": {"items": None}}])
def test_no_answer_at_all(answer):
    with pytest.raises(ValueError, match="not an answer"):
        read_page(answer)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab:/\n1", max_size=8),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.sampled_from([*GOOD, "url", "width", "name", "images"]), children)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([*GOOD, "popularity", "is_local"]), json_values))
def test_nonsense_never_raises(changes):
    for track in read(**changes):
        assert is_track_id(track.id)
        assert track.title
        assert track.artist


def test_the_same_song():
    (track,) = read(name="Song - Remastered 2011")
    assert track.is_song("two", "SONG")
    assert not track.is_song("three", "Song")
    assert not track.is_song("one", "Another song")
