"""``genregenie playlist``: a playlist by ear, of one's own library."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from genregenie.cli.arguments import (
    INDEX_NAME,
    Commands,
    add_but,
    add_command,
    add_fast,
    add_index,
    add_json,
    file_path,
    length_s,
    tempo_range,
    words,
)
from genregenie.cli.index import find_index, indexed_songs
from genregenie.cli.messages import CommandError, about, log
from genregenie.common.formatting import count_of, format_duration, printable, valid_text

if TYPE_CHECKING:
    from genregenie.recommend.playlist import Item, Request

SUFFIXES = (".m3u8", ".m3u", ".xspf")
DEFAULT_LENGTH_S = 3600.0


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    playlist = add_command(
        commands, "playlist", _playlist, "make a playlist of one's own library, by ear"
    )
    playlist.add_argument(
        "--like", type=file_path, metavar="FILE", help="songs that sound like this one"
    )
    add_but(playlist)
    playlist.add_argument(
        "--genre", type=words, default=(), metavar="WORDS", help="of these genres or styles"
    )
    playlist.add_argument(
        "--mood", type=words, default=(), metavar="WORDS", help="of these moods, such as chill"
    )
    playlist.add_argument(
        "--era", type=words, default=(), metavar="WORDS", help="of these decades, such as 70s"
    )
    playlist.add_argument(
        "--tempo", type=tempo_range, metavar="A-B", help="beats a minute, such as 80-110"
    )
    playlist.add_argument(
        *("--length",),
        type=length_s,
        default=DEFAULT_LENGTH_S,
        metavar="TIME",
        help="how long it is, such as 45m or 1h30m (default: 60m)",
    )
    playlist.add_argument(
        "--smooth", action="store_true", help="neighbours have like tempo, key and sound"
    )
    playlist.add_argument(
        *("--seed",),
        type=int,
        default=0,
        metavar="N",
        help="without --like: another number draws other songs",
    )
    playlist.add_argument(
        "--output", type=_playlist_path, metavar="FILE", help="write it, as M3U8 or XSPF"
    )
    add_json(playlist, "object")
    add_index(playlist, f"made by 'genregenie index' (default: {INDEX_NAME} in a folder above)")
    add_fast(playlist)


def _playlist_path(text: str) -> Path:
    path = file_path(text)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text!r} ends with none of {', '.join(SUFFIXES)}")
    return path


def _playlist(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.recommend.playlist import make_playlist, shortfall, write_playlist

    if options.but and options.like is None:
        raise CommandError("--but says how songs differ from one: give that with --like FILE.")
    index = find_index(options, options.like or Path())
    songs = indexed_songs(index, options)
    items = make_playlist(songs, _request(options))
    total_s = sum(item.entry.duration_s for item in items)
    if short := shortfall(items, options.length):
        log.warning("%s", short)
    if options.output is not None:
        write_playlist(options.output, items, options.output.stem)
    if options.json:
        answer = {"length_s": round(total_s, 2), "songs": [item.to_dict() for item in items]}
        print(json.dumps(answer, indent=2))
    else:
        _print(items, total_s)
        if options.output is not None:
            print(f"Written to {printable(str(options.output))}")
    return 0


def _request(options: argparse.Namespace) -> "Request":
    from genregenie.recommend.playlist import Request
    from genregenie.recommend.songs import Wanted

    wanted = Wanted(options.genre, options.mood, options.era, options.tempo)
    if options.like is None:
        return Request(options.length, wanted, smooth=options.smooth, seed=options.seed)
    from genregenie.audio.parallel import apart
    from genregenie.autotag.qualities import Change
    from genregenie.autotag.vocabulary import probabilities_of
    from genregenie.inference.batch import classify
    from genregenie.inference.classifier import Classifier
    from genregenie.recommend.acoustic import direction_of

    with about(options.like):
        prediction = apart(classify, options.like)
    like = direction_of(prediction, Classifier.load().model.catalogue.likeness)
    if not like.size:
        raise CommandError(
            f"{printable(str(options.like))}: there is too little sound in it for songs to be like."
        )
    change = Change.of(options.but, probabilities_of(prediction.autotags)) if options.but else None
    itself = valid_text(str(options.like.absolute()))
    return Request(options.length, wanted, like, change, itself, options.smooth)


def _print(items: "list[Item]", total_s: float) -> None:
    for place, item in enumerate(items, start=1):
        entry = item.entry
        name = f"{entry.artist} - {entry.title}" if entry.artist else entry.title
        alike = "" if item.alike is None else f", {item.alike:.0%} alike"
        print(f"{place:>3}  {format_duration(entry.duration_s):>7}  {printable(name)}")
        print(f"              {printable(item.about)}{alike}")
    print(f"{count_of(len(items), 'song')}, {format_duration(total_s)}")
