"""``genregenie classify``: name the genre of audio files."""

import argparse
import glob
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genregenie.cli.arguments import (
    TABLES,
    Commands,
    add_command,
    add_fast,
    add_jobs,
    add_json,
    add_tables,
    file_path,
)
from genregenie.cli.messages import Bar, log
from genregenie.common.formatting import printable
from genregenie.common.genres import display_name, ranked

if TYPE_CHECKING:
    from genregenie.audio import AudioError
    from genregenie.inference.prediction import Prediction


_MAX_HEARD: Final = 8


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    classify = add_command(commands, "classify", _classify, "name the genre of audio files")
    classify.add_argument(
        "files",
        nargs="+",
        type=file_path,
        metavar="FILE",
        help="files, folders or patterns ('music/**/*.mp3')",
    )
    printed = classify.add_mutually_exclusive_group()
    add_json(printed, "array")
    printed.add_argument(
        "--acousticbrainz",
        action="store_true",
        help="print a JSON array of documents as AcousticBrainz has them, with what is measured",
    )
    add_tables(classify)
    add_fast(classify)
    add_jobs(classify)


def _classify(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.audio import AudioError
    from genregenie.inference.acousticbrainz import document
    from genregenie.inference.batch import classify_many
    from genregenie.inference.classifier import Classifier
    from genregenie.inference.prediction import record

    classifier = Classifier.load()
    files, failed = _named_files(options.files)
    log.debug("%d files, heard by model %s", len(files), classifier.version)
    results = zip(files, classify_many(files, jobs=options.jobs), strict=True)
    objects: list[dict[str, Any]] = []
    kept: list[tuple[Path, Prediction | AudioError]] = []
    keep = any(getattr(options, name) is not None for name in TABLES)
    width = min(max((len(printable(str(path))) for path in files), default=0), 60)
    with Bar(options, len(files)) as bar:
        for path, result in results:
            failed |= isinstance(result, AudioError)
            if keep:
                kept.append((path, result))
            if options.json:
                objects.append(record(str(path), result))
            elif options.acousticbrainz:
                if isinstance(result, AudioError):
                    log.error("%s: %s", printable(str(path)), result)
                else:
                    objects.append(document(str(path), result))
            else:
                bar.print(_as_line(path, result, width))
            bar.advance()
    if options.json or options.acousticbrainz:
        print(json.dumps(objects, indent=2))
    if keep:
        _write_tables(options, kept)
    return int(failed)


def _write_tables(
    options: argparse.Namespace, kept: "Sequence[tuple[Path, Prediction | AudioError]]"
) -> None:
    from genregenie.common import tables
    from genregenie.inference.prediction import record
    from genregenie.inference.tables import flat_rows

    rows = [
        {"file": str(path), **row}
        for (path, _), row in zip(kept, flat_rows([result for _, result in kept]), strict=True)
    ]
    if options.csv is not None:
        tables.write_csv(options.csv, rows)
    if options.parquet is not None:
        tables.write_parquet(options.parquet, rows)
    if options.jsonl is not None:
        tables.write_json_lines(options.jsonl, (record(str(path), result) for path, result in kept))


def _named_files(paths: Sequence[Path]) -> tuple[list[Path], bool]:
    """The files that are meant, and whether something could not be looked at, which is said."""
    from genregenie.audio.scan import AudioPath, walk

    files, failed = [], False
    named = {str(path) for path in paths if not glob.has_magic(str(path))}
    for entry in walk(list(map(str, paths))):
        if (
            isinstance(entry, AudioPath) or entry.path in named
        ):  # of one that is not there, a result
            files.append(Path(entry.path))
        else:
            failed = True
            log.error("%s: %s", printable(entry.path), entry.reason)
    if not files and not failed:
        failed = True
        log.error("genregenie: There are no audio files there.")
    return files, failed


def _as_line(path: Path, result: "Prediction | AudioError", width: int) -> str:
    from genregenie.audio import AudioError, format_duration

    name = f"{printable(str(path)):<{width}}"
    if isinstance(result, AudioError):
        return f"{name}  {'failed':<10}  {result}"
    length = format_duration(result.duration_s)
    if result.is_partial:
        heard_s = result.analysed_s + result.silent_s
        length += f" ({format_duration(heard_s)} of it heard, spread evenly)"
    if result.quality != "full":
        length += f"  too {result.quality} to be sure"
    elif result.is_silent:
        length += "  silence"
    heard = heard_line(result)
    if result.genre is None:
        return f"{name}  {'not music':<10}  {'':<34}  {length}{heard}"
    likely = ranked(result.confidences)[:3]
    best, *others = (f"{display_name(genre)} {p:.0%}" for genre, p in likely)
    return f"{name}  {result.verdict:<10}  {best:<14} {', '.join(others):<24}  {length}{heard}"


def heard_line(result: "Prediction") -> str:
    """Tempo, key, and what the network hears, on a line of its own; nothing where all is unsure."""
    from genregenie.autotag.vocabulary import shown
    from genregenie.inference.headline import tempo_and_key

    told = list(filter(None, [", ".join(tempo_and_key(result))]))
    if result.beyond:
        styles = ", ".join(map(shown, result.beyond))
        told.append(f"not one of its genres; sounds like {styles}")
    names = [shown(tag.name) for tag in result.heard if tag.name not in result.beyond]
    if names and result.genre is not None:
        told.append(f"heard: {', '.join(names[:_MAX_HEARD])}")
    return f"\n    {'; '.join(told)}" if told else ""
