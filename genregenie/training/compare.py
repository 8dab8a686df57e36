"""Comparing candidates by nested cross-validation, and choosing the winner."""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.table import Table
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import (
    GROUPED,
    Index,
    Protocol,
    Split,
    fold_count,
    splits,
)
from genregenie.training.candidates import Candidate
from genregenie.training.noise import in_noise

INNER_FOLDS: Final = 3
_WEIGHTS: Final = "classify__sample_weight"

Done = Callable[[str], None]
Cut = Callable[[Table, Protocol, int, int], Iterable[Split]]
"""Table, protocol, folds and seed to splits, as `genregenie.evaluation.protocols.splits`."""


@dataclass(frozen=True)
class Scores:
    """What one candidate scored under one protocol.

    Attributes
    ----------
    accuracy, accuracy_sd : float
        Mean and standard deviation over the folds of all seeds.
    precision, recall, f1 : float
        Macro means over the genres.
    top3, log_loss, ece : float
        Mean over seeds of the score on all held-out clips; ECE before any recalibration.
    fit_s, predict_ms : float
        Mean seconds for one fit with given hyper-parameters; milliseconds for one clip.
    per_genre_f1 : float array, shape (k,)
    confusion : int array, shape (k, k)
        Summed over seeds, the true genre down.
    confidences : float array, shape (seeds, n, k)
        Held-out confidences; rows of clips that the protocol does not score are NaN.
    """

    candidate: str
    protocol: Protocol
    accuracy: float
    accuracy_sd: float
    precision: float
    recall: float
    f1: float
    top3: float
    log_loss: float
    ece: float
    fit_s: float
    predict_ms: float
    per_genre_f1: NDArray[np.float64]
    confusion: NDArray[np.intp]
    confidences: NDArray[np.float64]


def fit(
    candidate: Candidate,
    table: Table,
    pipeline: Pipeline | None = None,
    noisy: Array | None = None,
) -> Pipeline:
    """Fit a candidate's pipeline, or the one given, to the clips of a table.

    `noisy` are their rows with noise, where it learns those and they are known already.
    """
    model = clone(candidate.pipeline if pipeline is None else pipeline)
    rows, labels, weights = learnt(candidate, table, noisy)
    with quiet():
        model.fit(rows, labels, **({_WEIGHTS: weights} if candidate.weighted else {}))
    return model


def learnt(
    candidate: Candidate, table: Table, noisy: Array | None = None
) -> tuple[Array, NDArray[np.intp], NDArray[np.float64]]:
    """Rows, labels and weights of what a candidate learns from: clips, then clips in noise."""
    if not candidate.in_noise:
        return table.rows, table.labels, table.weights
    rows = np.vstack([table.rows, in_noise(table.rows) if noisy is None else noisy])
    return rows, np.tile(table.labels, 2), np.tile(table.weights, 2)


def search(candidate: Candidate, table: Table, protocol: Protocol) -> Pipeline:
    """The candidate's pipeline, unfitted, with the hyper-parameters that do best on `table`.

    What the protocol keeps apart stays apart in the search too. The criterion is log loss, which
    also rewards honest confidences.

    Parameters
    ----------
    candidate : Candidate
    table : Table
        Training clips alone.
    protocol : Protocol
    """
    try:
        folds = fold_count(table, INNER_FOLDS)
    except DataError:  # too little data to search on; the defaults are sound
        return clone(candidate.pipeline)
    if not candidate.grid:
        return clone(candidate.pipeline)
    within = GROUPED if protocol.is_one_split else protocol
    inner = list(splits(table, within, folds, seed=0))
    searched = GridSearchCV(
        candidate.pipeline, dict(candidate.grid), scoring=_negative_log_loss, cv=inner, refit=False
    )
    with quiet():
        try:
            weights = {_WEIGHTS: table.weights} if candidate.weighted else {}
            searched.fit(table.rows, table.labels, **weights)
        except ValueError:  # no setting can be fitted to so few clips
            return clone(candidate.pipeline)
    return clone(candidate.pipeline).set_params(**searched.best_params_)


def _negative_log_loss(model: Pipeline, rows: Array, labels: NDArray[np.intp]) -> float:
    return -metrics.log_loss(confidences_of(model, rows, int(labels.max()) + 1), labels)


def confidences_of(model: Any, rows: Array, genres: int) -> Array:
    """Confidences over at least `genres` genres; 0 for one that the model has not seen."""
    confidences = np.zeros((len(rows), max(genres, int(model.classes_.max()) + 1)))
    confidences[:, model.classes_] = model.predict_proba(rows)
    return confidences


def compare(
    candidates: Sequence[Candidate],
    table: Table,
    protocols: Sequence[Protocol],
    *,
    folds: int = 5,
    seeds: int = 2,
    jobs: int = -1,
    done: Done | None = None,
    cut: Cut = splits,
) -> list[Scores]:
    """Score every candidate under every protocol, hyper-parameters searched inside each fold.

    Candidates that cannot be fitted to so few clips are left out.

    Parameters
    ----------
    candidates : sequence of Candidate
    table : Table
    protocols : sequence of Protocol
    folds, seeds : int
        Of the outer cross-validation.
    jobs : int
        Processes; -1 for one per core.
    done : callable, optional
        Called with a line of text whenever a candidate is finished.
    cut : callable
        Makes the splits, where they are not to be folds.

    Returns
    -------
    list of Scores
        For every candidate and protocol, in their order.

    Raises
    ------
    DataError
        If that is true of all of them.
    """
    work = [(c, p) for c in candidates for p in protocols]
    noisy = in_noise(table.rows) if any(c.in_noise for c in candidates) else None
    tasks = [
        (candidate, protocol, seed, train, test)
        for candidate, protocol in work
        for seed, train, test in seeded_splits(table, protocol, folds, seeds, cut)
    ]
    results = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_score_fold)(candidate, protocol, table, noisy, train, test)
        for candidate, protocol, _, train, test in tasks
    )
    scored: list[Scores] = []
    failed: list[str] = []
    numbered = zip(tasks, results, strict=True)
    for candidate, protocol in work:
        count = sum(t[0] is candidate and t[1] is protocol for t in tasks)
        held_out = [(seed, test, fold) for (_, _, seed, _, test), fold in islice(numbered, count)]
        if any(fold is None for _, _, fold in held_out):
            failed.append(candidate.name)
            continue
        score = summarise(candidate.name, protocol, table, held_out)
        scored.append(score)
        if done is not None:
            done(f"{candidate.name}, {protocol.title}: accuracy {score.accuracy:.3f}")
    if failed and done is not None:
        done(f"Left out, too few clips for them: {', '.join(dict.fromkeys(failed))}")
    scored = [s for s in scored if s.candidate not in failed]
    if not scored:
        raise DataError("These are too few clips to train on. Add more to every genre.")
    return scored


def choose(scores: Sequence[Scores]) -> tuple[str, str]:
    """Name of the winner and the reason, from scores under the protocol that decides.

    The most accurate wins. Differences of less than half a point of accuracy are noise at this
    size; among such equals the lower log loss, that is the more honest confidence, wins.
    """
    best = max(s.accuracy for s in scores)
    equals = [s for s in scores if s.accuracy > best - 0.005]
    winner = min(equals, key=lambda s: s.log_loss)
    reason = f"accuracy {winner.accuracy:.3f} with {winner.protocol.claim}, the best"
    if len(equals) > 1:
        others = ", ".join(s.candidate for s in equals if s is not winner)
        reason += f" but for noise, and a lower log loss than {others}"
    return winner.candidate, reason


def seeded_splits(
    table: Table, protocol: Protocol, folds: int, seeds: int, cut: Cut = splits
) -> Iterator[tuple[int, Index, Index]]:
    """Seed, and indices of the training and the scored clips, for every fold of every seed."""
    for seed in range(1 if protocol.is_one_split else seeds):
        for train, test in cut(table, protocol, folds, seed):
            yield seed, train, test


@dataclass(frozen=True)
class Fold:
    """Confidences for the scored clips of one fold, and how long it took."""

    confidences: Array
    fit_s: float
    predict_ms: float


def _score_fold(
    candidate: Candidate,
    protocol: Protocol,
    table: Table,
    noisy: Array | None,
    train: Index,
    test: Index,
) -> Fold | None:
    known = table.take(train)
    pipeline = search(candidate, known, protocol)
    try:
        return timed(
            lambda: fit(candidate, known, pipeline, None if noisy is None else noisy[train]),
            table.rows[test],
            len(table.genres),
        )
    except ValueError:
        return None


def timed(fitting: Callable[[], Pipeline], rows: Array, genres: int) -> Fold:
    """What a model says of rows, with the time that `fitting` it and asking about one take."""
    start = time.perf_counter()
    model = fitting()
    fit_s = time.perf_counter() - start
    confidences = confidences_of(model, rows, genres)
    start = time.perf_counter()
    model.predict_proba(rows[:1])
    return Fold(confidences, fit_s, 1e3 * (time.perf_counter() - start))


def summarise(
    name: str,
    protocol: Protocol,
    table: Table,
    held_out: Sequence[tuple[int, Index, Fold]],
) -> Scores:
    """Scores of a candidate from every fold: its seed, the scored clips, and what came out."""
    y = table.labels
    seeds = 1 + max(seed for seed, _, _ in held_out)
    confidences = np.full((seeds, len(table), len(table.genres)), np.nan)
    accuracies = []
    for seed, test, fold in held_out:
        confidences[seed, test] = fold.confidences
        accuracies.append(metrics.accuracy(fold.confidences, y[test]))
    scored = [(c[known], y[known]) for c in confidences for known in [~np.isnan(c[:, 0])]]
    by_genre = np.mean([metrics.precision_recall_f1(c, t) for c, t in scored], axis=0)

    def mean(score: Callable[..., float]) -> float:
        return float(np.mean([score(c, t) for c, t in scored]))

    return Scores(
        candidate=name,
        protocol=protocol,
        accuracy=mean(metrics.accuracy),
        accuracy_sd=float(np.std(accuracies)),
        precision=float(by_genre[0].mean()),
        recall=float(by_genre[1].mean()),
        f1=float(by_genre[2].mean()),
        top3=mean(metrics.top_k),
        log_loss=mean(metrics.log_loss),
        ece=mean(metrics.expected_calibration_error),
        fit_s=float(np.mean([f.fit_s for *_, f in held_out])),
        predict_ms=float(np.mean([f.predict_ms for *_, f in held_out])),
        per_genre_f1=by_genre[2],
        confusion=np.sum([metrics.confusion(c, t) for c, t in scored], axis=0),
        confidences=confidences,
    )


class quiet(warnings.catch_warnings):  # noqa: N801
    """Silences what a search over hyper-parameters is expected to say."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", "One or more of the test scores", UserWarning)
