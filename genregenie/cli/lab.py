"""``genregenie lab``: earlier systems beside this one."""

import argparse
from dataclasses import asdict
from pathlib import Path

from genregenie.cli import lab_classify, lab_deep
from genregenie.cli.arguments import (
    Commands,
    add_command,
    add_dask,
    add_jobs,
    add_output,
    file_path,
)
from genregenie.cli.lab_tables import print_confusion, print_report, print_scores
from genregenie.cli.messages import CommandError, about, log, print_table, say

_PARTS = ("scores", "report", "confusion", "curve")


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    lab = add_command(
        commands,
        "lab",
        _lab,
        "run earlier systems beside this one, each under its own protocol and an honest one",
        description="Without options: every system and study, written to models/lab.",
    )
    lab.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    lab.add_argument("--system", metavar="A-E", help="run this one alone")
    lab.add_argument("--table", metavar="NAME", help="run it on another table than its own")
    lab.add_argument("--protocol", metavar="NAME", help="under this protocol alone; see --list")
    lab.add_argument("--model", metavar="NAME", help="only this model of the system")
    lab.add_argument(
        "--show",
        choices=_PARTS,
        default="scores",
        help="what to print of a single comparison (default: scores)",
    )
    lab.add_argument("--cached", action="store_true", help="print the figures kept in models/lab")
    lab.add_argument("--ship", action="store_true", help="make models/spotify and stop")
    lab.add_argument(
        "--ask",
        type=file_path,
        metavar="FILE",
        help="name a file's genre as A does, by its tags too",
    )
    add_output(lab, "where tables go (default: models/lab)")
    add_jobs(lab)
    add_dask(lab)
    below = lab.add_subparsers(dest="lab_command", metavar="COMMAND")
    lab_classify.add(below)
    lab_deep.add(below)


def _lab(options: argparse.Namespace) -> int:
    try:
        if options.list:
            _list()
        elif options.cached:
            _print_cached(options.output)
        elif options.ask:
            _ask(options.ask)
        else:
            from genregenie.inference.cluster import joblib_on

            with joblib_on(options.dask):
                _run(options)
    except ImportError as error:
        raise CommandError(
            f"This needs one more package: pip install imbalanced-learn ({error})"
        ) from error
    return 0


def _list() -> None:
    from genregenie.evaluation.protocols import PROTOCOLS
    from genregenie.lab.systems import SYSTEMS
    from genregenie.lab.tables import SOURCES

    print("Systems")
    for system in SYSTEMS.values():
        print(f"  {system.key}  {system.title}: {system.did}")
    print("\nTables")
    for source in SOURCES.values():
        print(f"  {source.name:<16}{source.title}")
    print("\nProtocols")
    for protocol in PROTOCOLS.values():
        apart = f"keeps apart: {protocol.apart}" if protocol.apart else "keeps nothing apart"
        print(f"  {protocol.kind:<16}{protocol.remark} ({apart})")


def _run(options: argparse.Namespace) -> None:
    from genregenie.lab import run_all, spotify_training
    from genregenie.lab.systems import system
    from genregenie.lab.tables import open_table

    if options.ship:
        spotify_training.ship(open_table("spotify"), options.output, say)
    elif options.system is None:
        if options.protocol or options.model or options.table:
            log.error("Choose a system too: --system A to E.")
            raise SystemExit(2)
        seconds = run_all.run_all(folder=options.output, jobs=options.jobs, say=say)
        print(f"\nDone in {seconds / 60:.1f} minutes.\n")
        _print_cached(options.output)
    elif options.protocol or options.model or options.table:
        _one(options)
    else:
        rows = run_all.run_system(system(options.system), options.output, options.jobs, say)
        print()
        print_scores(rows)


def _one(options: argparse.Namespace) -> None:
    """A single comparison, printed and not kept."""
    from genregenie.lab import runs, studies
    from genregenie.lab.models import candidates_of
    from genregenie.lab.systems import system

    chosen = system(options.system)
    table = runs.data(chosen, options.table)
    protocol = runs.protocol_for(chosen, table, options.protocol)
    models = [options.model] if options.model else None
    if options.show == "curve":
        model = options.model or candidates_of(chosen, table, honest=True)[0].name
        points = studies.learning_curve(chosen, table, model, options.jobs, [protocol])
        print_table(
            {
                "training rows": str(p.rows),
                "accuracy on them": f"{p.known:.3f}",
                f"accuracy, {protocol.title}": f"{p.held_out:.3f}",
            }
            for p in points
        )
        return
    rows = runs.under(chosen, table, protocol, options.jobs, say, models)
    print()
    if options.show == "scores":
        print_scores(rows)
        print(f"\n{protocol.kind}: {protocol.title}; {protocol.remark}.")
    for row in rows if options.show != "scores" else ():
        print(f"{row.model}, {row.protocol.title}")
        (print_report if options.show == "report" else print_confusion)(row)
        print()


def _print_cached(folder: Path | None) -> None:
    from genregenie.lab import results
    from genregenie.lab.records import Headline

    lines = results.read(Headline, folder)
    if not lines:
        from genregenie.common.errors import DataError

        raise DataError("There are no figures yet. 'genregenie lab' makes them.")
    print("Accuracy as published, reproduced under the published protocol, and honest\n")
    print_table({k: _short(v) for k, v in asdict(line).items()} for line in lines)


def _short(value: float | str | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else value


def _ask(file: Path) -> None:
    from genregenie.audio.parallel import apart
    from genregenie.common.genres import display_name, ranked
    from genregenie.lab.hearing import hear
    from genregenie.lab.text import ask

    with about(file):
        answer = ask(apart(hear, file))
    print(f"Tags: {answer.text or 'none, so the sound alone decides'}")
    for title, confidences in (
        ("sound alone", answer.sound),
        ("sound and tags", answer.sound_and_text),
    ):
        best = ranked(confidences)[:3]
        print(f"{title:<16}" + ", ".join(f"{display_name(g)} {p:.0%}" for g, p in best))
