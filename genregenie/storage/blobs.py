"""Bytes under a key: what is too large for a row of a table.

Where they lie is for `genregenie.storage.blob_stores` to say: in the database, in a folder, or in
S3. A key is a kind and a name, such as ``audio/5f0c1a``. Who keeps blobs that rows of a database
name writes the blob before the row is committed, under a key that is used once, and deletes it
after the row is gone: whatever is interrupted leaves a blob too many, never one too few.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final, Protocol

from genregenie.common.errors import GenreGenieError

MAX_KEY_LENGTH: Final = 200
_KIND: Final = "[a-z0-9][a-z0-9-]*"
# No capitals, since some file systems take them for the same; no dot in front, which would hide it.
_KEY: Final = re.compile(rf"{_KIND}/[a-z0-9][a-z0-9.-]*")
_PREFIX: Final = re.compile(rf"|{_KIND}/?|{_KIND}/[a-z0-9][a-z0-9.-]*")


class BlobError(GenreGenieError):
    """The place of blobs cannot be used, or did not do what it was asked; a sentence says why.

    Attributes
    ----------
    kind : str
        The name of what went wrong, which may be shown and logged.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        self.kind = kind or type(self).__name__
        super().__init__(message)


@dataclass(frozen=True)
class Blob:
    """What is known of a blob without reading it.

    Attributes
    ----------
    key : str
    bytes : int
    made_at : datetime
        In UTC, by the clock of whoever keeps it.
    """

    key: str
    bytes: int
    made_at: datetime


class Blobs(Protocol):
    """A place for blobs.

    Every method raises `BlobError` where the place cannot be used (the database's own a
    `DatabaseError`), and ``ValueError`` for what is no key.
    """

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Keep this under the key, in the place of what was there; it lasts once this returns.

        Whoever reads sees all of it or nothing. A file is read to its end, and has to be one in
        which one can go back.
        """
        ...

    def get(self, key: str) -> bytes | None:
        """What was kept under the key; None where nothing was."""
        ...

    def delete(self, key: str) -> None:
        """Keep it no longer; nothing happens where there is nothing."""
        ...

    def each(self, prefix: str = "") -> Iterator[Blob]:
        """All whose key begins like this, in no order. What comes or goes meanwhile may be missed.

        What is given may be deleted on the way.
        """
        ...


def is_key(key: str) -> bool:
    """Whether something may be kept under this."""
    return len(key) <= MAX_KEY_LENGTH and _KEY.fullmatch(key) is not None


def check_key(key: str) -> str:
    """A key, as it was given.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not is_key(key):
        raise ValueError(f"{key!r} is no key of a blob")
    return key


def check_prefix(prefix: str) -> str:
    """What keys may begin with, as it was given.

    Raises
    ------
    ValueError
        If none does.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"no key of a blob begins with {prefix!r}")
    return prefix


def new_key(kind: str) -> str:
    """A key that nobody else has."""
    return check_key(f"{kind}/{secrets.token_hex(16)}")
