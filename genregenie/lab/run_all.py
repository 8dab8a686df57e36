"""The whole lab in one go: every system, every study, every exploration, written to a folder."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from genregenie.common.files import write_text
from genregenie.evaluation.protocols import VECTORS
from genregenie.lab import results, runs, studies
from genregenie.lab.explore import explore
from genregenie.lab.incremental import fold_in
from genregenie.lab.kept import keep_pipelines
from genregenie.lab.records import Balanced, CurvePoint, Importance, Step
from genregenie.lab.runs import Row, Say
from genregenie.lab.spotify_training import ship
from genregenie.lab.systems import SYSTEMS, System
from genregenie.lab.tables import SOURCES, open_table
from genregenie.lab.text import fit_text, save_text
from genregenie.training.artifacts import versions

STUDIED: Final = {"A": "svm_text", "B": "knn", "C": "boosting", "D": "lda", "E": "forest"}
"""The model of each system whose learning curve and importances are kept."""


def run_system(
    system: System, folder: Path | None = None, jobs: int = -1, say: Say | None = None
) -> list[Row]:
    """A system as published and under all honest protocols, its studies too; writes everything.

    Raises
    ------
    DataError
        If its table is not on this machine.
    """
    table = runs.data(system)
    published = runs.as_published(system, table, jobs, say)
    results.write_rows(published, folder)
    rows = list(published)
    for protocol in system.protocols:
        if not protocol.apart:  # what was published shows already how a random split flatters
            continue
        found = runs.under(system, table, protocol, jobs, say)
        results.write_rows(found, folder)
        rows += found
    results.write_headlines(system.key, runs.headlines(system, rows), folder)
    model = STUDIED[system.key]
    curve = studies.learning_curve(system, table, model, jobs)
    results.write(CurvePoint, curve, folder, system=system.key)
    if say is not None:
        say(f"{system.key}: learning curve of {model}")
    weighed = studies.importance(system, table, model)
    results.write(Importance, weighed, folder, system=system.key)
    if say is not None:
        say(f"{system.key}: importance of features for {model}")
    if system.key == "A":
        save_text(fit_text(open_table("mfcc")), folder)
    return rows


def run_studies(folder: Path | None = None, jobs: int = -1, say: Say | None = None) -> None:
    """Uneven genres and incremental learning, both on the Spotify table."""
    table = open_table("spotify")
    evened = studies.imbalance(table, jobs=jobs)
    results.write(Balanced, evened, folder)
    if say is not None:
        say("C: uneven genres")
    results.write(Step, fold_in(table, VECTORS), folder)
    if say is not None:
        say("C: incremental learning")


def run_explorations(folder: Path | None = None, say: Say | None = None) -> None:
    """The numbers behind the plots of every table."""
    for name, source in SOURCES.items():
        found = explore(open_table(name), source.title)
        found.save(results.written(folder) / "explore" / f"{name}.json")
        if say is not None:
            say(f"explored {name}")


def run_all(
    keys: Sequence[str] = tuple(SYSTEMS),
    folder: Path | None = None,
    jobs: int = -1,
    say: Say | None = None,
) -> float:
    """Everything; gives the seconds it took."""
    clock = time.perf_counter()
    for key in keys:
        run_system(SYSTEMS[key], folder, jobs, say)
    keep_pipelines(folder, say)
    ship(open_table("spotify"), folder / "spotify" if folder else None, say or (lambda line: None))
    run_studies(folder, jobs, say)
    run_explorations(folder, say)
    seconds = time.perf_counter() - clock
    about = {"command": "genregenie lab", "seconds": round(seconds), "versions": versions()}
    path = results.written(folder) / "lab.json"
    write_text(path, json.dumps(about, indent=2) + "\n")
    return seconds
