"""``genregenie recommend``: what sounds like a file, and more of its genre on Spotify."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from genregenie.cli.arguments import (
    Commands,
    add_but,
    add_command,
    add_fast,
    add_index,
    add_json,
    file_path,
)
from genregenie.cli.index import renewed
from genregenie.cli.messages import about, log
from genregenie.common import settings
from genregenie.common.formatting import printable
from genregenie.common.genres import display_name

if TYPE_CHECKING:
    from genregenie.inference.prediction import Prediction
    from genregenie.recommend.recommender import OnSpotify, Recommendations, SoundsLike
    from genregenie.spotify.client import Misconfigured, Spotify

DEPTHS = ("any", "well known", "hidden gems")
FORMATS = ("csv", "m3u", "xspf", "txt")


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    recommend = add_command(
        commands,
        "recommend",
        _recommend,
        "name tracks that sound like a file, and more of its genre on Spotify",
    )
    recommend.add_argument("file", type=file_path, metavar="FILE")
    shape = recommend.add_mutually_exclusive_group()
    add_json(shape, "object")
    shape.add_argument("--format", choices=FORMATS, help="print a table, a playlist or plain lines")
    recommend.add_argument("--offline", action="store_true", help="do not ask Spotify")
    recommend.add_argument(
        "--years", type=_years, metavar="A-B", help="only tracks of these years from Spotify"
    )
    recommend.add_argument("--depth", choices=DEPTHS, default=DEPTHS[0])
    add_index(recommend, "find what sounds alike in one's own library")
    add_but(recommend)
    add_fast(recommend)


def _years(text: str) -> tuple[int, int]:
    from genregenie.spotify.queries import SearchOptions, YearsError

    first, _, last = text.partition("-")
    try:
        years = int(first), int(last or first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range such as 1990-2005") from None
    try:
        SearchOptions(years)
    except YearsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return years


def _recommend(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.audio.parallel import apart
    from genregenie.inference.batch import classify
    from genregenie.recommend import export
    from genregenie.recommend.recommender import Recommender
    from genregenie.spotify.queries import Depth, SearchOptions

    index = options.index or settings.library_index()
    if index is not None:
        renewed(index, options)
    recommender = Recommender.load(index)
    with about(options.file):
        prediction = apart(classify, options.file)
    recommendations = recommender.recommend(
        prediction,
        _spotify(options.offline),
        SearchOptions(options.years, Depth(options.depth)),
        but=options.but,
    )
    if options.but and prediction.genre and not recommendations.neighbours:
        log.warning("Nothing is like it and clearly %s.", " and ".join(options.but))
    if options.json:
        answer = export.record(str(options.file), prediction.genre, recommendations)
        print(json.dumps(answer, indent=2))
    elif options.format:
        print(export.FORMATS[options.format](recommendations), end="")
    else:
        _print(options.file, prediction, recommendations)
    return 0


def _spotify(offline: bool) -> "Spotify | Misconfigured | None":
    if offline:
        return None
    from genregenie.spotify.client import shared_spotify

    return shared_spotify()


def _print(file: Path, prediction: "Prediction", recommendations: "Recommendations") -> None:
    if prediction.genre is None:
        print(f"{printable(str(file))}: not music")
    else:
        genre = display_name(prediction.genre)
        print(f"{printable(str(file))}: {genre}, {prediction.confidence:.0%} sure")
    if recommendations.neighbours:
        print("\nSounds like")
        for neighbour in recommendations.neighbours:
            print(_neighbour_line(neighbour))
    answer = recommendations.spotify
    if answer.tracks:
        print(f"\n{answer.heading}")
        for suggestion in answer.tracks:
            print(_spotify_line(suggestion))
    if answer.message:
        print(f"\n{answer.message}")


def _neighbour_line(neighbour: "SoundsLike") -> str:
    track = neighbour.track
    name = f"{track.artist} - {track.title}" if track.artist else track.title
    return (
        f"  {f'{track.alike:.0%}':>4} alike  {printable(name)}  ({display_name(track.genre)})\n"
        f"              {printable(track.path or neighbour.url)}"
    )


def _spotify_line(suggestion: "OnSpotify") -> str:
    from genregenie.audio import format_duration

    track = suggestion.track
    details = [track.album, str(track.year) if track.year else None]
    details += [format_duration(track.duration_s)] if track.duration_s else []
    details += ["explicit"] if track.explicit else []
    known = ", ".join(detail for detail in details if detail)
    return f"  {', '.join(track.artists)} - {track.title}  ({known})\n              {track.url}"
