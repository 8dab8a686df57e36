"""Names that mean the same."""

import pytest

from genregenie.common.names import artist_key, clean, song_key
from genregenie.spotify.tracks import search_url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Beatles", "beatles"),
        ("Beyoncé", "Beyonce"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("AC/DC", "ac dc"),
    ],
)
def test_same_artist(one, other):
    assert artist_key(one) == artist_key(other) != ""


def test_other_artist():
    assert artist_key("Queen") != artist_key("Queens")
    assert artist_key("The The") == "the"
    assert artist_key("") == ""


@pytest.mark.parametrize(
    "title",
    [
        "Jamming (Live)",
        "JAMMING",
        "Jamming - Remastered 2001",
        "Jamming [feat. X]",
        "Jamming - 2011 Mix",
    ],
)
def test_same_song(title):
    assert song_key(title) == song_key("Jamming")


def test_other_song():
    assert song_key("Jamming - Part Two") != song_key("Jamming")
    assert song_key("(Untitled)") != ""


def test_clean_text_is_one_visible_line():
    assert clean(" a\n b\u202e\x00c ") == "a b c"
    assert clean(None) == clean(7) == ""
    assert len(clean("x" * 999)) == 300


def test_search_address():
    assert search_url("a b", "c/d") == "https://open.spotify.com/search/a%20b%20c%2Fd"
