"""Whose uploads and results are, for several servers, and the uploads themselves.

What one server has taken from a browser another may be asked for: when the first has ended, or a
proxy sent the request elsewhere. Whose a file is stands in the registry; servers that do not share
a folder find uploads among the blobs.
"""

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from genregenie.common.errors import GenreGenieError
from genregenie.common.files import creating
from genregenie.common.formatting import reason
from genregenie.storage.blobs import Blobs
from genregenie.storage.registry import Registry

KNOWN_S: Final = 3600.0
"""So long a file is known to others: about as long as it lies there."""
_KIND: Final = "file"
_BLOBS: Final = "uploads"

log = logging.getLogger("genregenie.web")


class SharedFiles:
    """What servers tell each other of the files in their folders.

    Parameters
    ----------
    folder : Path
        This server's; names are relative to it.
    registry : Registry
    blobs : Blobs or None
        Where uploads are put for servers that do not have the same folder.
    """

    def __init__(self, folder: Path, registry: Registry, blobs: Blobs | None = None) -> None:
        self._folder = folder
        self._registry = registry
        self._blobs = blobs

    def tell(self, person_id: int | None, name: str) -> None:
        """Have all servers know that a file is this person's, too."""

        def with_them(known: str | None) -> str:
            return json.dumps(list(_owners(known) | {person_id}))

        self._registry.change(_KIND, name, with_them, KNOWN_S)

    def owners(self, name: str) -> set[int | None]:
        """Whose a file is."""
        return _owners(self._registry.get(_KIND, name))

    def hand_over(self, names: Iterable[str], old_id: int, new_id: int) -> None:
        """Have what one person has be another's."""

        def instead(known: str | None) -> str | None:
            owners = _owners(known)
            return json.dumps(list(owners - {old_id} | {new_id})) if owners else None

        for name in names:
            self._registry.change(_KIND, name, instead, KNOWN_S)

    def forget(self, person_id: int | None, name: str) -> bool:
        """Have a file be this person's no more; whether it was nobody else's and its copy went."""
        others: set[int | None] = set()

        def without_them(known: str | None) -> str | None:
            others.clear()
            others.update(_owners(known) - {person_id})
            return json.dumps(list(others)) if others else None

        self._registry.change(_KIND, name, without_them, KNOWN_S)
        if others:
            return False
        if self._blobs is not None:
            self._blobs.delete(_key(name))
        return True

    def send(self, name: str) -> None:
        """Keep a copy of an upload for the others.

        What cannot be kept is logged: here the upload is all the same.
        """
        if self._blobs is None:
            return
        try:
            with (self._folder / name).open("rb") as file:
                self._blobs.put(_key(name), file)
        except (GenreGenieError, OSError) as error:
            log.warning("an upload is for this server alone: %s", type(error).__name__)

    def fetch(self, name: str) -> None:
        """Have a file of another server's here, if there is a copy and it is not here yet."""
        path = self._folder / name
        if self._blobs is None or path.exists():
            return
        content = self._blobs.get(_key(name))
        if content is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with creating(path) as draft:
                    draft.write_bytes(content)
            except FileExistsError:
                pass
            except OSError as error:
                log.warning("another server's upload cannot be had here: %s", reason(error))

    def sweep(self, older_than_s: float, now_s: float) -> None:
        """Remove old copies, whoever made them."""
        if self._blobs is None:
            return
        for blob in self._blobs.each(f"{_BLOBS}/"):
            if now_s - blob.made_at.timestamp() > older_than_s:
                self._blobs.delete(blob.key)


def _owners(known: str | None) -> set[int | None]:
    return set(json.loads(known)) if known else set()


def _key(name: str) -> str:
    return f"{_BLOBS}/{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()}"
