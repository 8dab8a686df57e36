"""``genregenie train``: train from a table of statistics or a folder of audio files."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genregenie.cli import feedback as feedback_command
from genregenie.cli.arguments import (
    Commands,
    add_command,
    add_fast,
    add_jobs,
    add_output,
    at_least_two,
    file_path,
    positive,
)
from genregenie.cli.messages import Bar, CommandError, log, print_table, say
from genregenie.common import settings
from genregenie.common.formatting import printable

if TYPE_CHECKING:
    from genregenie.datasets.outside import Outside
    from genregenie.datasets.table import Table
    from genregenie.training.compare import Scores


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    train = add_command(
        commands,
        "train",
        _train,
        "train from a table of statistics or a folder of <genre>/<audio files>",
    )
    train.add_argument(
        "source",
        nargs="?",
        type=file_path,
        metavar="TABLE.npz|FOLDER",
        help="default: the GTZAN statistics beside the project",
    )
    add_output(train, "model folder (default: models/<source>)")
    train.add_argument(
        "--candidates", metavar="A,B", help="compare only these (default: all of them)"
    )
    train.add_argument("--folds", type=at_least_two, default=5, metavar="N")
    train.add_argument("--seeds", type=positive, default=2, metavar="N")
    add_fast(train)
    add_jobs(train)
    feedback_command.add_options(train)


def _train(options: argparse.Namespace) -> int:
    default = options.source is None
    source = settings.training_data_dir() / "gtzan" if default else options.source
    name = "GTZAN" if default else name_of(source)
    command = "genregenie train" if default else f"genregenie train {shlex.quote(name)}"
    if options.candidates:
        command += f" --candidates {options.candidates}"
    called = "gtzan" if default else name if source.is_dir() else source.stem
    if options.with_feedback is not None:
        base = options.output or settings.trained(called)
        return _improve(options, source, base, name, command)
    if options.replace:
        raise CommandError("--replace goes with --with-feedback.")
    folder = options.output or settings.trained_dir() / called
    from genregenie.training.train import select, train

    chosen = select(options.candidates.split(",") if options.candidates else None)
    table = _read(source, options)
    say(f"{table.known()}; {len(table.genres)} genres, {len(chosen)} candidates")
    trained = train(
        table,
        folder,
        source=name,
        command=command,
        chosen=chosen,
        folds=options.folds,
        seeds=options.seeds,
        jobs=options.jobs,
        outside=_outside(options),
        say=say,
    )
    _print_scores(trained.scores)
    print(f"Written to {folder}")
    return 0


def name_of(source: Path) -> str:
    """What a table or folder is called, however it was typed: ``.`` and ``..`` have names too."""
    from genregenie.common.names import clean

    named = source if source.name not in ("", "..") else source.resolve()
    return clean(named.name) or "all"  # the uppermost folder has no name


def _print_scores(scores: "Sequence[Scores]") -> None:
    from genregenie.training.artifacts import score_rows

    print()
    print_table(score_rows(scores))
    print()
    for protocol in dict.fromkeys(score.protocol for score in scores):
        print(f"{protocol.kind}: {protocol.title}; {protocol.remark}.")


def _improve(options: argparse.Namespace, source: Path, base: Path, name: str, command: str) -> int:
    from genregenie.training.improve import improve

    if options.candidates:
        raise CommandError("--with-feedback takes the model as it is; leave --candidates out.")
    feedback = feedback_command.read(options.with_feedback)
    improved = improve(
        _read(source, options),
        base,
        feedback,
        source=name,
        command=f"{command} --with-feedback",
        folds=options.folds,
        seeds=options.seeds,
        jobs=options.jobs,
        replace=options.replace,
        home=None if options.output else settings.trained_dir(),
        outside=_outside(options),
        say=say,
    )
    return feedback_command.report(improved, base, replace=options.replace)


def _outside(options: argparse.Namespace) -> "Outside | None":
    """Music from elsewhere, where it lies beside the training data that is learnt from."""
    from genregenie.autotag.network import is_left_out
    from genregenie.datasets.outside import LABELS_CSV, read_outside

    folder = settings.training_data_dir() / "outside"
    if options.source is not None or is_left_out() or not (folder / LABELS_CSV).exists():
        return None
    return read_outside(folder, options.jobs)


def _read(source: Path, options: argparse.Namespace) -> "Table":
    """The table that `source` is, or that its audio files make."""
    from genregenie.autotag.network import is_left_out

    if options.source is None:
        from genregenie.datasets.gtzan import STATISTICS_NPZ, read_gtzan
        from genregenie.datasets.table import read_table

        if is_left_out():
            return read_table(source / STATISTICS_NPZ)
        return read_gtzan(source, options.jobs, say)
    if not source.is_dir():
        from genregenie.datasets.table import read_table

        return read_table(source)
    from genregenie.datasets.folder import read_folder

    with Bar(options, label="Listening") as bar:
        table, skipped = read_folder(source, options.jobs, bar.reach, fast=is_left_out())
    for skip in skipped:
        log.warning("skipped %s: %s", printable(skip.path), skip.reason)
    return table
