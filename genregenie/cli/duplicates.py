"""``genregenie duplicates``: files that hold the same recording."""

import argparse
import json
from typing import TYPE_CHECKING

from genregenie.cli.arguments import Commands, add_command, add_dask, add_jobs, add_json, any_path
from genregenie.cli.messages import Bar, log, resumable
from genregenie.common.formatting import count_of, format_duration, format_megabytes, printable

if TYPE_CHECKING:
    from genregenie.library.duplicates import Copy


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    duplicates = add_command(
        commands,
        "duplicates",
        _duplicates,
        "find the same recording in other formats, bit rates and cuts; nothing is changed",
    )
    duplicates.add_argument(
        "paths", nargs="+", type=any_path, metavar="PATH", help="files, folders or patterns"
    )
    add_json(duplicates, "array of groups")
    where = duplicates.add_mutually_exclusive_group()
    add_jobs(where)
    add_dask(where, "have a Dask cluster listen, whose workers see the files, too")


def _duplicates(options: argparse.Namespace) -> int:
    from genregenie.cli.tag import found
    from genregenie.library.duplicates import find_duplicates

    files, unreadable = found(options.paths, ())
    with (
        resumable(),
        Bar(options, len(files), label="Listening") as heard,
        Bar(options, label="Comparing", stays=False, unit="pair") as compared,
    ):
        made = find_duplicates(files, options.jobs, heard.advance, options.dask, compared.reach)
    for skip in (*unreadable, *((printable(s.path), s.reason) for s in made.skipped)):
        log.error("%s: %s", *skip)
    if options.json:
        print(json.dumps([[copy.to_dict() for copy in group] for group in made.groups], indent=2))
        return int(bool(unreadable or made.skipped))
    for group in made.groups:
        print("\n".join(map(_line, group)), end="\n\n")
    spare = [copy.size for group in made.groups for copy in group[1:]]
    total = f"{count_of(made.files, 'file')}: "
    if not files:
        total += "nothing to listen to."
    elif len(made.groups) == 1:
        total += "1 recording is there more than once."
    else:
        number = len(made.groups) or "no"
        total += f"{number} recordings are there more than once."
    if spare:
        total += f" Copies beside the best take up {format_megabytes(sum(spare))}."
    print(f"{total} Nothing was changed.")
    return int(bool(unreadable or made.skipped))


def _line(copy: "Copy") -> str:
    about = f"{round(copy.bit_rate / 1000):>5} kbit/s  {format_duration(copy.duration_s):>6}"
    return f"{about}  {printable(copy.path)}\n                       {copy.reason}"
