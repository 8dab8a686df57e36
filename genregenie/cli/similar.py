"""``genregenie similar``: the files of one's own library that sound like a file."""

import argparse
import json

from genregenie.cli.arguments import (
    INDEX_NAME,
    Commands,
    add_but,
    add_command,
    add_fast,
    add_index,
    add_json,
    file_path,
    positive,
)
from genregenie.cli.index import find_index, renewed
from genregenie.cli.messages import about, log
from genregenie.common.formatting import printable, valid_text
from genregenie.common.genres import display_name


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    similar = add_command(
        commands, "similar", _similar, "name the files of one's own library that sound like a file"
    )
    similar.add_argument("file", type=file_path, metavar="FILE")
    add_index(similar, f"made by 'genregenie index' (default: {INDEX_NAME} in a folder above FILE)")
    add_but(similar)
    add_fast(similar)
    similar.add_argument("--count", type=positive, default=10, metavar="N")
    add_json(similar, "array")


def _similar(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.audio.parallel import apart
    from genregenie.autotag.qualities import Change
    from genregenie.autotag.vocabulary import probabilities_of
    from genregenie.inference.batch import classify
    from genregenie.inference.classifier import Classifier
    from genregenie.recommend.acoustic import direction_of
    from genregenie.recommend.library_index import Library

    with about(options.file):
        prediction = apart(classify, options.file)
    folder = find_index(options, options.file)
    renewed(folder, options)
    likeness = Classifier.load().model.catalogue.likeness
    library = Library.load(folder, likeness)
    change = Change.of(options.but, probabilities_of(prediction.autotags)) if options.but else None
    found = library.nearest(direction_of(prediction, likeness), options.count + 1, change)
    itself = valid_text(str(options.file.absolute()))
    others = [track for track in found if track.path != itself][: options.count]
    if options.but and not others:
        log.warning("Nothing is like it and clearly %s.", " and ".join(options.but))
    if options.json:
        keys = ("path", "artist", "title", "genre", "alike")
        print(
            json.dumps([{key: getattr(track, key) for key in keys} for track in others], indent=2)
        )
        return 0
    for track in others:
        name = f"{track.artist} - {track.title}" if track.artist else track.title
        print(f"{track.alike:>4.0%} alike  {printable(name)}  ({display_name(track.genre)})")
        print(f"            {printable(track.path or '')}")
    return 0
