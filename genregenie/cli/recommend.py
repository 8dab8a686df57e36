"""``genregenie recommend``, ``index`` and ``similar``; see `genregenie.cli.main`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genregenie.common import settings
from genregenie.common.formatting import valid_text
from genregenie.common.genres import display_name

if TYPE_CHECKING:
    from genregenie.inference.classifier import Prediction
    from genregenie.recommend.recommender import OnSpotify, Recommendations, SoundsLike

DEPTHS = ("any", "well known", "hidden gems")
INDEX_NAME = "genregenie-index"
FORMATS = ("csv", "m3u", "xspf", "txt")


def add_recommend_commands(
    commands: Any, jobs: Callable[[str], int], positive: Callable[[str], int]
) -> None:
    """Add the commands to the parser's; `jobs` and `positive` read whole numbers."""
    recommend = commands.add_parser(
        "recommend", help="name tracks that sound like a file, and more of its genre on Spotify"
    )
    recommend.add_argument("file", type=Path, metavar="FILE")
    shape = recommend.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print a JSON object")
    shape.add_argument("--format", choices=FORMATS, help="print a table, a playlist or plain lines")
    recommend.add_argument("--offline", action="store_true", help="do not ask Spotify")
    recommend.add_argument(
        "--years", type=_years, metavar="A-B", help="only tracks of these years from Spotify"
    )
    recommend.add_argument("--depth", choices=DEPTHS, default=DEPTHS[0])
    recommend.add_argument(
        "--index", type=Path, metavar="DIR", help="find what sounds alike in one's own library"
    )
    recommend.set_defaults(run=_recommend)

    index = commands.add_parser(
        "index", help="listen to a folder of music, so that 'similar' and 'recommend' can search it"
    )
    index.add_argument("folder", type=Path, metavar="FOLDER")
    index.add_argument(
        "--output", type=Path, metavar="DIR", help="default: genregenie-index in FOLDER"
    )
    index.add_argument("--jobs", type=jobs, default=-1, metavar="N", help="default: all cores")
    index.set_defaults(run=_index)

    similar = commands.add_parser(
        "similar", help="name the files of one's own library that sound like a file"
    )
    similar.add_argument("file", type=Path, metavar="FILE")
    similar.add_argument(
        "--index",
        type=Path,
        metavar="DIR",
        help=f"made by 'genregenie index' (default: {INDEX_NAME} in a folder above FILE)",
    )
    similar.add_argument("--count", type=positive, default=10, metavar="N")
    similar.add_argument("--json", action="store_true", help="print a JSON array")
    similar.set_defaults(run=_similar)


def _years(text: str) -> tuple[int, int]:
    from genregenie.spotify.queries import SearchOptions

    first, _, last = text.partition("-")
    try:
        years = int(first), int(last or first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range such as 1990-2005") from None
    try:
        SearchOptions(years)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return years


def _fail(message: object) -> int:
    print(f"genregenie: {message}", file=sys.stderr)
    return 1


# --- recommend -------------------------------------------------------------------------------


def _recommend(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.audio import AudioError
    from genregenie.audio.parallel import apart
    from genregenie.inference.batch import classify
    from genregenie.model.model import ModelError
    from genregenie.recommend import export
    from genregenie.recommend.library_index import LibraryError
    from genregenie.recommend.recommender import Recommender
    from genregenie.spotify.queries import Depth, SearchOptions

    try:
        recommender = Recommender.load(options.index or settings.library_index())
        prediction = apart(classify, options.file)
        recommendations = recommender.recommend(
            prediction,
            _spotify(options.offline),
            SearchOptions(options.years, Depth(options.depth)),
        )
    except AudioError as error:
        return _fail(f"{options.file}: {error}")
    except (ModelError, LibraryError) as error:
        return _fail(error)
    if options.json:
        answer = export.record(str(options.file), prediction.genre, recommendations)
        print(json.dumps(answer, indent=2))
    elif options.format:
        print(export.FORMATS[options.format](recommendations), end="")
    else:
        _print(options.file, prediction, recommendations)
    return 0


def _spotify(offline: bool) -> Any:
    if offline:
        return None
    from genregenie.spotify.client import shared_spotify

    return shared_spotify()


def _print(file: Path, prediction: "Prediction", recommendations: "Recommendations") -> None:
    if prediction.genre is None:
        print(f"{file}: not music")
    else:
        print(f"{file}: {display_name(prediction.genre)}, {prediction.confidence:.0%} sure")
    if recommendations.neighbours:
        print("\nSounds like")
        for neighbour in recommendations.neighbours:
            print(_neighbour_line(neighbour))
    answer = recommendations.spotify
    if answer.tracks:
        genres = dict.fromkeys(display_name(s.genre).lower() for s in answer.tracks)
        print(f"\nMore {' and '.join(genres)} on Spotify")
        for suggestion in answer.tracks:
            print(_spotify_line(suggestion))
    if answer.message:
        print(f"\n{answer.message}")


def _neighbour_line(neighbour: "SoundsLike") -> str:
    track = neighbour.track
    name = f"{track.artist} - {track.title}" if track.artist else track.title
    return (
        f"  {f'{track.alike:.0%}':>4} alike  {name}  ({display_name(track.genre)})\n"
        f"              {track.path or neighbour.url}"
    )


def _spotify_line(suggestion: "OnSpotify") -> str:
    from genregenie.audio import format_duration

    track = suggestion.track
    details = [track.album, str(track.year) if track.year else None]
    details += [format_duration(track.duration_s)] if track.duration_s else []
    details += ["explicit"] if track.explicit else []
    known = ", ".join(detail for detail in details if detail)
    return f"  {', '.join(track.artists)} - {track.title}  ({known})\n              {track.url}"


# --- index -----------------------------------------------------------------------------------


def _index(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from genregenie.model.model import ModelError
    from genregenie.recommend.indexing import index_folder
    from genregenie.recommend.library_index import LibraryError

    try:
        with tqdm(unit="file", desc="Listening") as bar:

            def progress(done: int, total: int, name: str) -> None:
                bar.total = total
                bar.update(done - bar.n)

            made = index_folder(options.folder, options.output, options.jobs, progress)
    except (LibraryError, ModelError) as error:
        return _fail(error)
    for skip in made.skipped:
        print(f"skipped {skip.path}: {skip.reason}", file=sys.stderr)
    print(
        f"{made.tracks} tracks in {made.path}, {made.unchanged} of them known from before.\n"
        f"Search it with: genregenie similar FILE --index '{made.path}'"
    )
    return 0


# --- similar ---------------------------------------------------------------------------------


def _similar(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.audio import AudioError
    from genregenie.audio.parallel import apart
    from genregenie.inference.batch import classify
    from genregenie.inference.classifier import Classifier
    from genregenie.model.model import ModelError
    from genregenie.recommend.acoustic import Acoustic
    from genregenie.recommend.library_index import Library, LibraryError

    try:
        classifier = Classifier.load()
        vector = apart(classify, options.file).vector
        folder = options.index or settings.library_index() or _index_above(options.file)
        if folder is None:
            return _fail(
                f"There is no {INDEX_NAME} in a folder above {options.file}. Make one with "
                "'genregenie index FOLDER', or give --index."
            )
        library = Library.load(folder, Acoustic(classifier.model.catalogue).centre)
        found = library.nearest(vector, options.count + 1)
    except AudioError as error:
        return _fail(f"{options.file}: {error}")
    except (ModelError, LibraryError) as error:
        return _fail(error)
    itself = valid_text(str(options.file.absolute()))
    others = [track for track in found if track.path != itself][: options.count]
    if options.json:
        keys = ("path", "artist", "title", "genre", "alike")
        print(
            json.dumps([{key: getattr(track, key) for key in keys} for track in others], indent=2)
        )
        return 0
    for track in others:
        name = f"{track.artist} - {track.title}" if track.artist else track.title
        print(f"{track.alike:>4.0%} alike  {name}  ({display_name(track.genre)})")
        print(f"            {track.path}")
    return 0


def _index_above(file: Path) -> Path | None:
    for folder in file.absolute().parents:
        if (folder / INDEX_NAME / "library.json").is_file():
            return folder / INDEX_NAME
    return None
