"""Recommendations as cards."""

import html
import re
from html.parser import HTMLParser

import pytest

from genregenie.recommend.recommender import Recommendations, SpotifyAnswer
from genregenie.web.views import recommendations
from tests.web.views.found import ANSWER, FOUND, NASTY, TRACK


def attributes(shown: str) -> list[tuple[str, str | None]]:
    """All attributes of all elements, as a browser reads them."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda _tag, attrs: found.extend(attrs)
    parser.feed(shown)
    return found


def every() -> str:
    return (
        recommendations.sounds_like(FOUND.neighbours, {})
        + recommendations.on_spotify(ANSWER, {})
        + recommendations.exports(FOUND, can_save=True)
        + recommendations.not_saved(NASTY, connect=True)
        + recommendations.saved("https://open.spotify.com/playlist/x")
    )


def test_text_from_outside_is_escaped():
    shown = every()
    assert "<script" not in shown
    assert "<img src=x" not in shown
    assert not [name for name, _ in attributes(shown) if name.startswith("on")]
    assert html.unescape(shown).count("<script>") >= 5


def test_nothing_loads_from_spotify_by_itself():
    shown = every()
    assert not [value for name, value in attributes(shown) if name in ("src", "srcset")]
    assert "<iframe" not in shown
    assert 'data-cover="https://i.scdn.co/image/abc"' in shown


def test_a_spotify_card_shows_what_spotify_wants_shown():
    shown = recommendations.on_spotify(ANSWER, {})
    assert "rec-logo" in shown
    assert f'href="{TRACK.url}"' in shown
    assert 'title="Explicit"' in shown
    assert "1:01" in shown
    assert "1999" in shown
    assert "More rock on Spotify" in shown


def test_the_two_kinds_are_never_in_one_section():
    assert "rec-logo" not in recommendations.sounds_like(FOUND.neighbours, {})
    shown = recommendations.sounds_like(FOUND.neighbours, {})
    assert "very close" in shown
    assert 'title="82 % alike"' in shown
    assert "alike" not in recommendations.on_spotify(ANSWER, {}).replace("sounds like", "")


@pytest.mark.parametrize(("liked", "pressed"), [(True, "Like"), (False, "Not for me")])
def test_what_was_said_is_pressed(liked, pressed):
    shown = recommendations.on_spotify(ANSWER, {TRACK.id: liked})
    (button,) = re.findall(r'aria-pressed="true"[^>]*>([^<]+)<', shown)
    assert button == pressed


def test_a_message_without_tracks():
    shown = recommendations.on_spotify(SpotifyAnswer("no keys", "Spotify is not set up here."), {})
    assert "Spotify is not set up here." in shown
    assert "Show covers" not in shown
    assert (
        recommendations.exports(Recommendations((), ANSWER), can_save=False).count("<button") == 0
    )
    empty = Recommendations((), SpotifyAnswer("offline", ""))
    assert recommendations.exports(empty, can_save=True) == ""
