"""What a probability is worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.autotag.network import network
from genregenie.autotag.vocabulary import GROUPS, Autotag, autotags, level_of, names, shown

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
