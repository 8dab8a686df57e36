"""Blobs as files in a folder: of one machine, or one that several share."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from genregenie.common.files import replacing, sync_folder
from genregenie.common.formatting import reason
from genregenie.storage.blobs import Blob, BlobError, check_key, check_prefix

_DRAFTS_LAST_S: Final = 3600
_PRIVATE: Final = 0o600


class FolderBlobs:
    """The `Blobs` of a folder, in a folder for each kind, for this account alone to read.

    Parameters
    ----------
    folder : Path
        Made where it is missing. What a process that was killed has half written there is removed
        after an hour.

    Raises
    ------
    BlobError
        If it cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._failures():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for draft in folder.glob("*/.*"):
                with contextlib.suppress(FileNotFoundError):  # by who comes up beside us
                    if draft.stat().st_mtime < time.time() - _DRAFTS_LAST_S:
                        draft.unlink()

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Keep it, in a file that is on the disk with its name."""
        path = self._path(key)
        source = BytesIO(content) if isinstance(content, bytes) else content
        with self._failures():
            if not path.parent.is_dir():
                path.parent.mkdir(exist_ok=True, mode=0o700)
                sync_folder(self._folder)
            with replacing(path, _PRIVATE) as draft, draft.open("wb") as file:
                shutil.copyfileobj(source, file)
            sync_folder(path.parent)

    def get(self, key: str) -> bytes | None:
        """What is kept under the key."""
        path = self._path(key)
        with self._failures():
            self._expect_folder()
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def delete(self, key: str) -> None:
        """Keep it no longer."""
        path = self._path(key)
        with self._failures():
            self._expect_folder()
            path.unlink(missing_ok=True)

    def each(self, prefix: str = "") -> Iterator[Blob]:
        """All of a prefix."""
        kind, _, name = check_prefix(prefix).partition("/")
        kinds = f"{kind}/" if "/" in prefix else f"{kind}*/"
        with self._failures():
            self._expect_folder()
            for path in self._folder.glob(f"{kinds}{name}*"):
                blob = self._blob(path)
                if blob is not None:
                    yield blob

    def _blob(self, path: Path) -> Blob | None:
        key = f"{path.parent.name}/{path.name}"
        try:
            check_key(key)  # what others put there is none of ours
            about = path.stat()
        except (ValueError, FileNotFoundError):
            return None
        return Blob(key, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

    def _path(self, key: str) -> Path:
        return self._folder.joinpath(*check_key(key).split("/"))

    def _expect_folder(self) -> None:
        # Of a disk that is not there all would seem to be gone.
        self._folder.stat()

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BlobError(
                f"The folder {self._folder} cannot be used: {reason(error)}.", type(error).__name__
            ) from error
