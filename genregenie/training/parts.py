"""Models of what is known of a sound beside timbre, and how all are blended.

Each part, movement in time and the network's autotags, is learnt from the clips of which it is
known and compared as timbre is, artists apart. What the parts said of held-out clips sets their
weights, one set for each combination; figures are for artists that neither the parts nor the
weights had seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.table import Table
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import Protocol, fold_count, splits
from genregenie.features.tangent import ROW_WIDTH
from genregenie.model.blend import pooled
from genregenie.model.metadata import Hearing, Part
from genregenie.training import compare
from genregenie.training.calibration import confident_threshold
from genregenie.training.candidates import Candidate
from genregenie.training.estimators import KernelLogisticRegression, Tempered
from genregenie.training.transformers import GaussianTangent

PARTS: Final[tuple[Part, ...]] = ("timbre", "temporal", "autotags")
SHIPPED: Final[tuple[tuple[Part, ...], ...]] = (
    ("timbre", "temporal", "autotags"),
    ("timbre", "autotags"),
    ("timbre", "temporal"),
    ("timbre",),
)
"""The combinations that a clip can come with; timbre is always known."""

_FLOOR: Final = 1e-6  # no part may rule a genre out


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


@dataclass(frozen=True)
class Parts:
    """What was learnt of the parts beside timbre.

    Attributes
    ----------
    heads : dict of Part to Pipeline
        Fitted to all clips of which the part is known.
    winners : dict of Part to str
        Which candidate each is.
    scores : dict of Part to list of Scores
        Of all candidates of each.
    table : list of PartScores
        What each part adds.
    held_out : dict of tuple of Part to array, shape (seeds, n, k)
        Confidences of each combination, cross-fitted under the protocol that decides; NaN in rows
        of clips that lack a part.
    """

    heads: dict[Part, Pipeline]
    winners: dict[Part, str]
    scores: dict[Part, list[compare.Scores]]
    table: list[PartScores]
    held_out: dict[tuple[Part, ...], Array]

    @property
    def hearings(self) -> tuple[Hearing, ...]:
        """Those that a model is shipped with, from the one of most parts down."""
        by_name = {s.parts: s.hearing for s in reversed(self.table)}  # the first decides
        names = ("+".join(parts) for parts in SHIPPED if set(parts) <= {"timbre", *self.heads})
        return tuple(by_name[name] for name in names if name in by_name)

    @property
    def best(self) -> Array | None:
        """What the combination of most parts said of held-out clips; None without parts."""
        return self.held_out[self.hearings[0].parts] if self.heads else None


def candidates() -> tuple[Candidate, ...]:
    """Fresh, unfitted candidates for a part."""

    def scaled(classifier: Any) -> Pipeline:
        return Pipeline([("scale", StandardScaler()), ("classify", classifier)])

    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)
    return (
        Candidate(
            "lda",
            scaled(Tempered(lda, temperature=3.0)),
            {"classify__temperature": [2, 3, 4], "classify__estimator__shrinkage": [0.3, 0.6]},
        ),
        Candidate(
            "logistic_regression",
            scaled(LogisticRegression(max_iter=2_000)),
            {"classify__C": [0.01, 0.03, 0.1]},
        ),
        Candidate(
            "kernel_logistic_regression",
            scaled(KernelLogisticRegression(gamma=0.01)),
            {"classify__gamma": [0.003, 0.01, 0.03], "classify__C": [3, 10, 30]},
        ),
    )


def joined() -> Candidate:
    """One model of all parts side by side, to compare with."""
    temporal = ROW_WIDTH + 64
    blocks = ColumnTransformer(
        [
            ("timbre", GaussianTangent(), slice(0, ROW_WIDTH)),
            ("temporal", StandardScaler(), slice(ROW_WIDTH, temporal)),
            ("autotags", StandardScaler(), slice(temporal, None)),
        ]
    )
    lda = Tempered(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3), temperature=3.0)
    return Candidate(
        "joined_lda",
        Pipeline([("blocks", blocks), ("scale", StandardScaler()), ("classify", lda)]),
        {"classify__temperature": [3, 5, 8], "classify__estimator__shrinkage": [0.3, 0.6]},
    )


def known(table: Table, part: Part) -> NDArray[np.bool_]:
    """Of which clips a part is known, shape (n,)."""
    values = {"timbre": table.rows, "temporal": table.temporal, "autotags": table.autotags}[part]
    if values is None:
        return np.zeros(len(table), dtype=np.bool_)
    return np.asarray(~np.isnan(values).any(axis=1))


def of_part(table: Table, part: Part) -> Table:
    """The clips of which a part is known, with its numbers for rows."""
    values = {"temporal": table.temporal, "autotags": table.autotags}[part]
    if values is None:
        raise DataError(f"Nothing is known of the {part} of these clips.")
    return replace(table, rows=values).take(known(table, part))


def learn(
    table: Table,
    timbre: Sequence[compare.Scores],
    temperature: float,
    *,
    folds: int,
    seeds: int,
    jobs: int,
    say: Callable[[str], None],
) -> Parts:
    """Compare, fit and weigh what there is beside timbre.

    Parameters
    ----------
    table : Table
    timbre : sequence of Scores
        Of the winner of timbre, one for each protocol; the first decides.
    temperature : float > 0
        What its confidences are tempered by alone.
    folds, seeds, jobs, say
        As for `genregenie.training.train.train`.

    Returns
    -------
    Parts
        Without heads where nothing else is known of enough clips.
    """
    protocols = [s.protocol for s in timbre]
    held_out: dict[str, dict[Part, Array]] = {
        s.protocol.kind: {"timbre": _logs(s.confidences)} for s in timbre
    }
    learnt = Parts({}, {}, {}, [], {})
    for part in PARTS[1:]:
        some = known(table, part)
        if not _enough(table, some):
            continue
        clips = of_part(table, part)
        scores = compare.compare(
            candidates(),
            clips,
            protocols,
            folds=fold_count(clips, folds),
            seeds=seeds,
            jobs=jobs,
            done=partial(_say_of, say, part),
        )
        winner, reason = compare.choose([s for s in scores if s.protocol is protocols[0]])
        say(f"{part}: {winner}, {reason}.")
        chosen = next(c for c in candidates() if c.name == winner)
        pipeline = compare.search(chosen, clips, protocols[0])
        learnt.heads[part] = compare.fit(chosen, clips, pipeline)
        learnt.winners[part] = winner
        learnt.scores[part] = scores
        for s in scores:
            if s.candidate == winner:
                spread = np.full((len(s.confidences), len(table), len(table.genres)), np.nan)
                spread[:, some] = s.confidences
                held_out[s.protocol.kind][part] = _logs(spread)
    if learnt.heads:
        for protocol in protocols:
            logs = held_out[protocol.kind]
            weighed, confidences = _weigh(table, logs, protocol, folds, temperature)
            learnt.table.extend(weighed)
            if protocol is protocols[0]:
                learnt.held_out.update(confidences)
        if len(learnt.heads) == len(PARTS) - 1:
            learnt.table.append(_side_by_side(table, protocols[0], folds, seeds, jobs))
    return learnt


def _say_of(say: Callable[[str], None], part: Part, line: str) -> None:
    say(f"{part}: {line}")


def _logs(confidences: Array) -> Array:
    return np.asarray(np.log(np.maximum(confidences, _FLOOR)))


def _enough(table: Table, some: NDArray[np.bool_]) -> bool:
    """Whether clips of every genre are among `some`, of more than one artist."""
    if set(table.genre[some].tolist()) != set(table.genres):
        return False
    try:
        fold_count(table.take(some), 2)
    except DataError:
        return False
    return True


def _weigh(
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
        figures = _figures(table, stacked, cuts, everything, np.ones(everything.sum()))
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

    def fitted(index: Any) -> Hearing:
        inside = index[some[index]]
        these = {part: values[:, inside] for part, values in logs.items()}
        weights = fit_weights(these, y[inside])
        confidences = _pool(weights, these)
        return _unscored(weights, confident_threshold(confidences, y[inside]))

    shape = next(iter(logs.values())).shape
    honest = np.full(shape, np.nan)
    thresholds = np.full(len(y), np.nan)
    for train, test in cuts:
        hearing = fitted(train)
        inside = test[some[test]]
        honest[:, inside] = pooled(hearing, {p: values[:, inside] for p, values in logs.items()})
        thresholds[inside] = hearing.confident
    final = fitted(np.arange(len(y)))
    weights = alone or final.weights
    confidences = _pool(weights, {part: values[:, some] for part, values in logs.items()})
    figures = _figures(table, honest, cuts, scored, thresholds[scored])
    figures["confident"] = confident_threshold(confidences, y[some])
    return Hearing(weights, **figures), honest


def _unscored(weights: dict[Part, float], confident: float) -> Hearing:
    nothing = float("nan")
    return Hearing(weights, confident, 0, *[nothing] * 8)


def _pool(weights: dict[Part, float], logs: Mapping[Part, Array]) -> Array:
    return pooled(_unscored(weights, 1.0), logs)


def fit_weights(logs: Mapping[Part, Array], labels: NDArray[np.intp]) -> dict[Part, float]:
    """The weights, none below 0, under which the blend's log loss is least.

    Parameters
    ----------
    logs : mapping of Part to array, shape (seeds, n, k)
        Logarithms of held-out confidences.
    labels : int array, shape (n,)
    """

    def loss(values: Array) -> float:
        confidences = _pool(dict(zip(logs, values.tolist(), strict=True)), logs)
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


def _figures(
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


def _side_by_side(
    table: Table, protocol: Protocol, folds: int, seeds: int, jobs: int
) -> PartScores:
    """One model of all numbers side by side, scored on the clips that have them all."""
    everything = np.all([known(table, part) for part in PARTS], axis=0)
    numbers = np.hstack([v for v in (table.rows, table.temporal, table.autotags) if v is not None])
    clips = replace(table, rows=numbers).take(everything)
    (scores,) = compare.compare(
        [joined()], clips, [protocol], folds=fold_count(clips, folds), seeds=seeds, jobs=jobs
    )
    figures = _figures(
        clips,
        scores.confidences,
        list(splits(clips, protocol, folds, seed=0)),
        np.ones(len(clips), dtype=np.bool_),
        np.ones(len(clips)),
    )
    weights = dict.fromkeys(PARTS, float("nan"))
    return PartScores(f"{'+'.join(PARTS)}, side by side", protocol, Hearing(weights, **figures))
