"""Whether feedback makes a model better, measured before anybody has to believe it.

The recipe is that of the model at hand: its winner with its hyper-parameters. It is fitted to
curated clips without and with feedback, and both are scored on curated clips by artists that
neither knew. Feedback is only ever learned from there, and never where it is about an artist or a
recording that is being scored. All that as far as the artists are known, which
`Outcome.measured` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from genregenie.common.arrays import Array
from genregenie.common.artists import ArtistCount
from genregenie.common.errors import DataError
from genregenie.datasets.artists import group_key
from genregenie.datasets.feedback import FeedbackTable
from genregenie.datasets.table import Table
from genregenie.evaluation.protocols import GROUPED, Index, decisive
from genregenie.model.metadata import Change
from genregenie.model.space import TangentSpace
from genregenie.training import calibration, compare
from genregenie.training.candidates import Candidate
from genregenie.training.estimators import Tempered

SAME_RECORDING: Final = 2.0
"""Distance in the catalogue's space below which two clips may be one recording.

Of GTZAN's clips 3 % have one by another artist nearer than that; repeats and halves of one
recording do not lie further apart. Copies at a low bit rate can."""

RESAMPLES: Final = 2_000
PEOPLE_FOLDS: Final = 5

Effect = Literal["helped", "made no clear difference", "hurt"]


@dataclass(frozen=True)
class Outcome:
    """What feedback did.

    Attributes
    ----------
    accuracy, log_loss : Change
        On curated clips, held out as `scores.protocol` says.
    agreement : Change or None
        How often the model says the same as people whose feedback it has not learned from; None
        where fewer than two people gave any.
    scores : Scores
        With feedback, under the protocol that decides on the curated clips.
    learned : ArtistCount
        Of how many clips that taught something the artist is known.
    """

    accuracy: Change
    log_loss: Change
    agreement: Change | None
    scores: compare.Scores
    learned: ArtistCount = field(default_factory=lambda: ArtistCount(0, 0, {}))

    @property
    def measured(self) -> str:
        """What it was measured on, in words that claim no more than is known of the artists."""
        protocol, unknown = self.scores.protocol, self.learned.clips - self.learned.known
        if protocol.kind != GROUPED.kind:
            text = f"On curated clips that it had not heard ({protocol.remark})"
        elif unknown:
            text = "On curated clips by artists that it had not heard in other curated clips"
        else:
            text = "On curated clips by artists that it had not heard, nor in the feedback"
        if unknown:
            text += (
                f"; {unknown} of {self.learned.clips} clips of the feedback name no artist and may "
                "be by one that is scored, which flatters the feedback"
            )
        return text

    @property
    def verdict(self) -> Effect:
        """Only what the intervals leave no doubt of counts; what hurts anything hurts."""
        if self.accuracy.high < 0 or self.log_loss.low > 0:
            return "hurt"
        if self.accuracy.low > 0 or self.log_loss.high < 0:
            return "helped"
        return "made no clear difference"


def fit(
    candidate: Candidate, table: Table, pipeline: Pipeline, clips: Table, weights: Array
) -> Pipeline:
    """Fit to curated clips, then let those parts that weigh their clips learn from feedback too.

    The space the clips live in, and a linear discriminant, which knows no weights, stay with the
    curated clips alone.

    Parameters
    ----------
    candidate : Candidate
    table : Table
        The curated clips.
    pipeline : Pipeline
        The candidate's, with its hyper-parameters, unfitted.
    clips : Table of m clips
        What feedback taught, from `FeedbackTable.clips`.
    weights : array, shape (m,)
        1 is a curated clip's.

    Raises
    ------
    DataError
        If no part of the model weighs its clips.
    """
    model = compare.fit(candidate, table, pipeline)
    final = model.steps[-1][1]
    members = final.estimators_ if isinstance(final, VotingClassifier) else [final]
    learning = [member for member in members if _weighs(member)]
    if not learning:
        raise DataError(
            f"{candidate.name} cannot give feedback less weight than curated clips. Train a model "
            "that can: --candidates soft_vote"
        )
    rows, labels, own = compare.learnt(candidate, table)
    if not candidate.weighted:
        own = np.ones_like(own)
    labels = np.concatenate([labels, np.searchsorted(table.genres, clips.genre)])
    vectors = model[:-1].transform(np.vstack([rows, clips.rows]))
    with compare.quiet():
        for member in learning:
            member.fit(vectors, labels, sample_weight=np.concatenate([own, weights]))
    return model


def _weighs(member: Any) -> bool:
    inner = member.estimator if isinstance(member, Tempered) else member
    return bool(has_fit_parameter(inner, "sample_weight"))


def measure(
    candidate: Candidate,
    parameters: Mapping[str, Any],
    table: Table,
    feedback: FeedbackTable,
    *,
    folds: int,
    seeds: int,
    jobs: int = -1,
) -> Outcome:
    """Score the recipe without and with feedback.

    Parameters
    ----------
    candidate : Candidate
    parameters : mapping
        The hyper-parameters that the model at hand has.
    table : Table
        The curated clips.
    feedback : FeedbackTable
        About genres of `table`.
    folds, seeds : int
        Of the cross-validation.
    jobs : int
        Processes; -1 for one per core.

    Raises
    ------
    DataError
        If no part of the model weighs its clips.
    """
    pipeline = clone(candidate.pipeline).set_params(**parameters)
    clips, weights = feedback.clips(len(table))
    space = calibration.catalogue(table).space
    clash = _clashes(clips, table, space)
    protocol = decisive(table)
    tasks = list(compare.seeded_splits(table, protocol, folds, seeds))
    work = [
        (table.take(train), clips.take(free), weights[free], table.rows[test])
        for _, train, test in tasks
        for free in [np.flatnonzero(~clash[:, test].any(axis=1))]
    ]
    people = _people_apart(table, feedback, space)
    work += [(table, known, weight, asked.table.rows) for known, weight, asked in people]
    results = Parallel(n_jobs=jobs)(
        delayed(_both)(candidate, pipeline, table.genres, *task) for task in work
    )
    scored = [(seed, test, *both) for (seed, _, test), both in zip(tasks, results, strict=False)]
    without, with_feedback = (
        compare.summarise(candidate.name, protocol, table, [(f[0], f[1], f[i]) for f in scored])
        for i in (2, 3)
    )
    y = table.labels
    return Outcome(
        accuracy=_change(_hits(without, y), _hits(with_feedback, y), table.groups),
        log_loss=_change(_losses(without, y), _losses(with_feedback, y), table.groups),
        agreement=_agreement(table, people, results[len(tasks) :]),
        scores=with_feedback,
        learned=clips.known(),
    )


def _both(
    candidate: Candidate,
    pipeline: Pipeline,
    genres: tuple[str, ...],
    table: Table,
    clips: Table,
    weights: Array,
    asked: Array,
) -> tuple[compare.Fold, compare.Fold]:
    """Answers without and with feedback."""
    without = compare.timed(lambda: compare.fit(candidate, table, pipeline), asked, len(genres))
    if not len(clips):
        return without, without
    model = compare.timed(
        lambda: fit(candidate, table, pipeline, clips, weights), asked, len(genres)
    )
    return without, model


def _clashes(clips: Table, scored: Table, space: TangentSpace) -> NDArray[np.bool_]:
    """Which clips of feedback must not be known where a clip is scored, shape (m, n)."""
    vectors = [space.vectors(t.rows) for t in (clips, scored)]
    ours, theirs = (np.array([group_key(a) for a in t.artist]) for t in (clips, scored))
    same_artist = (ours[:, None] == theirs) & (ours != "")[:, None]
    return np.asarray((cdist(*vectors) < SAME_RECORDING) | same_artist)


def _people_apart(
    table: Table, feedback: FeedbackTable, space: TangentSpace
) -> list[tuple[Table, Array, FeedbackTable]]:
    """What some people's feedback teaches, and the answers of others; nothing is in both."""
    count = len(np.unique(feedback.person))
    if count < 2:
        return []
    parts = []
    folds = GroupKFold(min(PEOPLE_FOLDS, count))
    for others, asked in folds.split(feedback.table.rows, groups=feedback.person):
        answers = feedback.take(asked)
        clips, weights = feedback.take(others).clips(len(table))
        free = np.flatnonzero(~_clashes(clips, answers.table, space).any(axis=1))
        parts.append((clips.take(free), weights[free], answers))
    return parts


def _agreement(
    table: Table,
    people: list[tuple[Table, Array, FeedbackTable]],
    results: list[tuple[compare.Fold, compare.Fold]],
) -> Change | None:
    if not people:
        return None
    said = [np.searchsorted(table.genres, asked.table.genre) for *_, asked in people]
    without, with_feedback = (
        np.concatenate(
            [f[i].confidences.argmax(1) == y for f, y in zip(results, said, strict=True)]
        )
        for i in (0, 1)
    )
    return _change(without, with_feedback, np.concatenate([asked.person for *_, asked in people]))


def _hits(scores: compare.Scores, truth: Index) -> Array:
    return np.asarray((scores.confidences.argmax(axis=2) == truth).mean(axis=0))


def _losses(scores: compare.Scores, truth: Index) -> Array:
    chosen = scores.confidences[:, np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(chosen, 1e-12, None)).mean(axis=0))


def _change(without: Any, with_feedback: Any, groups: NDArray[np.str_]) -> Change:
    """Means of both, and the interval of their difference by resampling whole groups.

    The clips of an artist, or of a person, stand or fall together, so groups are drawn, not clips.
    """
    gained = np.asarray(with_feedback, dtype=np.float64) - without
    _, group = np.unique(groups, return_inverse=True)
    total, size = np.bincount(group, gained), np.bincount(group)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), RESAMPLES)
    low, high = np.quantile((drawn @ total) / (drawn @ size), [0.025, 0.975])
    return Change(float(np.mean(without)), float(np.mean(with_feedback)), float(low), float(high))
