"""Cards, and the handlers behind them."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import gradio as gr
import pytest

from genregenie.inference.classifier import Classifier
from genregenie.recommend.acoustic import SimilarTrack
from genregenie.recommend.recommender import (
    OnSpotify,
    Recommendations,
    SoundsLike,
    SpotifyAnswer,
)
from genregenie.spotify.queries import SearchOptions
from genregenie.spotify.tracks import Track
from genregenie.web.ui.sections.recommendations import Listener, _opinion, _Section
from genregenie.web.views import recommendations
from tests.recommend.conftest import make_prediction
from tests.spotify import standin

NASTY = '"><script>alert(1)</script><img src=x onerror=alert(1)> ${1+1} {{value}}'
TRACK = Track(
    "6f807x0ima9a1j3VPbc7VN",
    NASTY,
    (NASTY,),
    NASTY,
    1999,
    61.4,
    explicit=True,
    artwork="https://i.scdn.co/image/abc",
)
NEIGHBOUR = SoundsLike(SimilarTrack(NASTY, NASTY, NASTY, 0.82), f"because you liked {NASTY}")
ANSWER = SpotifyAnswer("ok", NASTY, (OnSpotify(TRACK, "rock", NASTY),))
FOUND = Recommendations((NEIGHBOUR,), ANSWER)


def attributes(shown: str) -> list[tuple[str, str | None]]:
    """All attributes of all elements, as a browser reads them."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda _tag, attrs: found.extend(attrs)
    parser.feed(shown)
    return found


@pytest.fixture
def spotify_environment(spotify_data, monkeypatch):
    """An environment that points at a stand-in for Spotify."""
    with standin.Spotify(spotify_data) as spotify:
        for name, value in spotify.environment.items():
            monkeypatch.setenv(name, value)
        yield spotify


def every() -> str:
    return (
        recommendations.sounds_like(FOUND.neighbours, {})
        + recommendations.on_spotify(ANSWER, {})
        + recommendations.take_along(FOUND, can_save=True)
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
    assert "82 % alike" in recommendations.sounds_like(FOUND.neighbours, {})
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
        recommendations.take_along(Recommendations((), ANSWER), can_save=False).count("<button")
        == 0
    )
    empty = Recommendations((), SpotifyAnswer("offline", ""))
    assert recommendations.take_along(empty, can_save=True) == ""


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        ("", "", None),
        (None, None, None),
        ("1990", "", (1990, 2100)),
        ("", " 1999 ", (1900, 1999)),
        ("1990", "1999", (1990, 1999)),
    ],
)
def test_years(first, last, years):
    assert SearchOptions.from_form(first, last, "any").years == years


@pytest.mark.parametrize(("first", "last"), [("x", ""), ("2000", "1990"), ("-1", ""), ("3", "")])
def test_years_that_make_no_sense(first, last):
    with pytest.raises(ValueError, match=r"year|range"):
        SearchOptions.from_form(first, last, "any")


def test_only_what_is_shown_can_be_liked():
    shown = Listener(make_prediction(rock=1.0), FOUND)
    assert _opinion(shown, TRACK.id, liked=True).genre == "rock"
    assert _opinion(shown, NEIGHBOUR.track.key, liked=False).artist == NASTY
    assert _opinion(shown, "made up", liked=True) is None
    assert _opinion(Listener(), TRACK.id, liked=True) is None


def handlers(prediction, *wishes):
    section = _Section(None)
    wishes = wishes or ("", "", "any")
    return list(section.begin(Listener(), prediction, *wishes, gr.Request()))


def hear(gtzan):
    return Classifier.load().predict(gtzan / "audio/full/rock.00001.flac")


def test_nothing_heard_and_no_music_show_nothing():
    for prediction in (None, replace(make_prediction(rock=1.0), genre=None)):
        ((listener, *updates, message),) = handlers(prediction)
        assert listener.prediction is None
        assert message == ""
        assert not any(update["visible"] for update in updates)


def test_programs_get_the_object_of_the_command(gtzan, spotify_environment, tmp_path):
    ask = _Section(None).answer
    path = str(gtzan / "audio/full/rock.00001.flac")
    answer = ask(path, "1970", "1999", "well known", gr.Request())
    assert list(answer) == ["file", "genre", "neighbours", "spotify"]
    assert answer["file"] == "rock.00001.flac"
    assert answer["spotify"]["state"] == "ok"
    assert all(1970 <= track["year"] <= 1999 for track in answer["spotify"]["tracks"])
    assert "make no range" in ask(path, "2000", "1990", "any", gr.Request())["spotify"]["message"]
    bad = tmp_path / "clip.wav"
    bad.write_bytes(b"nothing of the kind")
    answer = ask(str(bad), "", "", "any", gr.Request())
    assert answer["genre"] is None
    assert "not audio" in answer["spotify"]["message"]


def test_neighbours_come_first_then_spotify(gtzan, spotify_environment):
    first, second = handlers(hear(gtzan))
    assert first[0] is second[0]
    assert "Asking Spotify" in first[3]["value"]
    assert first[1]["value"] == second[1]["value"].replace(
        "Open in Spotify", "Find on Spotify"
    ) or ("Sounds like this" in first[1]["value"])
    assert second[3]["value"].count('data-act="play"') == 10
    assert second[0].recommendations.spotify.state == "ok"


def test_what_was_overtaken_keeps_quiet(gtzan, spotify_environment):
    section, listener, wishes = _Section(None), Listener(), ("", "", "any")
    *_, last = section.begin(listener, hear(gtzan), *wishes, gr.Request())
    first, second = (n.track.key for n in listener.recommendations.neighbours[:2])

    def say(key):
        said = gr.EventData(None, {"index": key, "value": "", "liked": False})
        said.index, said.liked = key, False
        return section.hear(listener, *wishes, gr.Request(), said)

    waiting = say(first)
    next(waiting)
    *_, last = say(second)
    assert list(waiting) == []
    assert first not in last[1].get("value", "")
    assert {opinion.key for opinion in listener.said} == {first, second}
    assert not {first, second} & {n.track.key for n in listener.recommendations.neighbours}


def test_cards_are_not_laid_anew_where_nothing_changed(gtzan, spotify_environment):
    section, listener = _Section(None), Listener()
    list(section.begin(listener, hear(gtzan), "", "", "any", gr.Request()))
    *_, last = section.again(listener, "1990", "1999", "any", gr.Request())
    assert "value" not in last[1]


def test_impossible_years_are_a_sentence(gtzan, spotify_environment):
    clip = hear(gtzan)
    *_, last = handlers(clip, "2000", "1990", "any")
    assert "make no range" in last[3]["value"]
    *_, last = handlers(clip, "soon", "", "any")
    assert "is not a year" in html.unescape(last[3]["value"])


def test_without_keys_the_wishes_are_hidden(gtzan, monkeypatch):
    monkeypatch.delenv("SPOTIPY_CLIENT_ID", raising=False)
    *_, last = handlers(hear(gtzan))
    assert last[2]["visible"] is False
    assert "SPOTIPY_CLIENT_ID" in last[3]["value"]
