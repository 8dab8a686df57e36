"""Running the networks: under the protocol each was published with, and honestly.

Every training is a task of its own, which joblib spreads over cores or a Dask cluster. What a task
found is kept until the whole run has ended, so that a run which was stopped goes on.
"""

import hashlib
import json
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed

from genregenie.common.arrays import Array
from genregenie.common.files import replacing, write_text
from genregenie.common.formatting import format_duration
from genregenie.common.steps import Steps
from genregenie.datasets.table import Table
from genregenie.evaluation.protocols import Index, Protocol, Split, holdout, splits
from genregenie.lab.deep.clips import Clips
from genregenie.lab.deep.networks import Network, keras
from genregenie.lab.deep.training import AS_PUBLISHED, Epoch, Plan, Trained, forget, trained
from genregenie.lab.records import TrainingEpoch
from genregenie.lab.runs import Row, Say, row_of
from genregenie.lab.systems import Shares, system
from genregenie.training.compare import Fold, summarise

SEEDS: Final = 3
PATIENCE: Final = 30
"""Epochs without a lower loss after which early stopping stops."""
LONG: Final = 200
"""So many epochs are a long schedule."""
_VALID_SHARE: Final = 0.25  # of what is learnt, where the protocol sets none aside
_TOLD_EVERY_S: Final = 15.0


@dataclass(frozen=True)
class Task:
    """One training, and what it is scored on.

    Attributes
    ----------
    network : Network
    protocol : Protocol
    plan : Plan
    learnt, held, scored : int arrays
        Numbers of clips; what is held is watched, and early stopping goes by it.
    """

    network: Network
    protocol: Protocol
    plan: Plan
    learnt: Index
    held: Index
    scored: Index

    @property
    def title(self) -> str:
        """Such as ``E cnn, artists apart, seed 0``."""
        named = f"{self.network.title}, {self.protocol.title}, seed {self.plan.seed}"
        how = self.plan.augmentation
        return named if how == "none" else f"{named}, {how}"


@dataclass(frozen=True)
class Outcome:
    """What came of a task: confidences of what was scored, shape (m, k), and how it went."""

    fold: Fold
    history: tuple[Epoch, ...]


@dataclass(frozen=True)
class Deep:
    """How a network did under a protocol.

    Attributes
    ----------
    row : Row
    curve : list of TrainingEpoch
        Of the first seed.
    """

    row: Row
    curve: list[TrainingEpoch]


def shape_of(network: Network, protocol: Protocol) -> str:
    """How the clips are cut, as tables name it."""
    if protocol.is_one_split:
        return "fixed"
    own = system(network.system)
    return f"{own.folds} folds" if _in_folds(network, protocol) else str(own.shares)


def _in_folds(network: Network, protocol: Protocol) -> bool:
    """Ours is compared with the shipped model, which is scored in folds."""
    return network.system == "D" and bool(protocol.apart)


def tasks(
    network: Network,
    clips: Clips,
    protocol: Protocol,
    seeds: int = SEEDS,
    plan: Plan = AS_PUBLISHED,
    *,
    whole: bool = False,
) -> list[Task]:
    """A training for each seed, and for each fold where there are folds.

    Unless all are to run the whole of it, a schedule of 200 epochs or more is run to its end for
    the first seed under the published protocol alone, and cut short by early stopping elsewhere.
    """
    own = system(network.system)
    found = []
    for seed in range(seeds):
        if _in_folds(network, protocol) and not protocol.is_one_split:
            parts = splits(clips.table, protocol, own.folds or 5, seed)
        else:
            parts = iter([_held_out(clips.table, protocol, own.shares.test, seed)])
        for train, test in parts:
            own_plan = replace(plan, seed=seed)
            first = seed == 0 and protocol == own.protocol
            if network.schedule.epochs >= LONG and not (whole or first):
                own_plan = replace(own_plan, patience=PATIENCE)
            learnt, held = _watched(clips, protocol, own.shares, train, test, own_plan)
            found.append(Task(network, protocol, own_plan, learnt, held, test))
    return found


def _watched(
    clips: Clips,
    protocol: Protocol,
    shares: Shares,
    train: Index,
    test: Index,
    plan: Plan,
) -> tuple[Index, Index]:
    """What is learnt, and what is watched: what is scored only where nothing is chosen by it."""
    share = shares.valid / (1.0 - shares.test) if shares.valid else 0.0
    if not share and plan.patience is None:
        return train, test
    within = protocol if not protocol.is_one_split else system("D").honest
    kept, held = _held_out(clips.table.take(train), within, share or _VALID_SHARE, plan.seed)
    return train[kept], train[held]


def _held_out(table: Table, protocol: Protocol, share: float, seed: int) -> Split:
    """A part held out; where artists stay apart, with the genres in proportion as far as can be.

    There are few artists in a genre, so that a part drawn by artists alone lacks whole genres.
    """
    if protocol.kind in ("grouped", "files"):
        return next(splits(table, protocol, max(round(1 / share), 2), seed))
    return holdout(table, protocol, share, seed)


def run(
    todo: Sequence[Task],
    clips: Clips,
    jobs: int = -1,
    say: Say | None = None,
    work: Path | None = None,
) -> list[Outcome]:
    """Do tasks on a set of clips, in their order; those done before are not done again.

    Parameters
    ----------
    todo : sequence of Task
    clips : Clips
    jobs : int
        Processes; -1 for one per core. With a GPU there is one.
    say : callable, optional
        Told how trainings go, and how each ended.
    work : path, optional
        Folder that what was done is kept in.
    """
    if keras().distribution.list_devices("gpu"):
        jobs = 1
    outcomes: list[Outcome | None] = [None] * len(todo)
    with _told(work, say), warnings.catch_warnings():
        # Backends keep memory from training to training, and joblib starts a fresh process then.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs")
        found = Parallel(n_jobs=jobs, return_as="generator_unordered")(
            delayed(_numbered)(i, task, clips, work) for i, task in enumerate(todo)
        )
        for number, outcome in found:
            outcomes[number] = outcome
            task = todo[number]
            accuracy = _accuracy(outcome, clips, task)
            if say is not None:
                took = format_duration(outcome.fold.fit_s)
                say(
                    f"{task.title}: accuracy {accuracy:.3f} after {len(outcome.history)} epochs, "
                    f"{took}"
                )
    return [outcome for outcome in outcomes if outcome is not None]


def run_lots(
    lots: Sequence[Sequence[Task]],
    clips: Clips,
    jobs: int = -1,
    say: Say | None = None,
    work: Path | None = None,
) -> list[Deep]:
    """How lots came out, each the tasks of one network under one protocol; all run side by side."""
    outcomes = iter(run([task for lot in lots for task in lot], clips, jobs, say, work))
    return [scored(clips, lot, list(islice(outcomes, len(lot)))) for lot in lots]


def scored(clips: Clips, todo: Sequence[Task], outcomes: Sequence[Outcome]) -> Deep:
    """How the tasks of one network under one protocol came out."""
    network, protocol = todo[0].network, todo[0].protocol
    held_out = [
        (task.plan.seed, task.scored, outcome.fold)
        for task, outcome in zip(todo, outcomes, strict=True)
    ]
    scores = summarise(network.name, protocol, clips.table, held_out)
    row = row_of(
        system(network.system), clips.table, scores, shape_of(network, protocol), clips.kind
    )
    return Deep(row, [recorded(network, protocol.kind, e) for e in outcomes[0].history])


def recorded(network: Network, kind: str, epoch: Epoch) -> TrainingEpoch:
    """An epoch of a network under a kind of protocol, as the lab's tables have it."""
    return TrainingEpoch(
        *(network.system, network.name, kind, epoch.number, epoch.loss, epoch.accuracy),
        *(epoch.held_loss, epoch.held_accuracy),
    )


def _accuracy(outcome: Outcome, clips: Clips, task: Task) -> float:
    truth = clips.table.labels[task.scored]
    return float((outcome.fold.confidences.argmax(axis=1) == truth).mean())


# --- in a worker -----------------------------------------------------------------------------


def _numbered(number: int, task: Task, clips: Clips, work: Path | None) -> tuple[int, Outcome]:
    return number, done(task, clips, work)


def done(task: Task, clips: Clips, work: Path | None = None) -> Outcome:
    """Do a task, or read what came of it before."""
    place = work / _key(task, clips) if work is not None else None
    if place is not None and (kept := _read(place)):
        return kept
    learnt = clips.take(task.learnt)
    clock = time.perf_counter()
    checkpoint = place and place / "checkpoint"
    steps: Steps[Epoch, Trained] = Steps(
        trained(task.network, learnt, clips.take(task.held), task.plan, checkpoint)
    )
    for epoch in steps:
        if place is not None:
            write_text(place / "progress.json", json.dumps({"task": task.title, **asdict(epoch)}))
    fit_s, result = time.perf_counter() - clock, steps.result
    own = result.confidences(clips.take(task.scored))
    # In the order of all genres, of which a small part may lack one.
    confidences = np.zeros((len(task.scored), len(clips.table.genres)))
    confidences[:, np.searchsorted(clips.table.genres, learnt.table.genres)] = own
    clock = time.perf_counter()
    result.confidences(clips.take(task.scored[:1]))
    outcome = Outcome(Fold(confidences, fit_s, 1e3 * (time.perf_counter() - clock)), result.history)
    if place is not None:
        _write(place, outcome)
        forget(place / "checkpoint")
    return outcome


def _key(task: Task, clips: Clips) -> str:
    """A name for a task that no other has, nor the same one on other clips."""
    network = task.network
    sums = [float(clips.inputs[name].sum(dtype=float)) for name in network.inputs]
    parts = [part.tolist() for part in (task.learnt, task.held, task.scored)]
    about = [network.title, asdict(network.schedule), asdict(task.plan), clips.kind, sums, parts]
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
    name = f"{network.system}-{network.name}-{task.protocol.kind}-{task.plan.seed}"
    return f"{name}-{digest}"


def _write(place: Path, outcome: Outcome) -> None:
    about = {
        "history": [asdict(epoch) for epoch in outcome.history],
        "fit_s": outcome.fold.fit_s,
        "predict_ms": outcome.fold.predict_ms,
    }
    with replacing(place / "outcome.npz") as draft, draft.open("wb") as file:
        np.savez_compressed(
            file, confidences=outcome.fold.confidences, about=np.array(json.dumps(about))
        )


def _read(place: Path) -> Outcome | None:
    try:
        with np.load(place / "outcome.npz", allow_pickle=False) as kept:
            confidences: Array = kept["confidences"]
            about: dict[str, Any] = json.loads(str(kept["about"]))
    except (OSError, ValueError, KeyError):
        return None
    history = tuple(Epoch(**epoch) for epoch in about["history"])
    return Outcome(Fold(confidences, about["fit_s"], about["predict_ms"]), history)


# --- progress ------------------------------------------------------------------------------------


@contextmanager
def _told(work: Path | None, say: Say | None) -> Iterator[None]:
    """While it lasts, how the trainings under way stand is told now and then."""
    if work is None or say is None:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_tell, args=(work, say, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _tell(work: Path, say: Say, ended: threading.Event) -> None:
    told: dict[Path, int] = {}
    while not ended.wait(_TOLD_EVERY_S):
        for path in sorted(work.glob("*/progress.json")):
            if (path.parent / "outcome.npz").exists():
                continue
            try:
                at = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            first_look = path not in told
            if told.get(path) != at["number"]:
                told[path] = at["number"]
                if not first_look:
                    say(f"  {line_of(at.pop('task'), Epoch(**at))}")


def line_of(title: str, epoch: Epoch) -> str:
    """How a training stands, in a line."""
    held = "" if epoch.held_accuracy is None else f", {epoch.held_accuracy:.3f} on what is held out"
    return (
        f"{title}: epoch {epoch.number} of {epoch.of}, loss {epoch.loss:.3f}, accuracy "
        f"{epoch.accuracy:.3f}{held}, {format_duration(epoch.left_s)} left"
    )
