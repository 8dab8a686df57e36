"""Models of what is known of a sound beside timbre.

Each part, movement in time and the network's autotags, is learnt from the clips of which it is
known and compared as timbre is, artists apart; `genregenie.training.weighing` blends them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.table import Table
from genregenie.evaluation.protocols import Protocol, fold_count, splits
from genregenie.features.tangent import ROW_WIDTH
from genregenie.model.metadata import Hearing, Part
from genregenie.training import compare
from genregenie.training.candidates import Candidate
from genregenie.training.estimators import KernelLogisticRegression, Tempered
from genregenie.training.transformers import GaussianTangent
from genregenie.training.weighing import PARTS, PartScores, figures_of, weigh

SHIPPED: Final[tuple[tuple[Part, ...], ...]] = (
    ("timbre", "temporal", "autotags"),
    ("timbre", "autotags"),
    ("timbre", "temporal"),
    ("timbre",),
)
"""The combinations that a clip can come with; timbre is always known."""

_FLOOR: Final = 1e-6  # no part may rule a genre out


@dataclass(frozen=True)
class Parts:
    """What was learnt of the parts beside timbre.

    Attributes
    ----------
    heads : dict of Part to Pipeline
        Fitted to all clips of which the part is known.
    scores : dict of Part to list of Scores
        Of all candidates of each.
    table : list of PartScores
        What each part adds.
    held_out : dict of tuple of Part to array, shape (seeds, n, k)
        Confidences of each combination, cross-fitted under the protocol that decides; NaN in rows
        of clips that lack a part.
    """

    heads: dict[Part, Pipeline]
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
    learnt = Parts({}, {}, [], {})
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
        learnt.scores[part] = scores
        for s in scores:
            if s.candidate == winner:
                spread = np.full((len(s.confidences), len(table), len(table.genres)), np.nan)
                spread[:, some] = s.confidences
                held_out[s.protocol.kind][part] = _logs(spread)
    if learnt.heads:
        for protocol in protocols:
            logs = held_out[protocol.kind]
            weighed, confidences = weigh(table, logs, protocol, folds, temperature)
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
    figures = figures_of(
        clips,
        scores.confidences,
        list(splits(clips, protocol, folds, seed=0)),
        np.ones(len(clips), dtype=np.bool_),
        np.ones(len(clips)),
    )
    weights = dict.fromkeys(PARTS, float("nan"))
    return PartScores(f"{'+'.join(PARTS)}, side by side", protocol, Hearing(weights, **figures))
