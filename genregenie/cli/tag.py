"""``genregenie tag``: write genres, and tags that are heard, into the files of whole folders."""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genregenie.cli.arguments import (
    GROUPS,
    TABLES,
    Commands,
    add_command,
    add_dask,
    add_fast,
    add_jobs,
    any_path,
    file_path,
    folder_path,
    kinds,
    positive,
    share,
)
from genregenie.cli.messages import Bar, CommandError, log
from genregenie.common.formatting import printable
from genregenie.common.genres import display_name, ranked

if TYPE_CHECKING:
    from genregenie.audio.scan import AudioPath
    from genregenie.tagging.journal import Journal
    from genregenie.tagging.policy import TagPolicy
    from genregenie.tagging.records import CachedResult, RunRequest
    from genregenie.tagging.tagger import Item, Listening

MODES = ("add", "replace", "if-empty")


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    tag = add_command(
        commands,
        "tag",
        _tag,
        "write genres into the tags of whole folders; a plan unless --write",
        description="Listens to files and plans the genres of their tags. Nothing is changed "
        "without --write, files judged unsure or not music are left alone, and 'genregenie untag' "
        "takes it all back.",
    )
    tag.add_argument(
        "paths",
        nargs="+",
        type=any_path,
        metavar="PATH",
        help="files, folders or patterns ('music/**/*.mp3')",
    )
    tag.add_argument("--write", action="store_true", help="change the files")
    tag.add_argument(
        "--mode",
        choices=MODES,
        default=MODES[0],
        help="what happens to values that are there (default: add to them; of tempo and key, "
        "which a song has one of, keep them)",
    )
    tag.add_argument(
        "--threshold",
        type=share,
        default=0.3,
        metavar="P",
        help="confidence from which a genre is written, 0 to 1 (default: 0.3)",
    )
    tag.add_argument(
        "--at-most",
        type=positive,
        default=2,
        metavar="N",
        help="genres a file, and heard tags of a group (default: 2)",
    )
    tag.add_argument(
        "--tags",
        type=kinds,
        default=(),
        metavar="KINDS",
        help="write more: heard tags (style, to the genres; mood, era, voice), and tempo and key "
        "where they are sure; such as mood,tempo,key",
    )
    tag.add_argument(
        "--unsure",
        action="store_true",
        help="with --tags: write these where the genre is unsure, too",
    )
    tag.add_argument(
        "--names", type=file_path, metavar="FILE", help='own names: lines such as hiphop = "Rap"'
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
    add_fast(tag)
    where = tag.add_mutually_exclusive_group()
    add_jobs(where)
    add_dask(where, "have a Dask cluster listen, such as tcp://10.0.0.5:8786")
    for name, what in {**TABLES, "html": "a page"}.items():
        tag.add_argument(f"--{name}", type=file_path, metavar="FILE", help=f"report as {what}")
    tag.add_argument(
        "--playlists", type=folder_path, metavar="DIR", help="a playlist for each genre"
    )


def _tag(options: argparse.Namespace) -> int:
    from genregenie.audio import SIX_STRETCHES, WHOLE
    from genregenie.inference.classifier import Classifier
    from genregenie.tagging.journal import Journal
    from genregenie.tagging.policy import TagPolicy, read_names
    from genregenie.tagging.tagger import Listening

    if options.unsure and not options.tags:
        raise CommandError("--unsure is about --tags: say which ones, such as --tags style.")
    classifier = Classifier.load()
    by_network = [kind for kind in options.tags if kind in GROUPS]
    if by_network and classifier.fast:
        raise CommandError(
            f"--tags {','.join(by_network)} writes what the network hears, and it is left out "
            "here. Leave out --fast, GENREGENIE_HEARING=timbre or these tags, or install it: "
            "pip install onnxruntime soxr."
        )
    names = read_names(options.names, classifier.model.genres) if options.names else {}
    policy = TagPolicy(
        *(options.mode, options.threshold, options.at_most, names),
        kinds=options.tags,
        unsure=options.unsure,
    )
    listening = Listening(
        classifier.version,
        WHOLE if options.whole else SIX_STRETCHES,
        options.dask or "processes",
        options.jobs,
        classifier.fast,
    )
    files, unreadable = found(options.paths, options.exclude)
    for path, reason in unreadable:
        log.error("%s: %s", path, reason)
    log.debug("%d files, heard by model %s", len(files), classifier.version)
    with Journal() as journal:
        items = _Tagging(options, journal, policy, listening).over(files)
    _report(options, items)
    return int(bool(unreadable) or any(item.state == "failed" for item in items))


def found(
    paths: Sequence[str], exclude: Sequence[str]
) -> tuple[list["AudioPath"], list[tuple[str, str]]]:
    """The files that are meant; the names of what cannot be looked at, and why."""
    from genregenie.audio.scan import AudioPath, walk

    files, unreadable = [], []
    for entry in walk(paths, exclude):
        if isinstance(entry, AudioPath):
            files.append(entry)
        else:
            unreadable.append((printable(entry.path), entry.reason))
    return files, unreadable


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
        wanted = (*(getattr(options, name) for name in TABLES), options.html, options.playlists)
        self._keep = any(path is not None for path in wanted)
        self._heard_unsure = 0

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
                self._heard_unsure += self._has_more(item)
                if self._keep or item.state == "failed":
                    kept.append(item)
        except KeyboardInterrupt:
            log.error(
                "\nStopped after %d of %d files. The same command goes on from here.",
                states.total(),
                len(files),
            )
            self._print_sum(states, run)
            raise
        if run is not None:
            self._journal.finish_run(run)
        self._print_sum(states, run)
        return kept

    def _items(self, files: Sequence["AudioPath"], run: int | None) -> Iterator["Item"]:
        from genregenie.tagging.tagger import plan, write

        with Bar(self._options, len(files)) as bar:
            for item in plan(files, self._journal, self._policy, self._listening):
                if run is not None and item.state == "to write":
                    keep = self._options.keep_mtime
                    item = write(item, run, self._journal, self._listening, keep)
                if item.state == "failed" or self._options.volume != "quiet":
                    bar.print(_line(item))
                bar.advance()
                yield item

    def _has_more(self, item: "Item") -> bool:
        """Whether something would be written if unsure files were not left alone."""
        policy, heard = self._policy, item.heard
        if item.state != "unsure" or policy.unsure or heard is None:
            return False
        return bool(heard.wanted_by(policy, is_sure=False))

    def _request(self) -> "RunRequest":
        from genregenie.tagging.records import RunRequest

        paths = tuple(str(Path(path).absolute()) for path in self._options.paths)
        return RunRequest(paths, self._policy, tuple(self._options.exclude))

    def _print_sum(self, states: "Counter[str]", run: int | None) -> None:
        self._print_moves()
        words = [f"{count} {state}" for state, count in sorted(states.items())]
        print(f"\n{states.total()} files: {', '.join(words) or 'nothing to listen to'}.")
        if self._heard_unsure:
            print(f"In {self._heard_unsure} unsure files tags are heard; --unsure writes them.")
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
    lines = [f"{item.state:<9}  {name}"]
    if item.heard is not None and item.state != "failed":
        lines += _told(item, item.heard)
    if item.reason:
        lines.append(item.reason)
    return "\n           ".join(lines)


def _told(item: "Item", heard: "CachedResult") -> Iterator[str]:
    """What was heard and what becomes of the tags, a line each."""
    likely = ranked(heard.confidences)[:2]
    guess = ", ".join(f"{display_name(genre)} {p:.0%}" for genre, p in likely) + "?"
    if item.state in ("unsure", "not music"):
        if heard.genre:
            yield guess
        return
    if item.state == "as it is":
        yield printable("; ".join(item.after["genre"])) or "no genre"
        return
    how = f"{heard.confidence:.0%} sure" if heard.verdict == "confident" else f"not sure: {guess}"
    for field, after in item.after.items():
        before = item.before[field]
        if field == "genre":
            yield f"{_change(before, after) or 'no genre'}, {how}"
        elif after != before:
            yield f"{field}: {_change(before, after)}"


def _change(before: Sequence[str], after: Sequence[str]) -> str:
    arrow = f"{printable('; '.join(before))} -> " if before and before != after else ""
    return arrow + printable("; ".join(after))


def _report(options: argparse.Namespace, items: Sequence["Item"]) -> None:
    from genregenie.tagging import reports

    for path, write in (
        (options.csv, reports.write_csv),
        (options.jsonl, reports.write_json_lines),
        (options.parquet, reports.write_parquet),
        (options.html, reports.write_html),
    ):
        if path is not None:
            write(path, items)
            print(f"Report in {path}")
    if options.playlists is not None:
        written = reports.write_playlists(options.playlists, items)
        print(f"{len(written)} playlists in {options.playlists}")
