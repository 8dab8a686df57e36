"""Scores of predicted confidences against true genres, in plain NumPy.

Every function takes ``confidences`` of shape (n, k) whose rows sum to 1, and ``truth`` of shape
(n,) with the index of the true genre.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import ranking

Confidences = NDArray[np.float64]
Labels = NDArray[np.intp]


def accuracy(confidences: Confidences, truth: Labels) -> float:
    """Share of clips whose most confident genre is the true one."""
    return float((confidences.argmax(axis=1) == truth).mean())


def top_k(confidences: Confidences, truth: Labels, k: int = 3) -> float:
    """Share of clips whose true genre is among the `k` most confident."""
    best = ranking(confidences)[:, :k]
    return float((best == truth[:, None]).any(axis=1).mean())


def log_loss(confidences: Confidences, truth: Labels) -> float:
    """Mean negative logarithm of the confidence in the true genre, in nats."""
    chosen = confidences[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


@dataclass(frozen=True)
class ReliabilityBin:
    """The answers whose confidence lies from `low` to `high`.

    Attributes
    ----------
    low, high : float
    count : int > 0
    confidence, accuracy : float
        Their means over the bin.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(confidences: Confidences, truth: Labels, bins: int = 10) -> list[ReliabilityBin]:
    """Confidence against accuracy in equal-width bins of confidence; empty bins are left out."""
    top = confidences.max(axis=1)
    hit = confidences.argmax(axis=1) == truth
    index = np.minimum((top * bins).astype(int), bins - 1)
    return [
        ReliabilityBin(
            b / bins, (b + 1) / bins, int(inside.sum()), top[inside].mean(), hit[inside].mean()
        )
        for b in range(bins)
        if (inside := index == b).any()
    ]


def expected_calibration_error(confidences: Confidences, truth: Labels, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their size.

    References
    ----------
    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    gaps = [b.count * abs(b.accuracy - b.confidence) for b in reliability(confidences, truth, bins)]
    return float(sum(gaps) / len(truth))


def confusion(confidences: Confidences, truth: Labels) -> NDArray[np.intp]:
    """Counts with the true genre down and the predicted genre across, shape (k, k)."""
    k = confidences.shape[1]
    counts = np.zeros((k, k), dtype=np.intp)
    np.add.at(counts, (truth, confidences.argmax(axis=1)), 1)
    return counts


def precision_recall_f1(
    confidences: Confidences, truth: Labels
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision, recall and F1 of each genre, shape (k,) each; 0 where nothing was predicted."""
    counts = confusion(confidences, truth).astype(np.float64)
    hits = counts.diagonal()
    precision = hits / np.maximum(counts.sum(axis=0), 1)
    recall = hits / np.maximum(counts.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return precision, recall, f1


def macro_f1(confidences: Confidences, truth: Labels) -> float:
    """Mean F1 over the genres that occur in `truth`."""
    f1 = precision_recall_f1(confidences, truth)[2]
    return float(f1[np.unique(truth)].mean())
