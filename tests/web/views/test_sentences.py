"""A prediction in words and tables."""

from dataclasses import replace

import pytest

from genregenie.web.views import sentences
from tests.web.views.results import moments, prediction


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (prediction(reggae=0.78, hiphop=0.15), "Reggae, 78 % sure; some hip-hop in it"),
        (prediction(reggae=0.93), "Reggae, 93 % sure"),
        (prediction("unsure", rock=0.4, country=0.3), "Not sure: between rock and country"),
        (prediction("unsure", jazz=0.5), "Not sure: perhaps jazz"),
        (prediction("not music"), "That does not sound like music"),
    ],
)
def test_verdicts_in_words(result, sentence):
    assert sentences.verdict_sentence(result) == sentence


def test_tables_hold_every_genre_best_first():
    table = sentences.confidence_table(prediction(reggae=0.78, hiphop=0.15))
    assert table.shape == (10, 2)
    assert table.iloc[0].tolist() == ["Reggae", 78.0]
    assert table.iloc[1].tolist() == ["Hip-hop", 15.0]


@pytest.mark.parametrize(
    ("genres", "told"),
    [
        (["jazz"], "Jazz throughout."),
        (["jazz", "jazz", "jazz"], "Jazz throughout."),
        (["jazz", "jazz", "metal"], "Jazz at first, metal from 0:09."),
        (["jazz", "pop"] * 4, "It keeps changing: jazz, pop."),
    ],
)
def test_the_timeline_in_words(genres, told):
    assert sentences.timeline_sentence(replace(prediction(), timeline=moments(*genres))) == told
