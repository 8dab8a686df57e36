"""The server's own library, if there is one: its map as a page, and a little of each song."""

import threading
from pathlib import Path
from typing import Final

from genregenie.common import settings
from genregenie.common.errors import AudioError
from genregenie.inference.classifier import Classifier
from genregenie.recommend import library_map
from genregenie.recommend.library_index import LIBRARY_JSON, Library, LibraryError
from genregenie.recommend.songs import Songs
from genregenie.web import analysis
from genregenie.web.paths import HOME, LIBRARY_SOUND

_GONE: Final = "This song is no longer there."


class ServedLibrary:
    """The index that ``GENREGENIE_INDEX`` names. Safe to use from many threads.

    It is read when it is first asked for, and again when it has been made anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[Path, int] | None = None
        self._pages: dict[bool, str] = {}
        self._paths: tuple[str, ...] = ()

    @staticmethod
    def is_there() -> bool:
        """Whether the server has one."""
        return settings.library_index() is not None

    def page(self, *, plays: bool) -> str:
        """The map as HTML.

        Parameters
        ----------
        plays : bool
            Whether who sees it may hear songs.

        Raises
        ------
        LibraryError, MapError, ModelError
            If it cannot be shown; the message is for who looks after the server.
        """
        with self._lock:
            self._read()
            return self._pages[plays]

    def sound(self, number: int) -> bytes:
        """Ten seconds of a song, as a WAV; songs are counted as on the map.

        Raises
        ------
        LibraryError
            As `page`.
        AudioError
            If there is no such song, or it cannot be played.
        """
        with self._lock:
            self._read()
            paths = self._paths
        if not 0 <= number < len(paths) or not Path(paths[number]).exists():
            raise AudioError(_GONE)
        return analysis.excerpt(paths[number])

    def _read(self) -> None:
        index = settings.library_index()
        if index is None:
            raise LibraryError("This server has no library: GENREGENIE_INDEX names none.")
        try:
            made = index, (index / LIBRARY_JSON).stat().st_mtime_ns
        except OSError as error:
            raise LibraryError(f"There is no index in {index}.") from error
        if made == self._known:
            return
        model = Classifier.load().model
        library = Library.load(index, model.catalogue.likeness)
        if not library.is_current:
            raise LibraryError(
                f"The index in {index} is of an earlier release. Make it again with "
                "'genregenie index'."
            )
        songs = Songs.of(library)
        root = library_map.root_of(songs.entries, index)
        # Addresses as seen from the page, wherever the app lies.
        sounds, home = LIBRARY_SOUND.lstrip("/"), HOME.lstrip("/")
        self._pages = {
            plays: library_map.page(songs, model, root, sounds if plays else "", home)
            for plays in (False, True)
        }
        self._paths = tuple(entry.path for entry in songs.entries)
        self._known = made
