"""The server's own library, if there is one: its map as a page, a little of each song, playlists.

The page counts songs as the index does. It says with every question of which edition of the library
it is, so that no number ever means another song after a new ``genregenie index``.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from cachetools import LRUCache

from genregenie.common import settings
from genregenie.common.errors import AudioError, GenreGenieError
from genregenie.inference.classifier import Classifier
from genregenie.recommend import library_map
from genregenie.recommend.library_index import LIBRARY_JSON, Entry, Library, LibraryError
from genregenie.recommend.library_map import Served, Sheet
from genregenie.recommend.playlist import Request, in_smooth_order, make_playlist, shortfall
from genregenie.recommend.songs import Songs
from genregenie.web import analysis
from genregenie.web.paths import (
    HOME,
    LIBRARY_COVER,
    LIBRARY_PLAYLIST,
    LIBRARY_SMOOTH,
    LIBRARY_SOUND,
    LIBRARY_SPOTIFY,
)

MAX_SMOOTH: Final = 1000
"""So many songs are put in order, which takes a third of a second, and of twice as many five times
that."""

MAX_LENGTH_S: Final = 24 * 3600.0

_COVERS: Final = 500  # of 40 kB at most
_GONE: Final = "This song is no longer there."


class OtherEditionError(GenreGenieError):
    """The page is of another edition of the library."""

    def __init__(self) -> None:
        super().__init__("The library has changed since. Load this page again.")


class WishError(GenreGenieError, ValueError):
    """Something is asked for that no page of ours would ask for."""


@dataclass(frozen=True)
class Choice:
    """Songs of the library, in order.

    Attributes
    ----------
    rows : list of int
    note : str
        What there is to say of them; may be empty.
    """

    rows: list[int]
    note: str = ""


@dataclass(frozen=True)
class _Edition:
    """The library as it was read; `made` tells when the index was."""

    made: tuple[Path, int]
    songs: Songs
    sheet: Sheet

    @cached_property
    def rows(self) -> dict[str, int]:
        """Where each song is, by its path."""
        return {entry.path: row for row, entry in enumerate(self.songs.entries)}


class ServedLibrary:
    """The index that ``GENREGENIE_INDEX`` names. Safe to use from many threads.

    It is read when it is first asked for, and again when it has been made anew. All that is asked
    of it but the page is asked with the page's edition.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: _Edition | None = None
        self._covers: LRUCache[tuple[str, int], bytes | None] = LRUCache(_COVERS)

    @staticmethod
    def is_there() -> bool:
        """Whether the server has one."""
        return settings.library_index() is not None

    def page(self, token: str, *, plays: bool, spotify: bool) -> str:
        """The map as HTML.

        Parameters
        ----------
        token : str
            For what the page sends.
        plays : bool
            Whether who sees it may hear songs, and see their covers.
        spotify : bool
            Whether there can be playlists on Spotify.

        Raises
        ------
        LibraryError, MapError, ModelError
            If it cannot be shown; the message is for who looks after the server.
        """
        edition = self._read()
        # Addresses as seen from the page, wherever the app lies.
        server = Served(
            home=HOME.lstrip("/"),
            edition=edition.sheet.edition,
            token=token,
            playlist=LIBRARY_PLAYLIST.lstrip("/"),
            smooth=LIBRARY_SMOOTH.lstrip("/"),
            most=MAX_SMOOTH,
            spotify=LIBRARY_SPOTIFY.lstrip("/") if spotify else "",
            sounds=f"{LIBRARY_SOUND.lstrip('/')}{edition.sheet.edition}/" if plays else "",
            covers=f"{LIBRARY_COVER.lstrip('/')}{edition.sheet.edition}/" if plays else "",
        )
        return edition.sheet.html(server)

    def sound(self, name: str, number: int) -> bytes:
        """Ten seconds of a song, as a WAV.

        Raises
        ------
        LibraryError
            As `page`.
        OtherEditionError
        AudioError
            If there is no such song, or it cannot be played.
        """
        return analysis.excerpt(self._file(name, number))

    def cover(self, name: str, number: int) -> bytes | None:
        """The cover in a song's own tags, as a JPEG of 40 kB at most; None where there is none.

        Raises
        ------
        LibraryError, OtherEditionError, AudioError
            As `sound`.
        """
        key = name, number
        path = self._file(name, number)
        with self._lock:
            if key in self._covers:
                return self._covers[key]
        found = analysis.cover(path)
        with self._lock:
            self._covers[key] = found
        return found

    def playlist(
        self,
        name: str,
        length_s: float,
        like: int | None = None,
        among: bytes = b"",
        seed: int = 0,
    ) -> Choice:
        """Songs by ear, as ``genregenie playlist`` chooses them.

        Parameters
        ----------
        name : str
            Of the edition.
        length_s : float > 0
        like : int, optional
            The song that they shall be like, the most alike first; without they are drawn.
        among : bytes, optional
            One bit for each song, the highest first: those that may be in it; by default all.
        seed : int >= 0
            Another one draws others.

        Raises
        ------
        LibraryError, OtherEditionError
        WishError
        NothingFitsError
        """
        if not 0 < length_s <= MAX_LENGTH_S:
            raise WishError("A playlist is a minute long at least, and 24 hours at most.")
        edition = self._edition(name)
        songs, all_songs = _among(edition.songs, among), edition.songs
        if like is None:
            request = Request(length_s, seed=seed)
        elif self._has(edition, like):
            itself = all_songs.entries[like].path
            request = Request(length_s, like=all_songs.directions[like], but=itself)
        else:
            raise WishError(_GONE)
        items = make_playlist(songs, request)
        rows = [edition.rows[item.entry.path] for item in items]
        return Choice(rows, shortfall(items, length_s))

    def smooth(self, name: str, rows: Sequence[int]) -> Choice:
        """The same songs in an order of short steps; the first one stays the first.

        Raises
        ------
        LibraryError, OtherEditionError
        WishError
        """
        edition = self._edition(name)
        rows = self._checked(edition, rows)
        if len(rows) > MAX_SMOOTH:
            raise WishError(f"Up to {MAX_SMOOTH} songs can be put in a smooth order.")
        return Choice(in_smooth_order(edition.songs, rows))

    def entries(self, name: str, rows: Sequence[int]) -> list[Entry]:
        """Songs by their numbers.

        Raises
        ------
        LibraryError, OtherEditionError
        WishError
        """
        edition = self._edition(name)
        return [edition.songs.entries[row] for row in self._checked(edition, rows)]

    def _file(self, name: str, number: int) -> str:
        edition = self._edition(name)
        file = edition.songs.entries[number].file if self._has(edition, number) else ""
        if not file or not Path(file).exists():
            raise AudioError(_GONE)
        return file

    def _checked(self, edition: _Edition, rows: Sequence[int]) -> list[int]:
        known = list(dict.fromkeys(rows))
        if not known or not all(self._has(edition, row) for row in known):
            raise WishError(_GONE)
        return known

    @staticmethod
    def _has(edition: _Edition, number: int) -> bool:
        return 0 <= number < len(edition.songs)

    def _edition(self, name: str) -> _Edition:
        edition = self._read()
        if name != edition.sheet.edition:
            raise OtherEditionError
        return edition

    def _read(self) -> _Edition:
        index = settings.library_index()
        if index is None:
            raise LibraryError("This server has no library: GENREGENIE_INDEX names none.")
        try:
            made = index, (index / LIBRARY_JSON).stat().st_mtime_ns
        except OSError as error:
            raise LibraryError(f"There is no index in {index}.") from error
        with self._lock:
            if self._known is None or self._known.made != made:
                self._known = _read(made)
                self._covers.clear()
            return self._known


def _read(made: tuple[Path, int]) -> _Edition:
    index, _ = made
    model = Classifier.load().model
    library = Library.load(index, model.catalogue.likeness)
    if not library.is_current:
        raise LibraryError(
            f"The index in {index} is of an earlier release. Make it again with 'genregenie index'."
        )
    songs = Songs.of(library)
    sheet = Sheet(songs, model, library_map.root_of(songs.entries, index))
    return _Edition(made, songs, sheet)


def _among(songs: Songs, among: bytes) -> Songs:
    if not among:
        return songs
    bits = np.unpackbits(np.frombuffer(among, np.uint8))
    if len(among) != (len(songs) + 7) // 8 or not bits[: len(songs)].any():
        raise WishError("No song is shown, so there is none to choose from.")
    rows = np.flatnonzero(bits[: len(songs)])
    return Songs(
        [songs.entries[row] for row in rows.tolist()], songs.directions[rows], songs.autotags[rows]
    )
