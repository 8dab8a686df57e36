"""Scores of tempi and keys, by the field's rules."""

import numpy as np
import pytest

from genregenie.evaluation.tempo_key import is_tempo, is_tempo_to_an_octave, key_scores
from genregenie.features.key import KEYS


def test_a_tempo_is_right_to_four_percent():
    bpm = np.array([120.0, 124.7, 115.3, 124.9, 115.1, 60.0])
    assert is_tempo(bpm, np.full(6, 120.0)).tolist() == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("bpm", "right"),
    [(120, True), (60, True), (240, True), (40, True), (360, True), (180, False), (80, False)],
)
def test_octaves_are_twice_and_three_times(bpm, right):
    for off in (0.97, 1.0, 1.03):
        found = is_tempo_to_an_octave(np.array([bpm * off]), np.array([120.0]))
        assert found.tolist() == [right]


@pytest.mark.parametrize(
    ("found", "truth", "score"),
    [
        ("C major", "C major", 1.0),
        ("A minor", "A minor", 1.0),
        ("G major", "C major", 0.5),
        ("E minor", "A minor", 0.5),
        ("F major", "C major", 0.0),
        ("A minor", "C major", 0.3),
        ("C major", "A minor", 0.3),
        ("C minor", "C major", 0.2),
        ("A major", "A minor", 0.2),
        ("Eb minor", "C major", 0.0),
        ("Eb major", "C major", 0.0),
        ("G minor", "C major", 0.0),
    ],
)
def test_keys_score_as_at_mirex(found, truth, score):
    for turn in range(12):
        places = [
            KEYS.index(name) // 12 * 12 + (KEYS.index(name) + turn) % 12 for name in (found, truth)
        ]
        assert key_scores(*np.array(places)[:, None]).tolist() == [score]
