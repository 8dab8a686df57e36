"""``genregenie index``: listen to a folder of music, to be searched later."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from genregenie.cli.arguments import (
    INDEX_NAME,
    TABLES,
    Commands,
    add_command,
    add_dask,
    add_fast,
    add_jobs,
    add_json,
    add_output,
    add_tables,
    folder_path,
)
from genregenie.cli.messages import Bar, CommandError, log, resumable
from genregenie.common import settings
from genregenie.common.formatting import count_of, printable

if TYPE_CHECKING:
    from genregenie.recommend.songs import Songs


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    index = add_command(
        commands,
        "index",
        _index,
        "listen to a folder of music, to search it, map it and make playlists of it",
    )
    index.add_argument("folder", type=folder_path, metavar="FOLDER")
    add_output(index, f"default: {INDEX_NAME} in FOLDER")
    add_json(index, "object")
    add_tables(index)
    where = index.add_mutually_exclusive_group()
    add_jobs(where)
    add_dask(where, "have a Dask cluster listen, such as tcp://10.0.0.5:8786")
    add_fast(index)


def _index(options: argparse.Namespace) -> int:
    from genregenie.recommend.indexing import index_folder

    with resumable(), Bar(options, label="Listening") as bar:
        made = index_folder(
            *(options.folder, options.output, options.jobs, bar.reach),
            backend=options.dask or "processes",
        )
    if any(getattr(options, name) is not None for name in TABLES):
        _write_tables(options, made.path)
    for skip in made.skipped:
        log.warning("skipped %s: %s", printable(skip.path), skip.reason)
    if options.json:
        print(json.dumps(made.to_dict(), indent=2))
        return 0
    tracks = count_of(made.tracks, "track")
    print(
        f"{tracks} in {made.path}, {made.unchanged} of them known from before.\n"
        f"Search it with: genregenie similar FILE --index '{made.path}'\n"
        f"See all of it:  genregenie map --index '{made.path}'"
    )
    return 0


def _write_tables(options: argparse.Namespace, index: Path) -> None:
    """What the index holds of each file."""
    from genregenie.common import tables
    from genregenie.inference.classifier import Classifier
    from genregenie.recommend.library_index import Library

    library = Library.load(index, Classifier.load().model.catalogue.likeness)
    rows = library.rows()
    for path, write in (
        (options.csv, tables.write_csv),
        (options.jsonl, tables.write_json_lines),
        (options.parquet, tables.write_parquet),
    ):
        if path is not None:
            write(path, rows)


def find_index(options: argparse.Namespace, beside: Path) -> Path:
    """The index that is meant: ``--index``, the setting, or that of a folder above a place.

    Parameters
    ----------
    options : argparse.Namespace
    beside : Path
        A file, or a folder that may itself hold one.

    Raises
    ------
    CommandError
        If there is none.
    """
    index: Path | None = options.index or settings.library_index()
    if index is not None:
        return index / INDEX_NAME if (index / INDEX_NAME / "library.json").is_file() else index
    for folder in (beside.absolute(), *beside.absolute().parents):
        if (folder / INDEX_NAME / "library.json").is_file():
            return folder / INDEX_NAME
    raise CommandError(
        f"There is no {INDEX_NAME} in a folder above {beside}. Make one with "
        "'genregenie index FOLDER', or give --index."
    )


def indexed_songs(index: Path, options: argparse.Namespace) -> "Songs":
    """All songs of an index, which is made anew before if it is of another model or release."""
    from genregenie.inference.classifier import Classifier
    from genregenie.recommend.library_index import Library
    from genregenie.recommend.songs import Songs

    renewed(index, options)
    return Songs.of(Library.load(index, Classifier.load().model.catalogue.likeness))


def renewed(index: Path, options: argparse.Namespace) -> None:
    """Listen again to the files of an index that another model or an earlier release has made."""
    from genregenie.recommend.indexing import renew

    with resumable(), Bar(options, label="Listening", stays=False) as bar:
        made = renew(index, progress=bar.reach, say=log.warning)
    for skip in made.skipped if made is not None else ():
        log.warning("skipped %s: %s", printable(skip.path), skip.reason)
