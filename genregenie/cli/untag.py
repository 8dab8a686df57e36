"""``genregenie untag``: take back what a run of ``tag --write`` wrote."""

import argparse
from typing import TYPE_CHECKING

from genregenie.cli.arguments import Commands, add_command, any_path, positive
from genregenie.cli.messages import Bar, CommandError, log
from genregenie.common.formatting import printable

if TYPE_CHECKING:
    from genregenie.tagging.journal import Journal


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    untag = add_command(commands, "untag", _untag, "take back what a run of 'tag --write' wrote")
    untag.add_argument(
        "number", nargs="?", type=positive, metavar="RUN", help="without it, the runs are listed"
    )
    untag.add_argument(
        "--moved",
        nargs=2,
        type=any_path,
        metavar=("OLD", "NEW"),
        help="the folder that was tagged, and where it is now",
    )


def _untag(options: argparse.Namespace) -> int:
    from genregenie.tagging.journal import Journal

    with Journal() as journal:
        if options.number is None:
            return _list_runs(journal)
        journal.lock()
        return _take_back(options, journal)


def _list_runs(journal: "Journal") -> int:
    runs = journal.runs()
    if not runs:
        print("No tags were written yet.")
    for run in runs:
        state = "" if run.finished else ", stopped half-way"
        undone = f", {run.undone} of them taken back" if run.undone else ""
        print(f"run {run.number}  {run.started}  {run.changed} files changed{undone}{state}")
        policy = run.request.policy
        heard = f" with {', '.join(policy.kinds)}" if policy.kinds else ""
        print(f"       {policy.mode}{heard} in {', '.join(run.request.paths)}")
    return 0


def _take_back(options: argparse.Namespace, journal: "Journal") -> int:
    from genregenie.tagging.tagger import untag

    number = options.number
    run = next((run for run in journal.runs() if run.number == number), None)
    if run is None:
        raise CommandError(f"There is no run {number}. 'genregenie untag' lists them.")
    done = failed = 0
    try:
        with Bar(options, run.changed - run.undone) as bar:
            for item in untag(number, journal, options.moved):
                if item.reason:
                    failed += 1
                    bar.print(f"failed  {printable(item.path)}\n        {item.reason}")
                else:
                    done += 1
                bar.advance()
    except KeyboardInterrupt:
        log.error("\nStopped after %d files. The same command goes on from here.", done)
        raise
    print(f"{done} files are as they were before run {number}.")
    if failed:
        print(f"{failed} could not be put back; say it again once the reason is gone.")
    return int(failed > 0)
