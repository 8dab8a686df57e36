"""A model that has learned from feedback as well, written beside the one it may replace."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import clone

from genregenie.common.errors import DataError
from genregenie.datasets.feedback import FeedbackTable
from genregenie.datasets.outside import Outside
from genregenie.datasets.table import Table
from genregenie.evaluation.protocols import fold_count
from genregenie.model.metadata import FeedbackEffect, TrainedOn
from genregenie.model.model import Model
from genregenie.training.feedback import Outcome, fit, measure
from genregenie.training.train import publish, refuse_other_files, select

SUFFIX = "-with-feedback"


@dataclass(frozen=True)
class Improved:
    """What came of it.

    Attributes
    ----------
    outcome : Outcome
    folder : Path
        Where the model was written.
    replaced : bool
        Whether that is the place of the model there was.
    """

    outcome: Outcome
    folder: Path
    replaced: bool


def improve(
    table: Table,
    base: Path,
    feedback: FeedbackTable,
    *,
    source: str,
    command: str,
    folds: int = 5,
    seeds: int = 2,
    jobs: int = -1,
    replace: bool = False,
    home: Path | None = None,
    outside: Outside | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Improved:
    """Measure what feedback does for a model, and write the model that has learned from it.

    Parameters
    ----------
    table : Table
        The curated clips that the model in `base` was trained on.
    base : Path
        Its folder.
    feedback : FeedbackTable
    source, command, folds, seeds, jobs
        As for `genregenie.training.train.train`.
    replace : bool
        Call the new model as the old one is called, if the feedback helped.
    home : Path or None
        Folder that the new model goes to, under the name of the old one with `SUFFIX`; None for
        the one that the old one lies in.
    outside, say
        As for `genregenie.training.train.train`.

    Raises
    ------
    DataError
        If table, model and feedback do not fit together, or a folder holds something else.
    ModelError
        If there is no model in `base`.
    """
    metadata = Model.load(base).metadata
    if metadata.genres != table.genres:
        raise DataError(
            f"The model in {base} knows other genres than the table. Train it on this table first."
        )
    home = home or base.parent
    beside = home / (base.name + SUFFIX)
    refuse_other_files(beside)
    known = np.isin(feedback.table.genre, table.genres)
    if not known.all():
        say(f"{(~known).sum()} answers name genres that the table does not have and are left out.")
    feedback = feedback.take(known)
    clips, weights = feedback.clips(len(table))
    if not len(clips):
        raise DataError("There is no feedback to learn from: no genre that most people agree on.")
    people = len(np.unique(feedback.person))
    say(
        f"{len(feedback)} answers by {people} {'person' if people == 1 else 'people'} about "
        f"{len(np.unique(feedback.table.track))} clips, worth {weights.sum():.1f} curated ones"
    )
    say(f"To learn from: {clips.known()}; curated: {table.known()}")

    (candidate,) = select([metadata.winner])
    folds = fold_count(table, folds)
    outcome = measure(
        candidate, metadata.parameters, table, feedback, folds=folds, seeds=seeds, jobs=jobs
    )
    pipeline = clone(candidate.pipeline).set_params(**metadata.parameters)
    fitted = fit(candidate, table, pipeline, clips, weights)
    replaced = replace and outcome.verdict == "helped"
    folder = home / base.name if replaced else beside
    publish(
        folder,
        fitted,
        table,
        [outcome.scores],
        winner=candidate.name,
        reason=f"accuracy {outcome.accuracy.with_feedback:.3f} with "
        f"{outcome.scores.protocol.claim}, {outcome.accuracy.without:.3f} without feedback",
        parameters=metadata.parameters,
        trained_on=TrainedOn(
            source=f"{source} with feedback",
            command=command,
            tracks=len(table),
            artists=table.known(),
            folds=folds,
            seeds=seeds,
        ),
        outside=outside,
        jobs=jobs,
        say=say,
        feedback=FeedbackEffect(
            answers=len(feedback),
            people=people,
            weight=float(weights.sum()),
            verdict=outcome.verdict,
            measured=outcome.measured,
            accuracy=outcome.accuracy,
            log_loss=outcome.log_loss,
        ),
    )
    return Improved(outcome, folder, replaced)
