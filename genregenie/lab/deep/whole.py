"""All networks in one go: scored, studied, kept. What was done before a stop is not done again."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from joblib import Parallel, delayed

from genregenie.common import settings
from genregenie.evaluation.protocols import FAULT_FILTERED, GROUPED, Protocol, fixed_split
from genregenie.lab import results, runs
from genregenie.lab.deep.augmentation import AUGMENTATIONS
from genregenie.lab.deep.clips import Clips, Kind, open_clips
from genregenie.lab.deep.keeping import learnt
from genregenie.lab.deep.networks import NETWORKS, Network
from genregenie.lab.deep.runs import LONG, PATIENCE, SEEDS, Deep, run_lots, tasks
from genregenie.lab.deep.training import Plan
from genregenie.lab.records import Augmented, TrainingEpoch
from genregenie.lab.runs import Say
from genregenie.lab.systems import system

STUDIED: Final = ("E", "cnn")
"""The network whose augmentation is studied."""

QUICK_EPOCHS: Final[dict[Kind, int]] = {"slices": 2, "pictures": 8, "heard": 8}
"""Of a run that only shows that all works."""

_KEPT_SHARE: Final = 0.4

Open = Callable[[Kind], Clips]


@dataclass(frozen=True)
class Order:
    """What to run.

    Attributes
    ----------
    networks : tuple of Network
    protocols : tuple of str
        Kinds; empty for the published one and all honest ones.
    seeds : int > 0
    early : bool
        Early stopping everywhere, in place of the published schedule.
    whole : bool
        The published schedule everywhere.
    epochs : int or None
        In place of the schedule's.
    quick : bool
        A few epochs, under the published and one honest protocol.
    """

    networks: tuple[Network, ...] = NETWORKS
    protocols: tuple[str, ...] = ()
    seeds: int = SEEDS
    early: bool = False
    whole: bool = False
    epochs: int | None = None
    quick: bool = False

    def plan(self, network: Network) -> Plan:
        """How a network is trained."""
        return Plan(
            patience=PATIENCE if self.early else None,
            epochs=QUICK_EPOCHS[network.kind] if self.quick else self.epochs,
        )


EVERYTHING: Final = Order()


def protocols_of(network: Network, clips: Clips, wanted: Sequence[str] = ()) -> list[Protocol]:
    """The published protocol and the honest ones, as far as clips say what to keep apart.

    Raises
    ------
    DataError
        For one that is wanted and cannot be had.
    """
    own = system(network.system)
    if wanted:
        return [runs.protocol_of(clips.table, kind) for kind in wanted]
    found = [own.protocol, runs.protocol_for(own, clips.table)]
    if fixed_split(clips.table) == FAULT_FILTERED:
        found.append(FAULT_FILTERED)
    return list(dict.fromkeys(found))


def run_deep(
    order: Order = EVERYTHING,
    open_set: Open = open_clips,
    jobs: int = -1,
    say: Say | None = None,
    folder: Path | None = None,
    work: Path | None = None,
) -> list[Deep]:
    """Score networks, and write what was found where a folder is given.

    Parameters
    ----------
    order : Order
    open_set : function from the kind of a set to the set
    jobs : int
        Processes; -1 for one per core.
    say : callable, optional
        Told how it goes.
    folder : path, optional
        Where tables go; None writes none.
    work : path, optional
        Folder that what was done is kept in, until all is.

    Raises
    ------
    DataError
        If the data or Keras is not at hand, or the data is too little.
    """
    found: list[Deep] = []
    for kind in dict.fromkeys(network.kind for network in order.networks):
        clips = open_set(kind)
        if say is not None:
            say(f"{len(clips):,} {'slices' if kind == 'slices' else 'clips'} of the set {kind}")
        lots = []
        for network in order.networks:
            if network.kind == kind:
                plan, protocols = order.plan(network), protocols_of(network, clips, order.protocols)
                lots += [
                    tasks(network, clips, protocol, order.seeds, plan, whole=order.whole)
                    for protocol in (protocols[:2] if order.quick else protocols)
                ]
        found += run_lots(lots, clips, jobs, say, work)
    if folder is not None:
        write(found, folder)
    return found


def write(found: Sequence[Deep], folder: Path | None = None) -> None:
    """Scores, reports, confusion, headlines and the course of the first training of each."""
    results.write_rows([deep.row for deep in found], folder)
    for key in dict.fromkeys(deep.row.system for deep in found):
        rows = [deep.row for deep in found if deep.row.system == key]
        results.write_headlines(key, runs.headlines(system(key), rows), folder)
    for deep in found:
        own = {
            "system": deep.row.system, "model": deep.row.model, "protocol": deep.row.protocol.kind,
        }  # fmt: skip
        results.write(TrainingEpoch, deep.curve, folder, **own)


def study(
    clips: Clips,
    jobs: int = -1,
    say: Say | None = None,
    work: Path | None = None,
    seeds: int = SEEDS,
) -> list[Augmented]:
    """What hiding and mixing bring to `STUDIED`, artists apart, with early stopping."""
    (network,) = (n for n in NETWORKS if (n.system, n.name) == STUDIED)
    lots = [
        tasks(network, clips, GROUPED, seeds, Plan(patience=PATIENCE, augmentation=how))
        for how in AUGMENTATIONS
    ]
    rows = [deep.row for deep in run_lots(lots, clips, jobs, say, work)]
    return [
        Augmented(
            *(network.system, network.name, how, GROUPED.kind),
            *(row.accuracy, row.accuracy_sd, row.macro_f1),
        )
        for how, row in zip(AUGMENTATIONS, rows, strict=True)
    ]


def keep_all(
    networks: Sequence[Network],
    open_set: Open = open_clips,
    jobs: int = -1,
    say: Say | None = None,
    folder: Path | None = None,
    work: Path | None = None,
) -> None:
    """Train networks on all there is and keep them as ONNX under ``kept`` in a folder.

    Nothing is held out to stop by, and long schedules have learnt it all long before their end: of
    those two fifths are run.
    """
    place = results.written(folder)
    sets = {kind: open_set(kind) for kind in dict.fromkeys(n.kind for n in networks)}
    paths = {n.title: results.kept(n.system, n.name, "onnx", place) for n in networks}
    todo = [n for n in networks if work is None or not (work / f"{n.title}.kept").exists()]
    done = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(_keep)(network, sets[network.kind], paths[network.title], work)
        for network in sorted(todo, key=lambda n: -n.schedule.epochs)
    )
    for title in done:
        if say is not None:
            say(f"kept {title}: {paths[title].stat().st_size / 1e3:,.0f} kB")


def _keep(network: Network, clips: Clips, path: Path, work: Path | None) -> str:
    epochs = network.schedule.epochs
    plan = Plan(epochs=round(_KEPT_SHARE * epochs) if epochs >= LONG else None)
    learnt(network, clips, path, plan, work and work / f"{network.title} on all")
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)  # short schedules leave nothing there before
        (work / f"{network.title}.kept").touch()
    return network.title


def work_folder() -> Path:
    """Where a run keeps what it has done until it ends."""
    return settings.data_dir() / "lab-deep"


def run_everything(jobs: int = -1, say: Say | None = None, folder: Path | None = None) -> float:
    """The committed run: every network, the study, and the kept networks; gives its seconds."""
    clock = time.perf_counter()
    work = work_folder()
    place = results.written(folder)
    run_deep(EVERYTHING, open_clips, jobs, say, place, work)
    results.write(Augmented, study(open_clips("pictures"), jobs, say, work), place)
    keep_all([n for n in NETWORKS if n.is_kept], open_clips, jobs, say, place, work)
    shutil.rmtree(work, ignore_errors=True)
    return time.perf_counter() - clock


def quick(order: Order) -> Order:
    """The same in three minutes: one seed, a few epochs."""
    return replace(order, seeds=1, quick=True)
