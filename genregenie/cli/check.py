"""``genregenie check``: what may be wrong with files."""

import argparse
import json
from collections import Counter

from genregenie.cli.arguments import (
    Commands,
    add_command,
    add_dask,
    add_fast,
    add_jobs,
    add_json,
    any_path,
)
from genregenie.cli.messages import Bar, log, print_table, resumable
from genregenie.common.formatting import count_of, printable


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    check = add_command(
        commands,
        "check",
        _check,
        "find clipped, silent, truncated and wrongly tagged files; nothing is changed",
    )
    check.add_argument(
        "paths", nargs="+", type=any_path, metavar="PATH", help="files, folders or patterns"
    )
    check.add_argument(
        "--no-genres", action="store_true", help="look at the sound alone, not at genre tags"
    )
    add_json(check, "array")
    where = check.add_mutually_exclusive_group()
    add_jobs(where)
    add_dask(where, "have a Dask cluster listen, whose workers see the files, too")
    add_fast(check)


def _check(options: argparse.Namespace) -> int:
    from genregenie.cli.tag import found
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.library.oddities import KINDS, check_files

    files, unreadable = found(options.paths, ())
    for path, reason in unreadable:
        log.error("%s: %s", path, reason)
    with resumable(), Bar(options, len(files), label="Checking") as bar:
        odd = list(
            check_files(
                files,
                genres=not options.no_genres,
                jobs=options.jobs,
                progress=bar.advance,
                cluster=options.dask,
            )
        )
    if options.json:
        print(json.dumps([oddity.to_dict() for oddity in odd], indent=2))
        return int(bool(unreadable))
    if odd:
        print_table(
            {"kind": one.kind, "file": printable(one.path), "what": one.detail} for one in odd
        )
        print()
    counts = Counter(one.kind for one in odd)
    sums = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    nothing = "nothing odd" if files else "nothing to listen to"
    print(f"{count_of(len(files), 'file')}: {sums or nothing}. Nothing was changed.")
    return int(bool(unreadable))
