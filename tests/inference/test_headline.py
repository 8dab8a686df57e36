"""Verdicts in words that agree with the numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.common.genres import GENRES, display_name
from genregenie.inference.headline import Headline, percent, tempo_and_key
from genregenie.inference.prediction import Prediction
from tests.web.views.results import prediction


@pytest.mark.parametrize(
    ("result", "title", "line", "genres"),
    [
        (prediction(jazz=0.88, blues=0.11), "Jazz", "88 % sure. Some blues in it.", ["jazz"]),
        (prediction(hiphop=0.93), "Hip-hop", "93 % sure.", ["hiphop"]),
        (prediction(jazz=0.999), "Jazz", "More than 99 % sure.", ["jazz"]),
        (
            prediction("unsure", country=0.61, pop=0.25),
            "Probably country",
            "61 % sure; pop comes next with 25 %.",
            ["country"],
        ),
        (prediction("unsure", jazz=0.55), "Probably jazz", "55 % sure.", ["jazz"]),
        (
            prediction("unsure", jazz=0.58, classical=0.38),
            "Between jazz and classical",
            "58 % and 38 %.",
            ["jazz", "classical"],
        ),
        (
            prediction("unsure", disco=0.38, reggae=0.21),
            "Hard to place",
            "Most like disco (38 %), then reggae (21 %).",
            ["disco", "reggae"],
        ),
        (
            prediction("not music"),
            "Not music, as far as I can hear",
            "Speech, noise and single tones are left without a genre.",
            [],
        ),
        (
            replace(prediction("not music"), quality="narrow"),
            "Not music, as far as I can hear",
            "It is very thin sound: a better recording may help.",
            [],
        ),
        (
            replace(prediction("not music"), analysed_s=0.2),
            "Silence",
            "There is next to no sound in it.",
            [],
        ),
        (
            replace(prediction("unsure", disco=0.7), beyond=("electronic", "House")),
            "None of the genres it knows",
            "Sounds like electronic, House. Of those it knows, nearest to disco.",
            ["disco"],
        ),
    ],
)
def test_what_is_said(result, title, line, genres):
    headline = Headline.of(result)
    assert (headline.title, headline.line, list(headline.genres)) == (title, line, genres)


def test_both_in_one_line():
    unsure = prediction("unsure", disco=0.38, reggae=0.21)
    told = "Hard to place: most like disco (38 %), then reggae (21 %)."
    assert Headline.of(unsure).sentence == told


@given(
    st.lists(st.floats(0.0, 1.0), min_size=10, max_size=10).filter(lambda shares: sum(shares) > 0),
    st.sampled_from(["confident", "unsure"]),
)
def test_whatever_the_confidences_the_words_name_the_best_and_are_never_certain(shares, verdict):
    confidences = dict(zip(GENRES, (share / sum(shares) for share in shares), strict=True))
    best = max(confidences, key=lambda genre: confidences[genre])
    result = replace(prediction(verdict), genre=best, confidences=confidences)
    headline = Headline.of(result)
    assert headline.genres[0] == best
    assert display_name(best).lower() in headline.sentence.lower()
    assert " 100 %" not in headline.line
    assert len(headline.genres) == 1 + headline.title.startswith(("Between", "Hard"))


def test_a_model_of_one_genre_has_words_too():
    alone = replace(prediction("unsure", rock=1.0), confidences={"rock": 1.0})
    assert Headline.of(alone).sentence == "Probably rock: more than 99 % sure."


def test_nobody_is_certain():
    assert [percent(share) for share in (0, 0.004, 0.01, 0.5, 0.99, 0.9901, 1)] == [
        "less than 1 %",
        "less than 1 %",
        "1 %",
        "50 %",
        "99 %",
        "more than 99 %",
        "more than 99 %",
    ]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, ()),
        ({"tempo_bpm": 117.6, "tempo_confidence": 0.97}, ("about 118 BPM",)),
        ({"tempo_bpm": 117.6, "tempo_confidence": 0.2}, ()),
        ({"key": "Bb major", "key_confidence": 0.9}, ("Bb major",)),
        ({"key": "Bb major", "key_confidence": 0.3}, ()),
        (
            {"tempo_bpm": 90, "tempo_confidence": 1.0, "key": "A minor", "key_confidence": 1.0},
            ("about 90 BPM", "A minor"),
        ),
    ],
)
def test_tempo_and_key_are_named_where_they_are_sure(told, words):
    assert tempo_and_key(replace(prediction(jazz=0.9), **told)) == words


@pytest.mark.parametrize(
    ("result", "short"),
    [
        (prediction(jazz=0.88, blues=0.11), "Jazz, 88 % sure"),
        (prediction(jazz=0.999), "Jazz, more than 99 % sure"),
        (prediction("unsure", country=0.61, pop=0.25), "Probably country, 61 % sure"),
        (
            prediction("unsure", jazz=0.58, classical=0.38),
            "Between jazz and classical, 58 % and 38 %",
        ),
        (
            prediction("unsure", disco=0.38, reggae=0.21),
            "Hard to place, most like disco (38 %), then reggae (21 %)",
        ),
    ],
)
def test_in_short_it_is_a_clause_without_what_comes_second(result: Prediction, short: str) -> None:
    assert Headline.of(result).short == short
