"""Running an earlier system: under the protocol it was published with, and honestly.

The comparison itself is `genregenie.training.compare`'s; this module says what to compare and
puts the figures side by side.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.table import Table
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import (
    PROTOCOLS,
    RANDOM,
    STRATIFIED,
    TRACKS,
    VECTORS,
    Protocol,
    Split,
    decisive,
    fixed_split,
    holdout,
    splits,
)
from genregenie.lab.models import candidates_of, with_leak
from genregenie.lab.records import Headline
from genregenie.lab.systems import Shares, System
from genregenie.lab.tables import SOURCES, FeatureTable, ceiling, open_table, read_features
from genregenie.training.compare import Cut, Scores, compare

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """What one model scored under one protocol.

    Attributes
    ----------
    system, table, model : str
    protocol : Protocol
    shape : str
        ``5 folds`` or ``80-20``.
    accuracy, macro_f1, top3, fit_s : float
    accuracy_sd : float
        Between the splits.
    voted, averaged : float or None
        Accuracy on whole tracks whose segments were scored: the majority's genre, and the genre
        of the mean confidence. None for a table of whole tracks.
    precision, recall, f1, support : arrays, shape (k,)
    confusion : int array, shape (k, k)
        The true genre down.
    genres : tuple of k str
    """

    system: str
    table: str
    model: str
    protocol: Protocol
    shape: str
    accuracy: float
    accuracy_sd: float
    macro_f1: float
    top3: float
    fit_s: float
    voted: float | None
    averaged: float | None
    precision: Array
    recall: Array
    f1: Array
    support: NDArray[np.intp]
    confusion: NDArray[np.intp]
    genres: tuple[str, ...]


def cut_by(shares: Shares) -> Cut:
    """Splits as a paper made them: one part held out, another set aside."""

    def cut(table: Table, protocol: Protocol, folds: int, seed: int) -> Iterable[Split]:
        train, test = holdout(table, protocol, shares.test, seed)
        if shares.valid:
            share = shares.valid / (1.0 - shares.test)
            learnt, _ = holdout(table.take(train), protocol, share, seed)
            train = train[learnt]
        yield train, test

    return cut


def data(system: System, table: str | None = None) -> FeatureTable:
    """The table that a system is run on, prepared: its own, another by name, or a file.

    Raises
    ------
    DataError
        If it is not on this machine, or the system cannot work on it.
    """
    name = table or system.table
    if name not in SOURCES and Path(name).suffix:
        return system.prepare(read_features(Path(name)))
    return system.prepare(open_table(name))


def protocols_for(table: Table) -> list[Protocol]:
    """The protocols that mean something on a table."""
    fitting = [RANDOM, STRATIFIED]
    if len(np.unique(table.track)) < len(table):
        fitting.append(TRACKS)
    if fixed := fixed_split(table):
        fitting.append(fixed)
    if (table.artist != "").any():
        fitting.append(decisive(table))
    if table.rows.dtype != object and ceiling(table)[1] < len(table):
        fitting.append(VECTORS)
    return fitting


def protocol_for(system: System, table: Table, kind: str | None = None) -> Protocol:
    """A protocol by its name, or the most honest one for the table.

    Raises
    ------
    DataError
        If there is none of that name, or the table does not say what it would keep apart.
    """
    fitting = protocols_for(table)
    if kind is None:
        return system.honest if system.honest in fitting else fitting[-1]
    return protocol_of(table, kind)


def protocol_of(table: Table, kind: str) -> Protocol:
    """A protocol by its name, if it means something on a table.

    Raises
    ------
    DataError
        If there is none of that name, or the table does not say what it would keep apart.
    """
    if kind not in PROTOCOLS:
        raise DataError(f"There is no protocol {kind}. There are {', '.join(PROTOCOLS)}.")
    fitting = protocols_for(table)
    for protocol in fitting:
        if protocol.kind == kind:
            return protocol
    names = ", ".join(p.kind for p in fitting)
    raise DataError(
        f"This table does not say what '{kind}' would keep apart. It can be split by: {names}."
    )


def as_published(
    system: System,
    table: FeatureTable,
    jobs: int = -1,
    say: Say | None = None,
    models: Sequence[str] | None = None,
) -> list[Row]:
    """A system under the protocol it was published with, whatever that leaks."""
    return _run(
        system,
        with_leak(system, table),
        system.protocol,
        honest=False,
        cut=cut_by(system.shares),
        shape=str(system.shares),
        jobs=jobs,
        say=say,
        models=models,
    )


def under(
    system: System,
    table: FeatureTable,
    protocol: Protocol,
    jobs: int = -1,
    say: Say | None = None,
    models: Sequence[str] | None = None,
) -> list[Row]:
    """A system under a protocol, in folds or with a part held out, its preparation inside."""
    shape = f"{system.folds} folds" if system.folds else str(system.shares)
    return _run(
        system,
        table,
        protocol,
        honest=True,
        cut=splits if system.folds else cut_by(system.shares),
        shape="fixed" if protocol.is_one_split else shape,
        jobs=jobs,
        say=say,
        models=models,
    )


def headlines(system: System, rows: Sequence[Row]) -> list[Headline]:
    """A line for each model of `rows`, in their order."""
    lines = []
    for model in dict.fromkeys(row.model for row in rows if row.system == system.key):
        own = [row for row in rows if row.system == system.key and row.model == model]
        repeated = next((r for r in own if _is_published(system, r)), None)
        honest = next((r for r in own if r.protocol == system.honest), None)
        lines.append(
            Headline(
                system.key,
                model,
                system.published.get(model),
                repeated.accuracy if repeated else None,
                honest.accuracy if honest else None,
                honest.macro_f1 if honest else None,
            )
        )
    return lines


def _is_published(system: System, row: Row) -> bool:
    return row.protocol == system.protocol and row.shape == str(system.shares)


def _run(
    system: System,
    table: FeatureTable,
    protocol: Protocol,
    *,
    honest: bool,
    cut: Cut,
    shape: str,
    jobs: int,
    say: Say | None,
    models: Sequence[str] | None,
) -> list[Row]:
    scored = compare(
        candidates_of(system, table, honest=honest, names=models),
        table,
        [protocol],
        folds=system.folds or 1,
        seeds=system.seeds,
        jobs=jobs,
        done=None if say is None else lambda line: say(f"{system.key}: {line}"),
        cut=cut,
    )
    return [row_of(system, table, scores, shape, system.table) for scores in scored]


def row_of(system: System, table: Table, scores: Scores, shape: str, name: str) -> Row:
    """Scores as a line about a system's model; `name` is that of the table."""
    y = table.labels
    known = [~np.isnan(c[:, 0]) for c in scores.confidences]
    each = [
        metrics.precision_recall_f1(c[k], y[k])
        for c, k in zip(scores.confidences, known, strict=True)
    ]
    precision, recall, f1 = np.mean(each, axis=0)
    voted, averaged = track_accuracies(table, scores.confidences)
    return Row(
        system=system.key,
        table=name,
        model=scores.candidate,
        protocol=scores.protocol,
        shape=shape,
        accuracy=scores.accuracy,
        accuracy_sd=scores.accuracy_sd,
        macro_f1=scores.f1,
        top3=scores.top3,
        fit_s=scores.fit_s,
        voted=voted,
        averaged=averaged,
        precision=precision,
        recall=recall,
        f1=f1,
        support=scores.confusion.sum(axis=1) // max(len(known), 1),
        confusion=scores.confusion,
        genres=table.genres,
    )


def track_accuracies(table: Table, confidences: Array) -> tuple[float | None, float | None]:
    """Accuracy on tracks by majority vote over their scored segments, and by mean confidence.

    Parameters
    ----------
    table : Table of n segments
    confidences : array, shape (seeds, n, k)
        NaN where a segment was not scored.

    Returns
    -------
    (voted, averaged), both None if every track is one row. A tie goes to the more confident.
    """
    tracks, track = np.unique(table.track, return_inverse=True)
    if len(tracks) == len(table):
        return None, None
    y = table.labels
    truth = np.zeros(len(tracks), dtype=np.intp)
    truth[track] = y
    voted, averaged = [], []
    for held_out in confidences:
        known = np.flatnonzero(~np.isnan(held_out[:, 0]))
        total = np.zeros((len(tracks), held_out.shape[1]))
        np.add.at(total, track[known], held_out[known])
        votes = np.zeros_like(total)
        np.add.at(votes, (track[known], held_out[known].argmax(axis=1)), 1.0)
        scored = np.unique(track[known])
        mean = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-12)
        voted.append(((votes + 1e-3 * mean)[scored].argmax(axis=1) == truth[scored]).mean())
        averaged.append((mean[scored].argmax(axis=1) == truth[scored]).mean())
    return float(np.mean(voted)), float(np.mean(averaged))
