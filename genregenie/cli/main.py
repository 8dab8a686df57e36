"""The command line: reads arguments, calls the engine, prints.

Exit status: 0 when everything worked, 1 when some file or step failed, 2 for wrong use.
"""

import argparse
import contextlib
import glob
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genregenie.cli.feedback import add_feedback_command, add_feedback_options
from genregenie.cli.lab import add_lab_commands
from genregenie.cli.recommend import add_recommend_commands
from genregenie.cli.tag import add_library_commands
from genregenie.cli.users import add_users_command
from genregenie.common import settings
from genregenie.common.genres import display_name, ranked
from genregenie.common.version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ``genregenie`` command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # file names need not be valid text
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, head for instance, has seen enough
        sys.stderr.close()
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genregenie", description="Names the musical genre of audio files."
    )
    parser.add_argument("--version", action="version", version=f"genregenie {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    classify = commands.add_parser("classify", help="name the genre of audio files")
    classify.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="files, folders or patterns ('music/**/*.mp3')",
    )
    classify.add_argument("--json", action="store_true", help="print a JSON array")
    classify.add_argument(
        "--jobs",
        type=_jobs,
        default=-1,
        metavar="N",
        help="processes (default: one for each core)",
    )
    classify.set_defaults(run=_classify)

    add_library_commands(commands, _jobs, _positive)
    add_recommend_commands(commands, _jobs, _positive)
    add_lab_commands(commands, _jobs)

    evaluate = commands.add_parser("evaluate", help="score the model on a table of statistics")
    evaluate.add_argument("table", type=Path, metavar="TABLE.npz")
    evaluate.add_argument("--json", action="store_true", help="print a JSON object")
    evaluate.set_defaults(run=_evaluate)

    train = commands.add_parser(
        "train", help="train from a table of statistics or a folder of <genre>/<audio files>"
    )
    train.add_argument(
        "source",
        nargs="?",
        type=Path,
        metavar="TABLE.npz|FOLDER",
        help="default: the GTZAN statistics beside the project",
    )
    train.add_argument(
        "--output", type=Path, metavar="DIR", help="model folder (default: models/<source>)"
    )
    train.add_argument(
        "--candidates", metavar="A,B", help="compare only these (default: all of them)"
    )
    train.add_argument("--folds", type=_at_least_two, default=5, metavar="N")
    train.add_argument("--seeds", type=_positive, default=2, metavar="N")
    train.add_argument("--jobs", type=_jobs, default=-1, metavar="N", help="default: all cores")
    add_feedback_options(train)
    train.set_defaults(run=_train)

    serve = commands.add_parser("serve", help="start the app")
    serve.add_argument("--host", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=_port, help="port to listen on (default: 7860)")
    serve.set_defaults(run=_serve)

    add_users_command(commands)
    add_feedback_command(commands)
    return parser


def _positive(text: str) -> int:
    return _integer(text, 1, None)


def _at_least_two(text: str) -> int:
    return _integer(text, 2, None)


def _port(text: str) -> int:
    return _integer(text, 1, 65_535)


def _jobs(text: str) -> int:
    return -1 if text == "-1" else _integer(text, 1, None)


def _integer(text: str, low: int, high: int | None) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < low or (high is not None and value > high):
        limits = f"from {low} to {high}" if high is not None else f"{low} or more"
        raise argparse.ArgumentTypeError(f"{text} is out of range, wanted {limits}")
    return value


def _fail(message: object) -> int:
    print(f"genregenie: {message}", file=sys.stderr)
    return 1


# --- classify --------------------------------------------------------------------------------


def _classify(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.audio import AudioError
    from genregenie.inference.batch import classify_many
    from genregenie.inference.classifier import Classifier
    from genregenie.inference.report import as_object
    from genregenie.model.model import ModelError

    try:
        Classifier.load()
    except ModelError as error:
        return _fail(error)
    files, failed = _named_files(options.files)
    results = zip(files, classify_many(files, jobs=options.jobs), strict=True)
    objects = []
    width = min(max((len(str(path)) for path in files), default=0), 60)
    with contextlib.ExitStack() as stack:
        bar = None
        if len(files) > 1 and sys.stderr.isatty():
            from tqdm import tqdm  # it takes a while, and few calls need it

            bar = stack.enter_context(tqdm(total=len(files), unit="file", smoothing=0.1))
        for path, result in results:
            failed |= isinstance(result, AudioError)
            if options.json:
                objects.append(as_object(str(path), result))
            elif bar is None:
                print(_as_line(path, result, width), flush=True)
            else:
                bar.write(_as_line(path, result, width), file=sys.stdout)
            if bar is not None:
                bar.update()
    if options.json:
        print(json.dumps(objects, indent=2))
    return int(failed)


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
            print(f"{entry.path}: {entry.reason}", file=sys.stderr)
    if not files and not failed:
        failed = True
        print("genregenie: There are no audio files there.", file=sys.stderr)
    return files, failed


def _as_line(path: Path, result: Any, width: int) -> str:
    from genregenie.audio import AudioError, format_duration

    name = f"{path!s:<{width}}"
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
    if result.genre is None:
        return f"{name}  {'not music':<10}  {'':<34}  {length}"
    likely = ranked(result.confidences)[:3]
    best, *others = (f"{display_name(genre)} {p:.0%}" for genre, p in likely)
    return f"{name}  {result.verdict:<10}  {best:<14} {', '.join(others):<24}  {length}"


# --- evaluate and train ----------------------------------------------------------------------


def _evaluate(options: argparse.Namespace) -> int:
    from genregenie.datasets.table import DataError, read_table
    from genregenie.evaluation.evaluate import evaluate
    from genregenie.model.model import Model, ModelError

    try:
        result = evaluate(Model.load(settings.model_dir()), read_table(options.table))
    except (ModelError, DataError) as error:
        return _fail(error)
    if options.json:
        keys = ("n", "accuracy", "macro_f1", "top3", "ece", "per_genre")
        scores = {key: getattr(result, key) for key in keys}
        print(json.dumps(scores | {"confusion": result.confusion.tolist()}, indent=2))
        return 0
    print(
        f"{result.n} clips: accuracy {result.accuracy:.3f}, macro-F1 {result.macro_f1:.3f}, "
        f"top-3 {result.top3:.3f}, expected calibration error {result.ece:.3f}\n"
    )
    header = "".join(f"{genre[:6]:>7}" for genre in result.genres)
    print(f"{'true genre':<12}{'F1':>5}{header}   (predicted)")
    for genre, row in zip(result.genres, result.confusion.tolist(), strict=True):
        counts = "".join(f"{count:>7}" for count in row)
        print(f"{display_name(genre):<12}{result.per_genre[genre]['f1']:>5.2f}{counts}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from genregenie.datasets.table import DataError, read_table
    from genregenie.training.train import select, train

    default = options.source is None
    source = (
        settings.training_data_dir() / "gtzan/mfcc_statistics.npz" if default else options.source
    )
    name = "GTZAN" if default else _name_of(source)
    command = "genregenie train" if default else f"genregenie train {shlex.quote(name)}"
    if options.candidates:
        command += f" --candidates {options.candidates}"
    called = "gtzan" if default else name if source.is_dir() else source.stem
    if options.with_feedback is not None:
        base = options.output or settings.trained(called)
        return _improve(options, source, base, name, command)
    if options.replace:
        return _fail("--replace goes with --with-feedback.")
    folder = options.output or settings.trained_dir() / called
    try:
        chosen = select(options.candidates.split(",") if options.candidates else None)
        table = _read_folder(source, options.jobs) if source.is_dir() else read_table(source)
        print(f"{table.known()}; {len(table.genres)} genres, {len(chosen)} candidates")
        trained = train(
            table,
            folder,
            source=name,
            command=command,
            chosen=chosen,
            folds=options.folds,
            seeds=options.seeds,
            jobs=options.jobs,
            say=lambda line: print(line, flush=True),
        )
    except (DataError, OSError) as error:
        return _fail(error)
    from genregenie.training.artifacts import score_rows

    rows = score_rows(trained.scores)
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    print()
    for row in [{key: key for key in widths}, *rows]:
        print("  ".join(f"{row[key]:<{width}}" for key, width in widths.items()).rstrip())
    print()
    for protocol in dict.fromkeys(score.protocol for score in trained.scores):
        print(f"{protocol.kind}: {protocol.title}; {protocol.remark}.")
    print(f"Written to {folder}")
    return 0


def _name_of(source: Path) -> str:
    """What a table or folder is called, however it was typed: ``.`` and ``..`` have names too."""
    from genregenie.spotify.names import clean

    named = source if source.name not in ("", "..") else source.resolve()
    return clean(named.name) or "all"  # the uppermost folder has no name


def _improve(options: argparse.Namespace, source: Path, base: Path, name: str, command: str) -> int:
    from genregenie.cli import feedback as feedback_cli
    from genregenie.datasets.table import DataError, read_table
    from genregenie.model.model import ModelError
    from genregenie.training.improve import improve

    if options.candidates:
        return _fail("--with-feedback takes the model as it is; leave --candidates out.")
    try:
        feedback = feedback_cli.read(options.with_feedback)
        table = _read_folder(source, options.jobs) if source.is_dir() else read_table(source)
        improved = improve(
            table,
            base,
            feedback,
            source=name,
            command=f"{command} --with-feedback",
            folds=options.folds,
            seeds=options.seeds,
            jobs=options.jobs,
            replace=options.replace,
            home=None if options.output else settings.trained_dir(),
            say=lambda line: print(line, flush=True),
        )
    except (DataError, ModelError, OSError) as error:
        return _fail(error)
    return feedback_cli.report(improved, base, replace=options.replace)


def _read_folder(folder: Path, jobs: int) -> Any:
    from tqdm import tqdm

    from genregenie.datasets.folder import read_folder

    with tqdm(unit="file", desc="Listening") as bar:

        def progress(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.update(done - bar.n)

        table, skipped = read_folder(folder, jobs, progress)
    for skip in skipped:
        print(f"skipped {skip.path}: {skip.reason}", file=sys.stderr)
    return table


# --- serve -----------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    from genregenie.web.startup import serve

    try:
        serve(options.host, options.port)
    except settings.SettingsError as error:
        return _fail(error)
    return 0
