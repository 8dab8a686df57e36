"""A prediction in words and tables."""

from dataclasses import replace

import pytest

from genregenie.autotag.vocabulary import Autotag
from genregenie.web.views import sentences
from tests.web.views.results import moments, prediction


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


def heard(*names: str, level: float = 0.99) -> tuple[Autotag, ...]:
    return tuple(Autotag(name, "style", 0.3, level, heard=True) for name in names)


def test_what_else_is_heard_is_not_what_the_verdict_says():
    jazz = replace(prediction(jazz=0.9, blues=0.1), verdict="confident")
    told = sentences.heard_sentence(replace(jazz, autotags=heard("jazz", "soul", "60s")))
    assert told == "Also heard: soul, 60s."
    assert sentences.heard_sentence(replace(jazz, autotags=heard("jazz"))) == ""
    assert sentences.heard_sentence(jazz) == ""
    quiet = tuple(replace(tag, heard=False) for tag in heard("soul"))
    assert sentences.heard_sentence(replace(jazz, autotags=quiet)) == ""
    house = replace(jazz, verdict="unsure", beyond=("electronic", "House"))
    house = replace(house, autotags=heard("House", "electronic", "party"))
    assert sentences.heard_sentence(house) == "Also heard: party."
