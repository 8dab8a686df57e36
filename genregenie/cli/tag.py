"""``genregenie tag`` and ``genregenie untag``; see `genregenie.cli.main`."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genregenie.common.formatting import printable
from genregenie.common.genres import display_name, ranked

if TYPE_CHECKING:
    from genregenie.audio.scan import AudioPath
    from genregenie.tagging.journal import Journal
    from genregenie.tagging.policy import TagPolicy
    from genregenie.tagging.records import RunRequest
    from genregenie.tagging.tagger import Item, Listening

MODES = ("add", "replace", "if-empty")


def add_library_commands(
    commands: Any, jobs: Callable[[str], int], positive: Callable[[str], int]
) -> None:
    """Add the commands to the parser's; `jobs` and `positive` read whole numbers."""
    tag = commands.add_parser(
        "tag",
        help="write genres into the tags of whole folders; a plan unless --write",
        description="Listens to files and plans the genres of their tags. Nothing is changed "
        "without --write, files judged unsure or not music are left alone, and 'genregenie untag' "
        "takes it all back.",
    )
    tag.add_argument(
        "paths", nargs="+", metavar="PATH", help="files, folders or patterns ('music/**/*.mp3')"
    )
    tag.add_argument("--write", action="store_true", help="change the files")
    tag.add_argument(
        "--mode",
        choices=MODES,
        default=MODES[0],
        help="what happens to genres that are there (default: add to them)",
    )
    tag.add_argument(
        "--threshold",
        type=_share,
        default=0.3,
        metavar="P",
        help="confidence from which a genre is written, 0 to 1 (default: 0.3)",
    )
    tag.add_argument(
        "--at-most", type=positive, default=2, metavar="N", help="genres a file (default: 2)"
    )
    tag.add_argument(
        "--names", type=Path, metavar="FILE", help='own names: lines such as hiphop = "Rap"'
    )
    tag.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave out, as a line of .genregenieignore would; may be repeated",
    )
    tag.add_argument("--keep-mtime", action="store_true", help="keep modification times")
    tag.add_argument(
        "--whole", action="store_true", help="hear files whole, not on six stretches of 10 s"
    )
    where = tag.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=jobs, default=-1, metavar="N", help="default: all cores")
    where.add_argument(
        "--dask", metavar="ADDRESS", help="have a Dask cluster listen, such as tcp://10.0.0.5:8786"
    )
    tag.add_argument("--quiet", action="store_true", help="print no line for each file")
    for name, what in (("csv", "a table"), ("jsonl", "lines of JSON"), ("html", "a page")):
        tag.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"report as {what}")
    tag.add_argument("--playlists", type=Path, metavar="DIR", help="a playlist for each genre")
    tag.set_defaults(run=_tag)

    untag = commands.add_parser("untag", help="take back what a run of 'tag --write' wrote")
    untag.add_argument(
        "number", nargs="?", type=positive, metavar="RUN", help="without it, the runs are listed"
    )
    untag.add_argument(
        "--moved",
        nargs=2,
        metavar=("OLD", "NEW"),
        help="the folder that was tagged, and where it is now",
    )
    untag.set_defaults(run=_untag)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is out of range, wanted 0 to 1")
    return value


def _fail(message: object) -> int:
    print(f"genregenie: {message}", file=sys.stderr)
    return 1


# --- tag -------------------------------------------------------------------------------------


def _tag(options: argparse.Namespace) -> int:
    from genregenie.audio import SIX_STRETCHES, WHOLE
    from genregenie.inference.classifier import Classifier
    from genregenie.inference.cluster import ClusterError
    from genregenie.model.model import ModelError
    from genregenie.tagging.journal import Journal, JournalError
    from genregenie.tagging.policy import NamesError, TagPolicy, read_names
    from genregenie.tagging.reports import ReportError
    from genregenie.tagging.tagger import Listening

    try:
        classifier = Classifier.load()
        names = read_names(options.names, classifier.model.genres) if options.names else {}
        policy = TagPolicy(options.mode, options.threshold, options.at_most, names)
        listening = Listening(
            classifier.version,
            WHOLE if options.whole else SIX_STRETCHES,
            options.dask or "processes",
            options.jobs,
        )
        files, troubles = _found(options.paths, options.exclude)
        for path, reason in troubles:
            print(f"{path}: {reason}", file=sys.stderr)
        with Journal() as journal:
            items = _Tagging(options, journal, policy, listening).over(files)
        _report(options, items)
    except (ModelError, NamesError, JournalError, ClusterError, ReportError, ValueError) as error:
        return _fail(error)
    return int(bool(troubles) or any(item.state == "failed" for item in items))


def _found(
    paths: Sequence[str], exclude: Sequence[str]
) -> tuple[list["AudioPath"], list[tuple[str, str]]]:
    from genregenie.audio.scan import AudioPath, walk

    files, troubles = [], []
    for entry in walk(paths, exclude):
        if isinstance(entry, AudioPath):
            files.append(entry)
        else:
            troubles.append((printable(entry.path), entry.reason))
    return files, troubles


class _Tagging:
    """One run: plans, writes if asked to, prints a line for each file and the sum of it."""

    def __init__(
        self,
        options: argparse.Namespace,
        journal: "Journal",
        policy: "TagPolicy",
        listening: "Listening",
    ) -> None:
        self._options = options
        self._journal = journal
        self._policy = policy
        self._listening = listening
        wanted = (options.csv, options.jsonl, options.html, options.playlists)
        self._keep = any(path is not None for path in wanted)

    def over(self, files: Sequence["AudioPath"]) -> list["Item"]:
        """Do it. Returns what reports need: every file if there are any, else what failed."""
        kept: list[Item] = []
        states: Counter[str] = Counter()
        run = None
        if self._options.write:
            self._journal.lock()
            run = self._journal.start_run(self._request())
        try:
            for item in self._items(files, run):
                states[item.state] += 1
                if self._keep or item.state == "failed":
                    kept.append(item)
        except KeyboardInterrupt:
            print(
                f"\nStopped after {states.total()} of {len(files)} files. The same command goes on "
                "from here.",
                file=sys.stderr,
            )
            self._print_sum(states, run)
            raise
        if run is not None:
            self._journal.finish_run(run)
        self._print_sum(states, run)
        return kept

    def _items(self, files: Sequence["AudioPath"], run: int | None) -> Iterator["Item"]:
        from tqdm import tqdm

        from genregenie.tagging.tagger import plan, write

        # disable=None: no bar where nobody watches
        with tqdm(total=len(files), unit="file", disable=None, smoothing=0.1) as bar:
            for item in plan(files, self._journal, self._policy, self._listening):
                if run is not None and item.state == "to write":
                    keep = self._options.keep_mtime
                    item = write(item, run, self._journal, self._listening, keep)
                if item.state == "failed" or not self._options.quiet:
                    bar.write(_line(item), file=sys.stdout)
                bar.update()
                yield item

    def _request(self) -> "RunRequest":
        from genregenie.tagging.records import RunRequest

        paths = tuple(str(Path(path).absolute()) for path in self._options.paths)
        return RunRequest(paths, self._policy, tuple(self._options.exclude))

    def _print_sum(self, states: "Counter[str]", run: int | None) -> None:
        self._print_moves()
        words = [f"{count} {state}" for state, count in sorted(states.items())]
        print(f"\n{states.total()} files: {', '.join(words) or 'nothing to listen to'}.")
        if run is None and states["to write"]:
            print("Nothing was changed. Add --write to change them.")
        elif states["written"]:
            print(f"This is run {run}. Take it back with: genregenie untag {run}")

    def _print_moves(self) -> None:

        moves = self._journal.moves
        if moves:
            old, new = map(printable, moves[0])
            print(
                f"\n{len(moves)} of these files were somewhere else before: {new} was {old}.\n"
                "They were not heard again. To take tags back there: genregenie untag RUN "
                "--moved OLD NEW."
            )


def _line(item: "Item") -> str:

    name = printable(item.file.path)
    if item.state == "failed" or item.heard is None:
        return f"{item.state:<9}  {name}\n           {item.reason}"
    if item.state in ("unsure", "not music"):
        likely = ranked(item.heard.confidences)[:2]
        guess = ", ".join(f"{display_name(genre)} {p:.0%}" for genre, p in likely)
        return f"{item.state:<9}  {name}" + (f"\n           {guess}?" if item.heard.genre else "")
    if item.state == "as it is":
        return (
            f"{item.state:<9}  {name}\n           {printable('; '.join(item.after)) or 'no genre'}"
        )
    before = f"{printable('; '.join(item.before))} -> " if item.before else ""
    after = printable("; ".join(item.after))
    return f"{item.state:<9}  {name}\n           {before}{after}, {item.heard.confidence:.0%} sure"


def _report(options: argparse.Namespace, items: Sequence["Item"]) -> None:
    from genregenie.tagging import reports

    for path, write in (
        (options.csv, reports.write_csv),
        (options.jsonl, reports.write_json_lines),
        (options.html, reports.write_html),
    ):
        if path is not None:
            write(path, items)
            print(f"Report in {path}")
    if options.playlists is not None:
        written = reports.write_playlists(options.playlists, items)
        print(f"{len(written)} playlists in {options.playlists}")


# --- untag -----------------------------------------------------------------------------------


def _untag(options: argparse.Namespace) -> int:
    from genregenie.tagging.journal import Journal, JournalError

    try:
        with Journal() as journal:
            if options.number is None:
                return _list_runs(journal)
            journal.lock()
            return _take_back(options.number, journal, options.moved)
    except JournalError as error:
        return _fail(error)


def _list_runs(journal: "Journal") -> int:
    runs = journal.runs()
    if not runs:
        print("No tags were written yet.")
    for run in runs:
        state = "" if run.finished else ", stopped half-way"
        undone = f", {run.undone} of them taken back" if run.undone else ""
        print(f"run {run.number}  {run.started}  {run.changed} files changed{undone}{state}")
        print(f"       {run.request.policy.mode} in {', '.join(run.request.paths)}")
    return 0


def _take_back(number: int, journal: "Journal", moved: tuple[str, str] | None) -> int:
    from tqdm import tqdm

    from genregenie.tagging.tagger import untag

    run = next((run for run in journal.runs() if run.number == number), None)
    if run is None:
        return _fail(f"There is no run {number}. 'genregenie untag' lists them.")
    done = failed = 0
    try:
        with tqdm(total=run.changed - run.undone, unit="file", disable=None) as bar:
            for item in untag(number, journal, moved):
                if item.reason:
                    failed += 1
                    bar.write(f"failed  {printable(item.path)}\n        {item.reason}", sys.stdout)
                else:
                    done += 1
                bar.update()
    except KeyboardInterrupt:
        print(f"\nStopped after {done} files. The same command goes on from here.", file=sys.stderr)
        raise
    print(f"{done} files are as they were before run {number}.")
    if failed:
        print(f"{failed} could not be put back; say it again once the reason is gone.")
    return int(failed > 0)
