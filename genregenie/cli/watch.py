"""``genregenie watch``: index a folder of music, and tag it if told so, as files arrive."""

import argparse
import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from genregenie.cli.arguments import (
    INDEX_NAME,
    Commands,
    add_command,
    add_fast,
    add_jobs,
    add_output,
    folder_path,
    kinds,
)
from genregenie.cli.messages import Bar, CommandError, ended_by_sigterm, log
from genregenie.common.formatting import printable

if TYPE_CHECKING:
    from genregenie.audio.scan import AudioPath
    from genregenie.library.watching import Event


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    watch = add_command(
        commands,
        "watch",
        _watch,
        "index new files as they arrive, and tag them with --write, until it is stopped",
    )
    watch.add_argument("folder", type=folder_path, metavar="FOLDER")
    add_output(watch, f"the index; default: {INDEX_NAME} in FOLDER")
    watch.add_argument(
        "--write", action="store_true", help="write genres into the tags of new files too"
    )
    watch.add_argument(
        "--tags",
        type=kinds,
        default=(),
        metavar="KINDS",
        help="with --write: heard tags, tempo and key too, such as mood,tempo,key",
    )
    watch.add_argument(
        "--poll",
        action="store_true",
        default=None,
        help="look for changes every ten seconds (default: on network mounts)",
    )
    watch.add_argument("--json", action="store_true", help="print what happens as lines of JSON")
    add_jobs(watch)
    add_fast(watch)


def _watch(options: argparse.Namespace) -> int:
    from genregenie.library.watching import watch
    from genregenie.recommend.indexing import FOLDER_NAME

    if options.tags and not options.write:
        raise CommandError("--tags says what --write writes: give both.")
    output = options.output or options.folder / FOLDER_NAME
    bar = Bar(options, label="Listening", stays=False)
    with ended_by_sigterm(), contextlib.suppress(KeyboardInterrupt), bar:
        for event in watch(
            options.folder,
            output,
            tag=(lambda files: _tag(options, files)) if options.write else None,
            jobs=options.jobs,
            poll=options.poll,
            progress=bar.reach,
        ):
            _print(options, event, bar)
    if options.volume != "quiet" and not options.json:
        print("Stopped. The same command goes on from here.")
    return 0


def _print(options: argparse.Namespace, event: "Event", bar: Bar) -> None:
    if options.json:
        bar.print(json.dumps(event.to_dict()))
    elif event.event == "skipped":
        log.warning("skipped %s: %s", printable(event.path), event.detail)
    elif options.volume != "quiet":
        parts = (f"{event.event:<10}", printable(event.path), event.detail)
        bar.print("  ".join(filter(None, parts)))


def _tag(options: argparse.Namespace, files: "Sequence[AudioPath]") -> Iterator["Event"]:
    """Write genres into files, as ``genregenie tag --write`` does; each time is a run."""
    from genregenie.inference.classifier import Classifier
    from genregenie.library.watching import Event
    from genregenie.tagging.journal import Journal
    from genregenie.tagging.policy import TagPolicy
    from genregenie.tagging.records import RunRequest
    from genregenie.tagging.tagger import Listening, plan, write

    classifier = Classifier.load()
    policy = TagPolicy(kinds=options.tags)
    listening = Listening(classifier.version, jobs=options.jobs, fast=classifier.fast)
    with Journal() as journal:
        journal.lock()
        run = journal.start_run(RunRequest(tuple(file.path for file in files), policy))
        for item in plan(files, journal, policy, listening):
            if item.state == "to write":
                item = write(item, run, journal, listening)
            names = "; ".join(item.after.get("genre", ()))
            if item.state == "written":
                yield Event("tagged", item.file.path, f"{names} (run {run})")
            else:
                yield Event("left alone", item.file.path, item.reason or item.state)
        journal.finish_run(run)
