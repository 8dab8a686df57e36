"""Smaller questions: what more data would bring, which features count, what evens out genres."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import clone

from genregenie.common.arrays import Array
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import RANDOM, VECTORS, Index, Protocol, holdout
from genregenie.lab import models
from genregenie.lab.records import TREATMENTS, Balanced, CurvePoint, Importance
from genregenie.lab.systems import System
from genregenie.lab.tables import FeatureTable
from genregenie.training.candidates import Candidate
from genregenie.training.compare import confidences_of, quiet

CURVE_SHARES: Final = (0.1, 0.2, 0.4, 0.7, 1.0)
_TEST_SHARE: Final = 0.2
_REPEATS: Final = 3

FEATURE_GROUPS: Final[Mapping[str, Callable[[str], bool]]] = {
    "text": lambda c: c == "text",
    "loudness": lambda c: c.startswith("rms") or c == "mfcc0_mean",
    "brightness": lambda c: c.startswith(("spectral", "rolloff", "zero_crossing")),
    "chroma": lambda c: c.startswith("chroma"),
    "harmony and percussion": lambda c: c.startswith(("harmony", "perceptr")),
    "tempo": lambda c: c == "tempo",
    "MFCC means": lambda c: c.startswith("mfcc") and c.endswith("_mean"),
    "MFCC variances": lambda c: c.startswith("mfcc") and c.endswith("_var"),
    "MFCC covariances": lambda c: c.startswith("cov_"),
}


def groups(columns: Sequence[str]) -> dict[str, list[int]]:
    """Columns that belong together, by the name of their group; each other one by itself."""
    found: dict[str, list[int]] = {}
    for i, column in enumerate(columns):
        if column == "frames":
            continue
        name = next((g for g, belongs in FEATURE_GROUPS.items() if belongs(column)), column)
        found.setdefault(name, []).append(i)
    return found


def learning_curve(
    system: System,
    table: FeatureTable,
    model: str,
    jobs: int = -1,
    protocols: Sequence[Protocol] | None = None,
) -> list[CurvePoint]:
    """Accuracy against training rows, under the system's published and its honest protocol."""
    (candidate,) = models.candidates_of(system, table, honest=True, names=[model])
    tasks = []
    for protocol in protocols or (system.protocol, system.honest):
        train, test = holdout(table, protocol, _TEST_SHARE, seed=0)
        train = np.random.default_rng(0).permutation(train)
        tasks += [
            (protocol, train[: max(int(share * len(train)), 40)], test) for share in CURVE_SHARES
        ]
    return Parallel(n_jobs=jobs)(
        delayed(_curve_point)(system.key, candidate, table, protocol, train, test)
        for protocol, train, test in tasks
    )


def _curve_point(
    system: str,
    candidate: Candidate,
    table: FeatureTable,
    protocol: Protocol,
    train: Index,
    test: Index,
) -> CurvePoint:
    model = _fitted(candidate, table, train)

    def accuracy(index: Index) -> float:
        return metrics.accuracy(_confidences(model, table, index), table.labels[index])

    return CurvePoint(
        system, candidate.name, protocol.kind, len(train), accuracy(train[:4_000]), accuracy(test)
    )


def _fitted(candidate: Candidate, table: FeatureTable, train: Index) -> Any:
    """The candidate's pipeline fitted to some rows; its classes are numbers of the table's."""
    with quiet():
        return clone(candidate.pipeline).fit(table.rows[train], table.labels[train])


def _confidences(model: Any, table: FeatureTable, index: Index) -> Array:
    return confidences_of(model, table.rows[index], len(table.genres))


def importance(system: System, table: FeatureTable, model: str) -> list[Importance]:
    """Permutation importance of each group of features, on rows held out honestly.

    Breiman, "Random forests", Machine Learning 2001; a group's columns are shuffled together.
    """
    (candidate,) = models.candidates_of(system, table, honest=True, names=[model])
    train, test = holdout(table, system.honest, _TEST_SHARE, seed=0)
    fitted = _fitted(candidate, table, train)
    truth, rows = table.labels[test], table.rows[test]
    rng = np.random.default_rng(0)

    def accuracy(values: NDArray[Any]) -> float:
        return metrics.accuracy(confidences_of(fitted, values, len(table.genres)), truth)

    whole = accuracy(rows)
    found = []
    for group, index in groups(table.columns).items():
        drops = []
        for _ in range(_REPEATS):
            shuffled = rows.copy()
            shuffled[:, index] = rows[rng.permutation(len(rows))][:, index]
            drops.append(whole - accuracy(shuffled))
        lost = float(np.mean(drops)), float(np.std(drops))
        found.append(Importance(system.key, model, group, len(index), *lost))
    return sorted(found, key=lambda i: -i.drop)


def imbalance(
    table: FeatureTable, names: Sequence[str] = ("forest", "boosting"), jobs: int = -1
) -> list[Balanced]:
    """Every treatment of uneven genres, compared once, on one split of the feature vectors."""
    rarest = int(np.bincount(table.labels).argmin())
    tasks: list[tuple[str, Candidate, FeatureTable, Protocol]] = []
    for treatment in TREATMENTS:
        outside = treatment == "smote_outside"
        sampler = treatment if treatment in models.SAMPLERS else ""
        candidates = models.system_c(sampler=sampler, weighted=treatment == "weights")
        data = models.smote_outside(table) if outside else table
        protocol = RANDOM if outside else VECTORS
        tasks += [(treatment, c, data, protocol) for c in candidates if c.name in names]
    return Parallel(n_jobs=jobs)(delayed(_balanced)(*task, rarest) for task in tasks)


def _balanced(
    treatment: str, candidate: Candidate, table: FeatureTable, protocol: Protocol, rarest: int
) -> Balanced:
    train, test = holdout(table, protocol, _TEST_SHARE, seed=0)
    confidences = _confidences(_fitted(candidate, table, train), table, test)
    truth = table.labels[test]
    return Balanced(
        treatment,
        candidate.name,
        protocol.kind,
        metrics.accuracy(confidences, truth),
        metrics.macro_f1(confidences, truth),
        float(metrics.precision_recall_f1(confidences, truth)[1][rarest]),
    )
