"""``genregenie map``: all songs of one's own library, each near what it sounds like."""

import argparse
import json
from pathlib import Path

from genregenie.cli.arguments import (
    INDEX_NAME,
    Commands,
    add_command,
    add_fast,
    add_index,
    add_json,
    file_path,
)
from genregenie.cli.index import find_index, indexed_songs
from genregenie.common.formatting import count_of, printable

DEFAULT_OUTPUT = "map.html"


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    music_map = add_command(
        commands, "map", _map, "draw a map of one's own library, as a page that works offline"
    )
    music_map.add_argument(
        "--output",
        type=file_path,
        metavar="FILE",
        help=f"the page (default: {DEFAULT_OUTPUT}; with --json none)",
    )
    add_json(music_map, "array")
    add_index(music_map, f"made by 'genregenie index' (default: {INDEX_NAME} here or above)")
    add_fast(music_map)


def _map(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.inference.classifier import Classifier
    from genregenie.recommend import library_map

    index = find_index(options, Path())
    songs = indexed_songs(index, options)
    model = Classifier.load().model
    output = options.output or (None if options.json else Path(DEFAULT_OUTPUT))
    if output is not None:
        library_map.write_map(output, songs, model, library_map.root_of(songs.entries, index))
    if options.json:
        print(json.dumps(library_map.records(songs, model), indent=2))
    else:
        print(f"{count_of(len(songs), 'song')} on {printable(str(output))}")
    return 0
