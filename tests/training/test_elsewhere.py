"""Where confident answers are wrong on other music, confidence is asked for later."""

from dataclasses import replace

import numpy as np
import pytest

from genregenie.datasets.artists import Tags
from genregenie.datasets.outside import Outside
from genregenie.datasets.sounds import Sound
from genregenie.evaluation.protocols import GROUPED
from genregenie.features.mfcc import COEFFICIENTS
from genregenie.features.statistics import Statistics
from genregenie.features.tangent import row_covariances, row_means
from genregenie.inference.classifier import Classifier
from genregenie.training import compare, elsewhere, parts
from genregenie.training.train import select
from tests.training.tables import make_table
from tests.training.test_parts import richer


def outside_of(table, genre) -> Outside:
    """The table's clips as sounds from elsewhere, called `genre`."""
    found = []
    for i in range(len(table)):
        mean, covariance = row_means(table.rows)[i], row_covariances(table.rows)[i]
        outer = 299 * covariance + 300 * np.outer(mean, mean)
        statistics = Statistics(300, 300 * mean, outer.reshape(COEFFICIENTS, COEFFICIENTS))
        sound = Sound(statistics, table.temporal[i], table.autotags[i], np.zeros(200), Tags())
        found.append(sound)
    music = np.ones(len(table), dtype=bool)
    licence = np.full(len(table), "CC0")
    return Outside(table.track, genre, table.artist, licence, music, tuple(found))


@pytest.fixture(scope="module")
def learnt():
    table = richer(make_table(spread=6.0))
    (lda,) = select(["lda"])
    timbre = compare.compare([lda], table, [GROUPED], folds=3, seeds=1, jobs=1)
    found = parts.learn(table, timbre, 1.0, folds=3, seeds=1, jobs=1, say=lambda line: None)
    metadata = replace(
        Classifier.load().model.metadata, genres=table.genres, hearings=found.hearings
    )
    return table, metadata, compare.fit(lda, table), found


def test_answers_that_hold_elsewhere_change_little(learnt):
    table, metadata, timbre, found = learnt
    after = elsewhere.sure(metadata, timbre, found, outside_of(table, table.genre), table.labels)
    before, now = metadata.hearings[0], after.hearings[0]
    assert before.confident <= now.confident <= before.confident + 0.1


def test_music_of_no_known_genre_raises_the_threshold(learnt):
    table, metadata, timbre, found = learnt
    genre = table.genre.copy()
    genre[::2] = ""
    after = elsewhere.sure(metadata, timbre, found, outside_of(table, genre), table.labels)
    for before, now in zip(metadata.hearings, after.hearings, strict=True):
        assert now.confident >= before.confident
        assert now.weights == before.weights
        assert now.accuracy == before.accuracy
    raised = [
        n.confident > b.confident for b, n in zip(metadata.hearings, after.hearings, strict=True)
    ]
    assert any(raised)
    timbre_alone = after.hearings[-1]
    assert after.thresholds.confident == timbre_alone.confident
    assert after.held_out.confident_share == timbre_alone.confident_share
