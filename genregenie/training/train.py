"""The whole way from a table to a model folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from genregenie.datasets.table import DataError, Table
from genregenie.evaluation.protocols import (
    GROUPED,
    STRATIFIED,
    Protocol,
    decisive,
    fixed_split,
    fold_count,
)
from genregenie.model.model import FORMAT, MODEL_JSON
from genregenie.training import artifacts, calibration, card, compare
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
    say: Say = lambda line: None,
) -> Trained:
    """Compare candidates on a table, fit and calibrate the winner, write it to a folder.

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
    about = {"winner": winner, "reason": reason, "parameters": parameters}
    about["trained_on"] = {
        "source": source,
        "command": command,
        "tracks": len(table),
        "artists": table.known().to_dict(),
        "folds": folds,
        "seeds": seeds,
    }
    calibrated = publish(folder, fitted, table, scores, about)
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
    about: dict[str, Any],
) -> calibration.Calibration:
    """Calibrate a fitted model on what it scored held out, and write its folder.

    Parameters
    ----------
    folder : Path
        Is created, or replaced in one step.
    fitted : Pipeline
    table : Table
        The curated clips.
    scores : of the candidates that were compared, the winner among them
    about : dict
        ``winner``, ``reason``, ``parameters`` and ``trained_on``, and whatever else is for the
        card.
    """
    winner = about["winner"]
    deciding = decisive(table)
    held_out = next(s for s in scores if s.protocol.kind == deciding.kind and s.candidate == winner)
    folds = about["trained_on"]["folds"]
    novelties = calibration.held_out_novelties(table, folds)
    calibrated = calibration.calibrate(table, held_out.confidences, novelties, folds)
    thresholds = calibrated.thresholds
    description = {
        "format": FORMAT,
        "genres": list(table.genres),
        **about,
        "protocol": _as_dict(deciding),
        "temperature": calibrated.temperature,
        "thresholds": {
            "confident": thresholds.confident,
            "novelty": thresholds.novelty,
            "novelty_neighbours": thresholds.novelty_neighbours,
        },
        "held_out": {
            "ece": calibrated.ece,
            "confident_accuracy": calibrated.confident_accuracy,
            "confident_share": calibrated.confident_share,
            "music_turned_away": calibrated.music_turned_away,
        },
        "versions": artifacts.versions(),
    }
    artifacts.write(
        folder,
        fitted,
        calibration.catalogue(table),
        description,
        scores,
        table.genres,
        winner,
        calibrated.reliability,
        card.model_card(description, table, scores),
    )
    return calibrated


def _as_dict(protocol: Protocol) -> dict[str, str]:
    """How the figures were taken, for ``model.json``: the page must not claim more."""
    return {"kind": protocol.kind, "title": protocol.title, "remark": protocol.remark}
