"""A map of all songs of an index, as one page that needs nothing else.

The ground is the model's map of its reference tracks (`genregenie.model.map`): each song lies among
those that it sounds most like, so nothing is fitted, a new song moves no other one, and the same
library gives the same map.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from genregenie.autotag.vocabulary import GROUPS, shown
from genregenie.common import resources
from genregenie.common.arrays import Array
from genregenie.common.colours import colour
from genregenie.common.errors import GenreGenieError
from genregenie.common.files import write_text
from genregenie.common.formatting import printable
from genregenie.common.genres import display_name
from genregenie.common.playlists import m3u_line
from genregenie.model.map import Map
from genregenie.model.model import Model
from genregenie.recommend.library_index import Entry
from genregenie.recommend.playlist import relative
from genregenie.recommend.songs import Songs

MARK: Final = "GenreGenie map"
"""By which a page of ours is known again."""

_BATCH: Final = 4096
_DIGITS: Final = 4  # a ten-thousandth of the sheet
_SCRIPTS: Final = ("library_map.js", "library_table.js", "library_song.js")


class MapError(GenreGenieError):
    """Why there can be no map; the message is a sentence."""


def places(songs: Songs, model: Model) -> Array:
    """Where songs lie, from 0 to 1, to the right and down.

    Returns
    -------
    float64 array, shape (n, 2)

    Raises
    ------
    MapError
        If the model has no map.
    """
    # In double precision, so that what is shown does not hang on how many songs are multiplied.
    ground, tracks = _ground(model), model.catalogue.directions.T.astype(np.float64)
    batches = (songs.directions[i : i + _BATCH] for i in range(0, len(songs), _BATCH))
    return np.vstack([ground.place(batch.astype(np.float64) @ tracks) for batch in batches])


def root_of(entries: Sequence[Entry], index: Path) -> str:
    """The folder that songs lie in: the one that the index is in, else the one they share."""
    above = str(index.absolute().parent)
    paths = [entry.path for entry in entries]
    if all(PurePath(path).is_relative_to(above) for path in paths):
        return above
    try:
        return os.path.commonpath([str(PurePath(path).parent) for path in paths])
    except ValueError:  # on several drives
        return above


def records(songs: Songs, model: Model) -> list[dict[str, Any]]:
    """Each song with its place, as JSON can hold it."""
    return [
        {
            "path": entry.path,
            "artist": entry.artist or None,
            "title": entry.title,
            "genre": entry.genre,
            "confidence": round(entry.confidence, 4),
            "is_sure": entry.is_sure,
            "heard": list(songs.told(row)),
            "x": round(x, _DIGITS),
            "y": round(y, _DIGITS),
        }
        for row, (entry, (x, y)) in enumerate(
            zip(songs.entries, places(songs, model).tolist(), strict=True)
        )
    ]


def write_map(path: Path, songs: Songs, model: Model, root: str) -> None:
    """Write the page; a file of the same name is replaced if it is such a page too.

    Raises
    ------
    MapError
        If there can be none, or something else has this name.
    WriteError
    """
    if path.exists() and not _is_map(path):
        raise MapError(f"{path} is there and is no map. Choose another --output.")
    write_text(path, Sheet(songs, model, root).html())


@dataclass(frozen=True)
class Served:
    """What a server that stands behind the page adds to it; addresses are as seen from the page.

    Attributes
    ----------
    home : str
        Where a link leads back to.
    edition : str
        Of the library: what tells the server that the page counts songs as it does.
    token : str
        For what the page sends, as in a form; it has no place in an address.
    playlist, smooth : str
        Makes a playlist, of what is like a song or drawn from what is shown; puts songs into an
        order of short steps.
    most : int
        So many songs are put in order.
    spotify : str
        Takes songs for a playlist there; empty where Spotify is not set up.
    sounds, covers : str
        Below which a little of each song, and its cover, are, by its number; empty where nothing
        plays.
    """

    home: str
    edition: str
    token: str
    playlist: str
    smooth: str
    most: int
    spotify: str = ""
    sounds: str = ""
    covers: str = ""


class Sheet:
    """The map of a library, to be shown as a page.

    Parameters
    ----------
    songs : Songs
    model : Model
    root : str
        The folder from which the page says where songs lie.

    Attributes
    ----------
    edition : str
        The same wherever the same is shown, in the same order.

    Raises
    ------
    MapError
        If the model has no map.
    """

    def __init__(self, songs: Songs, model: Model, root: str) -> None:
        self._name = printable(PurePath(root).name or root)
        self._count = len(songs)
        self._data = _embedded(_content(songs, model, root))
        self.edition = hashlib.sha256(self._data.encode()).hexdigest()[:16]

    def html(self, server: Served | None = None) -> str:
        """The page, with its data, style and scripts inside.

        Parameters
        ----------
        server : Served, optional
            Without, it is for a file that asks nobody anything.
        """
        style, theme = _static("library_map.css"), _static("library_theme.js")
        script = "".join(map(_static, _SCRIPTS))
        text: str = (
            _templates()
            .get_template("library_map.html")
            .render(
                mark=MARK,
                name=self._name,
                count=self._count,
                groups=[(group, [shown(name) for name in tags]) for group, tags in GROUPS.items()],
                # Our own files, and data that cannot end its element.
                style=Markup(style),  # noqa: S704
                theme=Markup(theme),  # noqa: S704
                script=Markup(script),  # noqa: S704
                data=Markup(self._data),  # noqa: S704
                server=server,
                served=Markup(_embedded(asdict(server))) if server else "",  # noqa: S704
                style_hash=_hash(style),
                theme_hash=_hash(theme),
                script_hash=_hash(script),
            )
        )
        return text


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("genregenie.recommend"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _ground(model: Model) -> Map:
    if model.map is None:
        raise MapError(
            "This model has no map of its reference tracks. Draw it with "
            "'python scripts/draw_map.py MODEL_FOLDER'."
        )
    return model.map


def _content(songs: Songs, model: Model, root: str) -> dict[str, Any]:
    ground = _ground(model)
    at = np.round(places(songs, model), _DIGITS)
    tracks = model.catalogue.genre
    genres = sorted({*np.unique(tracks).tolist(), *(entry.genre for entry in songs.entries)})
    number = {genre: i for i, genre in enumerate(genres)}
    words = [shown(name) for tags in GROUPS.values() for name in tags]
    word = {name: i for i, name in enumerate(words)}
    folder = PurePath(root)
    paths = [PurePath(relative(e.path, root)).as_posix() for e in songs.entries]
    lines = {i: line for i, p in enumerate(paths) if (line := m3u_line(p)) != p}
    return {
        "folder": printable(folder.name or root),
        "genres": [{"name": display_name(genre), "colour": colour(genre)} for genre in genres],
        "words": words,
        "names": [
            [number[genre], round(x, _DIGITS), round(y, _DIGITS)]
            for genre, (x, y) in ground.centres(tracks).items()
        ],
        "ground": {
            "genre": [number[genre] for genre in tracks.tolist()],
            "x": np.round(ground.positions[:, 0], _DIGITS).tolist(),
            "y": np.round(ground.positions[:, 1], _DIGITS).tolist(),
        },
        "songs": {
            "title": [printable(entry.title) for entry in songs.entries],
            "artist": [printable(entry.artist) for entry in songs.entries],
            "path": paths,
            "genre": [number[entry.genre] for entry in songs.entries],
            "x": at[:, 0].tolist(),
            "y": at[:, 1].tolist(),
            "sure": [int(entry.is_sure) for entry in songs.entries],
            "percent": [round(100 * entry.confidence) for entry in songs.entries],
            "tempo": [entry.tempo_bpm and round(entry.tempo_bpm) for entry in songs.entries],
            "key": [entry.musical_key for entry in songs.entries],
            "seconds": [round(entry.duration_s, 1) for entry in songs.entries],
            "heard": [[word[name] for name in songs.heard(row)] for row in range(len(songs))],
        },
        "lines": lines,
    }


def _embedded(content: Any) -> str:
    """JSON that nothing in it can end the script element of, nor begin a comment in."""
    text = json.dumps(content, separators=(",", ":"))  # what is no ASCII is escaped
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _static(name: str) -> str:
    return (resources.static("recommend") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a content security policy knows a script or style by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _is_map(path: Path) -> bool:
    with path.open("rb") as file:
        return f'content="{MARK}"'.encode() in file.read(1000)
