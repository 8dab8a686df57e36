"""The whole way from a table to a model folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from genregenie.common.errors import DataError
from genregenie.datasets.outside import Outside
from genregenie.datasets.table import Table
from genregenie.evaluation.protocols import (
    GROUPED,
    STRATIFIED,
    decisive,
    fixed_split,
    fold_count,
)
from genregenie.model.metadata import (
    MODEL_JSON,
    FeedbackEffect,
    Metadata,
    ScoringProtocol,
    TrainedOn,
)
from genregenie.training import artifacts, calibration, card, compare, elsewhere, parts
from genregenie.training.candidates import Candidate, candidates

TELL_ARTISTS = (
    "Tell the artists, in the tags or as <genre>/<artist>/<files>, for a figure that does not."
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """What training found out.

    Attributes
    ----------
    winner, reason : str
    scores : list of Scores
    calibration : Calibration
    folder : Path
        Where the model was written.
    """

    winner: str
    reason: str
    scores: list[compare.Scores]
    calibration: calibration.Calibration
    folder: Path


def select(names: Sequence[str] | None) -> tuple[Candidate, ...]:
    """The candidates of these names, or all.

    Raises
    ------
    DataError
        For a name that no candidate has.
    """
    known = {c.name: c for c in candidates()}
    for name in names or ():
        if name not in known:
            raise DataError(f"There is no candidate {name}. There are {', '.join(known)}.")
    return tuple(known[name] for name in names or known)


def train(
    table: Table,
    folder: Path,
    *,
    source: str,
    command: str,
    chosen: Sequence[Candidate],
    folds: int = 5,
    seeds: int = 2,
    jobs: int = -1,
    outside: Outside | None = None,
    say: Say = lambda line: None,
) -> Trained:
    """Compare candidates on a table, fit and calibrate the winner, write it to a folder.

    Where the table knows more than timbre, models of that are compared, fitted and blended too.

    Parameters
    ----------
    table : Table
    folder : Path
        Is created, or replaced in one step if it holds a model.
    source : str
        What the table is called in the model card.
    command : str
        How to repeat the training, for the model card.
    chosen : candidates to compare
    folds, seeds : int
        Of the outer cross-validation.
    jobs : int
        Processes; -1 for one per core.
    outside : Outside, optional
        Music that the table has nothing of: confident answers have to be right there as well.
    say : called with a line of text now and then

    Raises
    ------
    DataError
        If the table cannot be split with what is known of the artists kept apart, or the folder
        holds something else.
    """
    refuse_other_files(folder)
    folds = fold_count(table, folds)
    deciding = decisive(table)
    if deciding is not GROUPED:
        say(f"{deciding.title.capitalize()}, not artists: {deciding.remark}. {TELL_ARTISTS}")
    protocols = [deciding, STRATIFIED, *filter(None, [fixed_split(table)])]
    scores = compare.compare(
        chosen, table, protocols, folds=folds, seeds=seeds, jobs=jobs, done=say
    )
    winner, reason = compare.choose([s for s in scores if s.protocol is deciding])
    say(f"Winner: {winner}, {reason}.")

    candidate = next(c for c in chosen if c.name == winner)
    pipeline = compare.search(candidate, table, deciding)
    parameters = {name: pipeline.get_params()[name] for name in candidate.grid}
    fitted = compare.fit(candidate, table, pipeline)
    trained_on = TrainedOn(
        source=source,
        command=command,
        tracks=len(table),
        artists=table.known(),
        folds=folds,
        seeds=seeds,
    )
    calibrated = publish(
        folder,
        fitted,
        table,
        scores,
        winner=winner,
        reason=reason,
        parameters=parameters,
        trained_on=trained_on,
        outside=outside,
        jobs=jobs,
        say=say,
    )
    return Trained(winner, reason, scores, calibrated, folder)


def refuse_other_files(folder: Path) -> None:
    """Make sure that a folder may be replaced by a model.

    Raises
    ------
    DataError
        If it holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MODEL_JSON).exists():
        raise DataError(f"{folder} holds files that are not a model. Choose another folder.")


def publish(
    folder: Path,
    fitted: Pipeline,
    table: Table,
    scores: Sequence[compare.Scores],
    *,
    winner: str,
    reason: str,
    parameters: dict[str, Any],
    trained_on: TrainedOn,
    feedback: FeedbackEffect | None = None,
    outside: Outside | None = None,
    jobs: int = -1,
    say: Say = lambda line: None,
) -> calibration.Calibration:
    """Calibrate a fitted model on what it scored held out, and write its folder.

    What the table knows beside timbre is learnt on the way.

    Parameters
    ----------
    folder : Path
        Is created, or replaced in one step.
    fitted : Pipeline
    table : Table
        The curated clips.
    scores : of the candidates that were compared, the winner among them
    winner, reason, parameters, trained_on, feedback
        For the model's `Metadata`.
    outside, jobs, say
        As for `train`.
    """
    deciding = decisive(table)
    own = [s for s in scores if s.candidate == winner and not s.protocol.is_one_split]
    held_out = next(s for s in own if s.protocol.kind == deciding.kind)
    novelties = calibration.held_out_novelties(table, trained_on.folds)
    calibrated = calibration.calibrate(table, held_out.confidences, novelties, trained_on.folds)
    learnt = parts.learn(
        table,
        own,
        calibrated.temperature,
        folds=trained_on.folds,
        seeds=trained_on.seeds,
        jobs=jobs,
        say=say,
    )
    metadata = Metadata(
        genres=table.genres,
        winner=winner,
        reason=reason,
        parameters=parameters,
        trained_on=trained_on,
        feedback=feedback,
        protocol=ScoringProtocol(deciding.kind, deciding.title, deciding.remark),
        temperature=calibrated.temperature,
        thresholds=calibrated.thresholds,
        held_out=calibrated.held_out,
        versions=artifacts.versions(),
        hearings=learnt.hearings,
    )
    if outside is not None:
        metadata = elsewhere.sure(metadata, fitted, learnt, outside, table.labels)
    artifacts.write(
        folder,
        fitted,
        calibration.catalogue(table),
        metadata,
        scores,
        calibrated.reliability,
        card.model_card(metadata, table, scores, learnt.table),
        table.labels,
        learnt,
    )
    return calibrated
