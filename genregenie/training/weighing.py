"""How the parts of a sound are blended: weights, thresholds, and how good each combination is.

What the parts said of held-out clips sets their weights, one set for each combination; figures are
for artists that neither the parts nor the weights had seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from genregenie.common.arrays import Array
from genregenie.datasets.table import Table
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import Protocol, splits
from genregenie.model.blend import pooled
from genregenie.model.metadata import Hearing, Part
from genregenie.training import compare
from genregenie.training.calibration import confident_threshold

PARTS: Final[tuple[Part, ...]] = ("timbre", "temporal", "autotags")


@dataclass(frozen=True)
class PartScores:
    """How good a combination of parts, or another way to join them, is.

    Attributes
    ----------
    parts : str
        Joined by ``+``, with the way where it is not blending.
    protocol : Protocol
    hearing : Hearing
        Its weights are those of all clips, its figures cross-fitted.
    """

    parts: str
    protocol: Protocol
    hearing: Hearing


def weigh(
    table: Table,
    logs: Mapping[Part, Array],
    protocol: Protocol,
    folds: int,
    temperature: float,
) -> tuple[list[PartScores], dict[tuple[Part, ...], Array]]:
    """Every combination of parts, weighed and scored, and all of them stacked.

    Also what each combination says of held-out clips.
    """
    parts = tuple(part for part in PARTS if part in logs)
    everything = np.all([~np.isnan(logs[part]).any(axis=(0, 2)) for part in parts], axis=0)
    cuts = list(splits(table, protocol, folds, seed=0))
    found: list[PartScores] = []
    confidences: dict[tuple[Part, ...], Array] = {}
    for count in range(1, len(parts) + 1):
        for chosen in combinations(parts, count):
            these = {part: logs[part] for part in chosen}
            alone: dict[Part, float] | None = (
                {"timbre": 1 / temperature} if chosen == ("timbre",) else None
            )
            hearing, confidences[chosen] = _hearing(table, these, cuts, everything, alone)
            found.append(PartScores("+".join(chosen), protocol, hearing))
    if len(parts) > 1:
        stacked = _stacked(table, [logs[part] for part in parts], cuts, everything)
        figures = figures_of(table, stacked, cuts, everything, np.ones(everything.sum()))
        weights = dict.fromkeys(parts, float("nan"))
        found.append(
            PartScores(f"{'+'.join(parts)}, stacked", protocol, Hearing(weights, **figures))
        )
    return found, confidences


def _hearing(
    table: Table,
    logs: Mapping[Part, Array],
    cuts: Sequence[tuple[Any, Any]],
    scored: NDArray[np.bool_],
    alone: dict[Part, float] | None,
) -> tuple[Hearing, Array]:
    y = table.labels
    some = np.all([~np.isnan(values).any(axis=(0, 2)) for values in logs.values()], axis=0)

    def at(index: Any) -> tuple[Any, dict[Part, Array]]:
        inside = index[some[index]]
        return inside, {part: values[:, inside] for part, values in logs.items()}

    honest = np.full(next(iter(logs.values())).shape, np.nan)
    thresholds = np.full(len(y), np.nan)
    for train, test in cuts:
        inside, these = at(train)
        weights = fit_weights(these, y[inside])
        thresholds[test] = confident_threshold(pooled(weights, these), y[inside])
        inside, these = at(test)
        honest[:, inside] = pooled(weights, these)
    inside, these = at(np.arange(len(y)))
    weights = alone or fit_weights(these, y[inside])
    confident = confident_threshold(pooled(weights, these), y[inside])
    figures = figures_of(table, honest, cuts, scored, thresholds[scored])
    return Hearing(weights, **figures | {"confident": confident}), honest


def fit_weights(logs: Mapping[Part, Array], labels: NDArray[np.intp]) -> dict[Part, float]:
    """The weights, none below 0, under which the blend's log loss is least.

    Parameters
    ----------
    logs : mapping of Part to array, shape (seeds, n, k)
        Logarithms of held-out confidences.
    labels : int array, shape (n,)
    """

    def loss(values: Array) -> float:
        confidences = pooled(dict(zip(logs, values.tolist(), strict=True)), logs)
        return float(np.mean([metrics.log_loss(c, labels) for c in confidences]))

    start = np.full(len(logs), 1 / len(logs))
    best = minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, 3.0)] * len(logs))
    return dict(zip(logs, best.x.tolist(), strict=True))


def _stacked(
    table: Table,
    logs: Sequence[Array],
    cuts: Sequence[tuple[Any, Any]],
    some: NDArray[np.bool_],
) -> Array:
    """Held-out confidences of a logistic regression on what all parts say."""
    y = table.labels
    values = np.concatenate(logs, axis=2)
    honest = np.full(logs[0].shape, np.nan)
    for train, test in cuts:
        learn, judge = train[some[train]], test[some[test]]
        model = LogisticRegression(C=0.01, max_iter=2_000)
        model.fit(np.concatenate(values[:, learn]), np.tile(y[learn], len(values)))
        for seed, these in enumerate(values):
            honest[seed, judge] = compare.confidences_of(model, these[judge], logs[0].shape[2])
    return honest


def figures_of(
    table: Table,
    honest: Array,
    cuts: Sequence[tuple[Any, Any]],
    scored: NDArray[np.bool_],
    thresholds: Array,
) -> dict[str, Any]:
    """Scores of held-out confidences, shape (seeds, n, k), on some clips."""
    y = table.labels
    these, truth = honest[:, scored], y[scored]
    hits = these.argmax(axis=2) == truth
    sure = these.max(axis=2) >= thresholds
    by_fold = [
        metrics.accuracy(c[inside], y[inside])
        for _, test in cuts
        if len(inside := test[scored[test]])
        for c in honest
    ]

    def mean(score: Callable[..., float]) -> float:
        return float(np.mean([score(c, truth) for c in these]))

    return {
        "confident": 1.0,
        "clips": int(scored.sum()),
        "accuracy": mean(metrics.accuracy),
        "accuracy_sd": float(np.std(by_fold)),
        "macro_f1": mean(metrics.macro_f1),
        "top3": mean(metrics.top_k),
        "log_loss": mean(metrics.log_loss),
        "ece": mean(metrics.expected_calibration_error),
        "confident_accuracy": float(hits[sure].mean()) if sure.any() else float("nan"),
        "confident_share": float(sure.mean()),
    }
