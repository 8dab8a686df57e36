"""Scores of predicted confidences against true genres, in plain NumPy.

Every function takes ``confidences`` of shape (n, k) whose rows sum to 1, and ``truth`` of shape
(n,) with the index of the true genre.
"""

import numpy as np
from numpy.typing import NDArray

Confidences = NDArray[np.float64]
Labels = NDArray[np.intp]


def accuracy(confidences: Confidences, truth: Labels) -> float:
    """Share of clips whose most confident genre is the true one."""
    return float((confidences.argmax(axis=1) == truth).mean())


def top_k(confidences: Confidences, truth: Labels, k: int = 3) -> float:
    """Share of clips whose true genre is among the `k` most confident."""
    best = np.argsort(-confidences, axis=1, kind="stable")[:, :k]
    return float((best == truth[:, None]).any(axis=1).mean())


def log_loss(confidences: Confidences, truth: Labels) -> float:
    """Mean negative logarithm of the confidence in the true genre, in nats."""
    chosen = confidences[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


def expected_calibration_error(confidences: Confidences, truth: Labels, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their size.

    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    top = confidences.max(axis=1)
    hit = confidences.argmax(axis=1) == truth
    index = np.minimum((top * bins).astype(int), bins - 1)
    gaps = [
        abs(hit[index == b].mean() - top[index == b].mean()) * (index == b).mean()
        for b in range(bins)
        if (index == b).any()
    ]
    return float(sum(gaps))


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
