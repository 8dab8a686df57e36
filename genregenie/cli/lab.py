"""``genregenie lab`` and ``genregenie spotify-features``; see `genregenie.cli.main`."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genregenie.lab.runs import Row
    from genregenie.spotify_features.exportify import Sheet
    from genregenie.spotify_features.model import FeatureVerdict

_PARTS = ("scores", "report", "confusion", "curve")


def add_lab_commands(commands: Any, jobs: Callable[[str], int]) -> None:
    """Add both commands to the parser's; `jobs` reads a number of processes."""
    lab = commands.add_parser(
        "lab",
        help="run earlier systems beside this one, each under its own protocol and an honest one",
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
        "--ask", type=Path, metavar="FILE", help="name a file's genre as A does, by its tags too"
    )
    lab.add_argument(
        "--output", type=Path, metavar="DIR", help="where tables go (default: models/lab)"
    )
    lab.add_argument("--jobs", type=jobs, default=-1, metavar="N", help="default: all cores")
    lab.add_argument("--dask", metavar="ADDRESS", help="work on the Dask cluster at this address")
    lab.set_defaults(run=_lab)

    features = commands.add_parser(
        "spotify-features",
        help="name genres from a CSV of Spotify's audio features, such as Exportify's",
    )
    features.add_argument("file", type=Path, metavar="FILE.csv")
    features.add_argument("--json", action="store_true", help="print a JSON object")
    features.set_defaults(run=_spotify_features)


def _fail(message: object) -> int:
    print(f"genregenie: {message}", file=sys.stderr)
    return 1


def _say(line: str) -> None:
    print(line, flush=True)


# --- lab -------------------------------------------------------------------------------------


def _lab(options: argparse.Namespace) -> int:
    from genregenie.audio import AudioError
    from genregenie.datasets.table import DataError
    from genregenie.inference.cluster import ClusterError, joblib_on
    from genregenie.model.model import ModelError

    try:
        if options.list:
            _list()
        elif options.cached:
            _print_cached(options.output)
        elif options.ask:
            _ask(options.ask)
        else:
            with joblib_on(options.dask):
                _run(options)
    except AudioError as error:
        return _fail(f"{options.ask}: {error}")
    except (ClusterError, DataError, ModelError, OSError) as error:
        return _fail(error)
    except ImportError as error:
        return _fail(f"This needs one more package: pip install imbalanced-learn ({error})")
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
        spotify_training.ship(open_table("spotify"), options.output, _say)
    elif options.system is None:
        if options.protocol or options.model or options.table:
            print("Choose a system too: --system A to E.", file=sys.stderr)
            raise SystemExit(2)
        seconds = run_all.run_all(folder=options.output, jobs=options.jobs, say=_say)
        print(f"\nDone in {seconds / 60:.1f} minutes.\n")
        _print_cached(options.output)
    elif options.protocol or options.model or options.table:
        _one(options)
    else:
        rows = run_all.run_system(system(options.system), options.output, options.jobs, _say)
        print()
        _print_scores(rows)


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
        _print_table(
            {
                "training rows": str(p.rows),
                "accuracy on them": f"{p.known:.3f}",
                f"accuracy, {protocol.title}": f"{p.held_out:.3f}",
            }
            for p in points
        )
        return
    rows = runs.under(chosen, table, protocol, options.jobs, _say, models)
    print()
    if options.show == "scores":
        _print_scores(rows)
        print(f"\n{protocol.kind}: {protocol.title}; {protocol.remark}.")
    for row in rows if options.show != "scores" else ():
        print(f"{row.model}, {row.protocol.title}")
        _print_table(_report(row) if options.show == "report" else _confusion(row))
        print()


def _print_cached(folder: Path | None) -> None:
    from genregenie.lab import results

    lines = results.read("headlines", folder)
    if not lines:
        from genregenie.datasets.table import DataError

        raise DataError("There are no figures yet. 'genregenie lab' makes them.")
    print("Accuracy as published, reproduced under the published protocol, and honest\n")
    _print_table({k: _short(v) for k, v in line.items()} for line in lines)


def _short(text: str) -> str:
    try:
        return f"{float(text):.3f}"
    except ValueError:
        return text or "-"


def _print_scores(rows: Sequence["Row"]) -> None:
    tracks = any(row.voted is not None for row in rows)
    lines = []
    for row in rows:
        line = {
            "model": row.model,
            "protocol": row.protocol.kind,
            "split": row.shape,
            "accuracy": f"{row.accuracy:.3f}",
            "macro-F1": f"{row.macro_f1:.3f}",
            "top-3": f"{row.top3:.3f}",
        }
        if tracks:
            line["tracks, voted"] = "-" if row.voted is None else f"{row.voted:.3f}"
            line["tracks, averaged"] = "-" if row.averaged is None else f"{row.averaged:.3f}"
        lines.append(line | {"fit (s)": f"{row.fit_s:.2f}"})
    _print_table(lines)


def _report(row: "Row") -> list[dict[str, str]]:
    columns = zip(row.genres, row.precision, row.recall, row.f1, row.support, strict=True)
    return [
        {
            "genre": genre,
            "precision": f"{precision:.2f}",
            "recall": f"{recall:.2f}",
            "F1": f"{f1:.2f}",
            "rows": str(int(n)),
        }
        for genre, precision, recall, f1, n in columns
    ]


def _confusion(row: "Row") -> list[dict[str, str]]:
    return [
        {"really": genre} | {g[:7]: str(n) for g, n in zip(row.genres, counts, strict=True)}
        for genre, counts in zip(row.genres, row.confusion.tolist(), strict=True)
    ]


def _print_table(rows: Iterable[Mapping[str, str]]) -> None:
    lines = list(rows)
    widths = {k: max(len(k), *(len(line[k]) for line in lines)) for k in lines[0]}
    for line in [{k: k for k in widths}, *lines]:
        print("  ".join(f"{line[k]:<{width}}" for k, width in widths.items()).rstrip())


def _ask(file: Path) -> None:
    from genregenie.audio.parallel import apart
    from genregenie.common.genres import display_name, ranked
    from genregenie.lab.text import ask

    answer = apart(ask, file)
    print(f"Tags: {answer.text or 'none, so the sound alone decides'}")
    for title, confidences in (
        ("sound alone", answer.sound),
        ("sound and tags", answer.sound_and_text),
    ):
        best = ranked(confidences)[:3]
        print(f"{title:<16}" + ", ".join(f"{display_name(g)} {p:.0%}" for g, p in best))


# --- spotify-features ------------------------------------------------------------------------


def _spotify_features(options: argparse.Namespace) -> int:
    from genregenie.datasets.table import DataError
    from genregenie.model.model import ModelError
    from genregenie.spotify_features.exportify import read_sheet
    from genregenie.spotify_features.model import shipped
    from genregenie.spotify_features.report import record

    try:
        sheet = read_sheet(options.file)
        verdicts = shipped().judge(sheet.rows)
    except (DataError, ModelError) as error:
        return _fail(error)
    if options.json:
        print(json.dumps(record(sheet, verdicts), indent=2, ensure_ascii=False))
    else:
        _print_verdicts(sheet, verdicts)
    return 0


def _print_verdicts(sheet: "Sheet", verdicts: Sequence["FeatureVerdict"]) -> None:
    from genregenie.spotify_features.model import display_name

    width = min(max(len(name) for name in sheet.names), 50)
    for name, verdict in zip(sheet.names, verdicts, strict=True):
        likely = [f"{display_name(g)} {p:.0%}" for g, p in verdict.top]
        best, *others = likely or ["no genre"]
        print(f"{name[:width]:<{width}}  {best:<22}{', '.join(others)}")
    for note in sheet.notes:
        print(note, file=sys.stderr)
