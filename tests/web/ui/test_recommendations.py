"""The handlers behind the cards."""

import html
from dataclasses import replace

import gradio as gr
import pytest

from genregenie.inference.classifier import Classifier
from genregenie.recommend.recommender import Recommender
from genregenie.spotify.queries import SearchOptions
from genregenie.web.ui.sections.opinions import opinion_on
from genregenie.web.ui.sections.recommendations import Handlers, Listener
from tests.recommend.conftest import make_prediction
from tests.spotify import standin
from tests.web.views.found import FOUND, NASTY, NEIGHBOUR, TRACK


@pytest.fixture
def spotify_environment(spotify_data, monkeypatch):
    """An environment that points at a stand-in for Spotify."""
    with standin.Spotify(spotify_data) as spotify:
        for name, value in spotify.environment.items():
            monkeypatch.setenv(name, value)
        yield spotify


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
    assert opinion_on(FOUND, TRACK.id, liked=True).genre == "rock"
    assert opinion_on(FOUND, NEIGHBOUR.track.key, liked=False).artist == NASTY
    assert opinion_on(FOUND, "made up", liked=True) is None
    assert opinion_on(Listener().recommendations, TRACK.id, liked=True) is None


def handlers(prediction, *options):
    section = Handlers(None)
    options = options or ("", "", "any")
    return list(section.begin(Listener(), prediction, *options, gr.Request()))


def hear(gtzan):
    return Classifier.load().predict(gtzan / "audio/full/rock.00001.flac")


def test_nothing_heard_and_no_music_show_nothing():
    for prediction in (None, replace(make_prediction(rock=1.0), genre=None)):
        ((listener, *updates, message),) = handlers(prediction)
        assert listener.prediction is None
        assert message == ""
        assert not any(update["visible"] for update in updates)


def test_programs_get_the_object_of_the_command(gtzan, spotify_environment, tmp_path):
    ask = Handlers(None).answer
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
    ) or ("Sounds like" in first[1]["value"])
    assert second[3]["value"].count('data-act="play"') == 10
    assert second[0].recommendations.spotify.state == "ok"


def test_what_was_overtaken_keeps_quiet(gtzan, spotify_environment):
    section, listener, options = Handlers(None), Listener(), ("", "", "any")
    *_, last = section.begin(listener, hear(gtzan), *options, gr.Request())
    first, second = (n.track.key for n in listener.recommendations.neighbours[:2])

    def say(key):
        said = gr.EventData(None, {"index": key, "value": "", "liked": False})
        said.index, said.liked = key, False
        return section.rate(listener, *options, gr.Request(), said)

    waiting = say(first)
    next(waiting)
    *_, last = say(second)
    assert list(waiting) == []
    assert first not in last[1].get("value", "")
    assert {opinion.key for opinion in listener.said} == {first, second}
    assert not {first, second} & {n.track.key for n in listener.recommendations.neighbours}


def test_cards_that_were_made_before_a_word_was_said_are_not_shown_after_it(
    gtzan, spotify_environment, monkeypatch
):
    section, listener, options = Handlers(None), Listener(), ("", "", "any")
    prediction = hear(gtzan)
    list(section.begin(listener, prediction, *options, gr.Request()))
    key = listener.recommendations.neighbours[0].track.key
    said = gr.EventData(None, {"index": key, "value": "", "liked": False})
    said.index, said.liked = key, False
    looked = Recommender.neighbours

    def slowly(recommender, *args):
        found = looked(recommender, *args)
        monkeypatch.setattr(Recommender, "neighbours", looked)
        list(section.rate(listener, *options, gr.Request(), said))
        return found

    monkeypatch.setattr(Recommender, "neighbours", slowly)
    (only,) = section.again(listener, "1990", "1999", "any", gr.Request())
    assert all("value" not in update for update in only[1:])
    assert key not in {n.track.key for n in listener.recommendations.neighbours}


def test_cards_are_not_laid_anew_where_nothing_changed(gtzan, spotify_environment):
    section, listener = Handlers(None), Listener()
    list(section.begin(listener, hear(gtzan), "", "", "any", gr.Request()))
    *_, last = section.again(listener, "1990", "1999", "any", gr.Request())
    assert "value" not in last[1]


def test_impossible_years_are_a_sentence(gtzan, spotify_environment):
    clip = hear(gtzan)
    *_, last = handlers(clip, "2000", "1990", "any")
    assert "make no range" in last[3]["value"]
    *_, last = handlers(clip, "soon", "", "any")
    assert "is not a year" in html.unescape(last[3]["value"])


def test_without_keys_the_options_are_hidden(gtzan, monkeypatch):
    monkeypatch.delenv("SPOTIPY_CLIENT_ID", raising=False)
    *_, last = handlers(hear(gtzan))
    assert last[2]["visible"] is False
    assert "SPOTIPY_CLIENT_ID" in last[3]["value"]
