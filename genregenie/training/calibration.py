"""What held-out predictions teach about confidence: temperature and thresholds.

Nothing here ever sees a prediction for a clip whose artist the predicting model knew.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from genregenie.autotag.vocabulary import TAGS
from genregenie.common.arrays import Array
from genregenie.datasets.table import Table
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import GROUPED, splits
from genregenie.model.catalogue import Catalogue, novelty
from genregenie.model.metadata import HeldOut, Thresholds
from genregenie.model.scorers import tempered
from genregenie.training.likeness import fit_axes
from genregenie.training.transformers import GaussianTangent

CONFIDENT_ACCURACY: Final = 0.80
"""Accuracy wanted among the answers that count as confident."""

MUSIC_KEPT: Final = 0.99
"""Share of real music that must pass the novelty test."""

NOVELTY_NEIGHBOURS: Final = 5
NOVELTY_PRIOR_FRAMES: Final = 15.0


@dataclass(frozen=True)
class Calibration:
    """A temperature, thresholds, and how well they do on artists they were not set on.

    Attributes
    ----------
    temperature : float > 0
    thresholds : Thresholds
    held_out : HeldOut
    reliability : list of ReliabilityBin
        Confidence against accuracy, cross-fitted, all seeds together.
    """

    temperature: float
    thresholds: Thresholds
    held_out: HeldOut
    reliability: list[metrics.ReliabilityBin]


def calibrate(table: Table, held_out: Array, novelties: Array, folds: int) -> Calibration:
    """Set temperature and thresholds.

    Parameters
    ----------
    table : Table of n clips
    held_out : array, shape (seeds, n, k)
        Confidences for each clip from models that did not know its artist.
    novelties : array, shape (n,)
        From `held_out_novelties`.
    folds : int
        For the cross-fitted figures.
    """
    y = table.labels
    logs = np.log(np.maximum(held_out, 1e-12))

    honest = np.empty_like(held_out)
    confident = np.empty(held_out.shape[:2], dtype=bool)
    for train, test in splits(table, GROUPED, folds, seed=0):
        temperature = fit_temperature(logs[:, train], y[train])
        honest[:, test] = tempered(logs[:, test], temperature)
        threshold = confident_threshold(tempered(logs[:, train], temperature), y[train])
        confident[:, test] = honest[:, test].max(axis=2) >= threshold
    hits = honest.argmax(axis=2) == y

    temperature = fit_temperature(logs, y)
    beyond = float(np.quantile(novelties, MUSIC_KEPT))
    return Calibration(
        temperature=temperature,
        thresholds=Thresholds(
            confident=confident_threshold(tempered(logs, temperature), y),
            novelty=beyond,
            novelty_neighbours=NOVELTY_NEIGHBOURS,
        ),
        held_out=HeldOut(
            ece=float(np.mean([metrics.expected_calibration_error(c, y) for c in honest])),
            confident_accuracy=float(hits[confident].mean()) if confident.any() else float("nan"),
            confident_share=float(confident.mean()),
            music_turned_away=float((novelties > beyond).mean()),
        ),
        reliability=metrics.reliability(np.concatenate(list(honest)), np.tile(y, len(honest))),
    )


def fit_temperature(logs: Array, labels: NDArray[np.intp]) -> float:
    """The temperature that minimises log loss; `logs` has shape (seeds, n, k)."""

    def loss(log_temperature: float) -> float:
        confidences = tempered(logs, float(np.exp(log_temperature)))
        return float(np.mean([metrics.log_loss(c, labels) for c in confidences]))

    best = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return float(np.exp(best.x))


def confident_threshold(confidences: Array, labels: NDArray[np.intp]) -> float:
    """The lowest confidence from which answers are right often enough, in (0, 1].

    `confidences` has shape (seeds, n, k). 1 if no threshold reaches `CONFIDENT_ACCURACY`.
    """
    top = confidences.max(axis=2).ravel()
    hit = (confidences.argmax(axis=2) == labels).ravel()
    order = np.argsort(-top, kind="stable")
    accuracy = np.cumsum(hit[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(accuracy >= CONFIDENT_ACCURACY)
    return float(top[order[enough[-1]]]) if len(enough) else 1.0


def catalogue(table: Table) -> Catalogue:
    """The table's tracks as references, in a space that shows novelty, with what tells likeness."""
    tangent = GaussianTangent(prior_frames=NOVELTY_PRIOR_FRAMES).fit(table.rows)
    vectors = tangent.transform(table.rows)
    autotags = np.full((len(table), TAGS), np.nan) if table.autotags is None else table.autotags
    axes = fit_axes(vectors - vectors.mean(axis=0), autotags, table.genre)
    names = table.artist, table.title, table.genre
    return Catalogue(*names, vectors, tangent.space(), autotags, axes)


def held_out_novelties(table: Table, folds: int) -> Array:
    """How unlike its references each clip is when its artist is not among them.

    Parameters
    ----------
    table : Table of n clips
    folds : int

    Returns
    -------
    float64 array, shape (n,)
    """
    novelties = np.empty(len(table))
    for train, test in splits(table, GROUPED, folds, seed=0):
        references = catalogue(table.take(train))
        distances = references.distances(references.space.vectors(table.rows[test]))
        novelties[test] = novelty(distances, NOVELTY_NEIGHBOURS)
    return novelties
