"""Calmer, happier, older: what the words mean and what they refuse."""

import numpy as np
import pytest

from genregenie.autotag.qualities import (
    GAIN_WEIGHT,
    MIN_GAIN,
    QUALITIES,
    WORDS,
    Change,
    QualityError,
    words_of,
)
from genregenie.autotag.vocabulary import TAGS, names
from tests.recommend.conftest import UNHEARD, make_tags

QUIET = make_tags(Mellow=0.2, chill=0.1, chillout=0.2, ambient=0.2, easy_listening=0.2)
LOUD = make_tags(party=0.2, dance=0.6, punk=0.6, metal=0.6, hard_rock=0.6)
PLAIN = make_tags()


def test_every_tag_is_one_and_speaks_for_one_side():
    for quality in QUALITIES:
        assert set(quality.tags) | set(quality.opposite_tags) <= set(names())
        assert not set(quality.tags) & set(quality.opposite_tags)


@pytest.mark.parametrize("quality", QUALITIES, ids=lambda quality: quality.word)
def test_its_tags_make_a_sound_more_so_and_the_opposite_less(quality):
    strong = make_tags(**dict.fromkeys(quality.tags, 0.6))
    weak = make_tags(**dict.fromkeys(quality.opposite_tags, 0.6))
    change, back = Change.of([quality.word], PLAIN), Change.of([quality.opposite], PLAIN)
    assert change.gains(strong[None])[0] > 0.8
    assert np.isnan(change.gains(weak[None])[0])
    assert back.gains(weak[None])[0] > 0.8
    assert np.isnan(back.gains(strong[None])[0])


def test_what_is_hardly_calmer_is_not_calmer():
    change = Change.of(["calmer"], QUIET)
    assert np.isnan(change.gains(np.array([QUIET, LOUD, PLAIN]))).all()
    assert change.fit(np.ones(1), QUIET[None]).tolist() == [-np.inf]


def test_several_words_all_have_to_hold():
    old_and_calm = np.maximum(QUIET, make_tags(oldies=0.3, **{"60s": 0.3, "70s": 0.3}))
    change = Change.of(["calmer", "older"], PLAIN)
    gains = change.gains(np.array([old_and_calm, QUIET]))
    assert gains[0] > MIN_GAIN
    assert np.isnan(gains[1])


def test_being_alike_counts_and_being_calmer_adds_to_it():
    sounds = np.array([QUIET, QUIET, PLAIN, UNHEARD])
    change = Change.of(["calmer"], LOUD)
    fit = change.fit(np.array([0.5, 0.9, 0.9, 0.9]), sounds)
    assert fit[1] > fit[2] > fit[0]
    assert fit[0] == pytest.approx(0.5 + GAIN_WEIGHT * change.gains(sounds)[0])
    assert fit[3] == -np.inf


def test_words_as_people_write_them():
    assert words_of(["Calmer", " more-ACOUSTIC ", "calmer"]) == ("calmer", "more acoustic")
    assert len(WORDS) == len(set(WORDS)) == 2 * len(QUALITIES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["louder"], "'louder' is not among calmer, livelier, happier, sadder, older, newer, more"),
        (["older", "calmer", "newer"], "older and newer are opposites"),
        ([], "No word is given"),
        ([""], "'' is not among"),
    ],
)
def test_words_that_mean_nothing(words, said):
    with pytest.raises(QualityError, match=said):
        words_of(words)


def test_a_clip_that_was_not_heard_cannot_be_compared():
    with pytest.raises(QualityError, match="older is told by the network"):
        Change.of(["older"], np.full(TAGS, np.nan))
