"""What a probability is worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.autotag.network import network
from genregenie.autotag.vocabulary import (
    FINER,
    GROUPS,
    TAGS,
    Autotag,
    autotags,
    characters,
    finer_style,
    level_of,
    names,
    probabilities_of,
    shown,
)

NAMES = names()


def test_the_names_are_the_networks():
    assert network().names == NAMES


def test_every_tag_has_one_group():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(NAMES)


@given(st.lists(st.floats(0, 1), min_size=50, max_size=50))
def test_levels_rise_with_probabilities(values):
    probabilities = np.array(values)
    levels = level_of(probabilities)
    assert ((levels >= 0) & (levels <= 1)).all()
    more = level_of(np.minimum(probabilities + 0.05, 1.0))
    assert (more >= levels).all()


def test_tags_come_with_the_highest_level_first():
    probabilities = np.full(50, 0.001)
    probabilities[NAMES.index("House")] = 0.3
    probabilities[NAMES.index("sad")] = 0.09
    tags = autotags(probabilities)
    assert len(tags) == 50
    assert [tag.level for tag in tags] == sorted((tag.level for tag in tags), reverse=True)
    best = {tag.name: tag for tag in tags[:2]}
    assert best["House"].heard
    assert best["House"].group == "style"
    assert best["sad"].level > 0.95
    assert not best["sad"].heard, "rare as it is, it is not likely"
    assert all(Autotag.from_dict(tag.to_dict()) == tag for tag in tags)


def test_rock_is_no_news_where_it_is_always_likely():
    tags = {tag.name: tag for tag in autotags(np.full(50, 0.15))}
    assert not tags["rock"].heard
    assert tags["rock"].level < tags["House"].level


@pytest.mark.parametrize(("name", "text"), [("rnb", "R&B"), ("House", "House"), ("80s", "80s")])
def test_how_a_tag_is_written(name, text):
    assert shown(name) == text


def probable(**tags: float) -> np.ndarray:
    probabilities = np.full(TAGS, 1e-4)
    for name, probability in tags.items():
        probabilities[NAMES.index(name.replace("_", " "))] = probability
    return probabilities


def test_many_sounds_have_the_levels_that_each_has():
    rows = np.random.default_rng(0).uniform(0, 0.3, size=(4, TAGS))
    rows[2] = np.nan
    levels = level_of(rows)
    for row, alone in zip(rows, levels, strict=True):
        assert level_of(row) == pytest.approx(alone, nan_ok=True)
    assert np.isnan(levels[2]).all()


def test_probabilities_come_back_from_tags():
    probabilities = np.random.default_rng(0).uniform(size=TAGS)
    assert probabilities_of(autotags(probabilities)).tolist() == probabilities.tolist()
    assert np.isnan(probabilities_of(())).all()


def test_a_finer_style_is_a_kind_of_the_genre():
    assert set().union(*FINER.values()) <= set(GROUPS["style"])
    tags = autotags(probable(indie_rock=0.3, classic_rock=0.6, Progressive_rock=0.5, rnb=0.3))
    assert finer_style(tags, "rock") == "classic rock"
    assert finer_style(tags, "Pop") == "rnb"
    assert finer_style(tags, "classical") is None, "an orchestra is no progressive rock"
    assert finer_style(autotags(probable(indie_rock=0.05)), "rock") is None, "not clearly heard"


def test_moods_and_styles_that_stand_out():
    calm = probable(Mellow=0.15, sad=0.05, rock=0.6, indie_rock=0.3, female_vocalists=0.6)
    unheard = np.full(TAGS, np.nan)
    found = characters(np.array([calm, calm, unheard]), ["rock", "jazz", "rock"])
    assert [set(names) for names in found] == [
        {"Mellow", "sad", "indie rock"},
        {"Mellow", "sad"},
        set(),
    ]
    assert characters(np.empty((0, TAGS)), []) == []
