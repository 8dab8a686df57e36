"""Where blobs lie, as ``GENREGENIE_BLOBS`` says, and how they get there from the database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from genregenie.common.services import BlobPlace
from genregenie.storage.blobs import Blob, BlobError, Blobs, new_key
from genregenie.storage.database import Database
from genregenie.storage.database_blobs import DatabaseBlobs

_OWNER: Final = "owner"
"""The kind of blob that says whose a place is; its name stands for a database."""


class MovedBlobs:
    """Blobs in a place that is not the first: what is in the earlier one still is found.

    Parameters
    ----------
    now, before : Blobs
    """

    def __init__(self, now: Blobs, before: Blobs) -> None:
        self._now = now
        self._before = before

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Keep it in the new place."""
        self._now.put(key, content)

    def get(self, key: str) -> bytes | None:
        """What is kept under the key, in either place."""
        content = self._now.get(key)
        if content is None:
            content = self._before.get(key)
        # Somebody may just have moved it.
        return self._now.get(key) if content is None else content

    def delete(self, key: str) -> None:
        """Keep it in neither place."""
        # First where it would be moved from.
        self._before.delete(key)
        self._now.delete(key)

    def each(self, prefix: str = "") -> Iterator[Blob]:
        """All of a prefix, in both places; what is just being moved comes twice."""
        yield from self._before.each(prefix)
        yield from self._now.each(prefix)

    def move(self) -> int:
        """Move all there is to the new place; how many blobs. Several may do so at once.

        It can be broken off at any time: what was not moved stays where it is.

        Raises
        ------
        BlobError, DatabaseError
        """
        moved = 0
        for blob in self._before.each():
            if blob.key.startswith(f"{_OWNER}/"):
                continue
            content = self._before.get(blob.key)
            if content is not None:
                self._now.put(blob.key, content)
                self._before.delete(blob.key)
                moved += 1
        return moved


def open_blobs(
    db: Database,
    place: BlobPlace,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Blobs:
    """The blobs of a place; what the database has of them is found, too, and can be moved.

    Parameters
    ----------
    db : Database
        With its tables.
    place : BlobPlace
    clock : callable
        Gives the current time in UTC.

    Raises
    ------
    BlobError, DatabaseError
        If it cannot be used.
    """
    in_database = DatabaseBlobs(db, clock)
    if place.kind == "database":
        return in_database
    elsewhere = open_place(place)
    _claim(elsewhere, in_database, place)
    return MovedBlobs(elsewhere, in_database)


def _claim(elsewhere: Blobs, in_database: Blobs, place: BlobPlace) -> None:
    """Have a place belong to one database.

    What no row of a database names is deleted. With the address of another one, or with none by
    mistake, that would be everything.
    """
    ours = {blob.key for blob in in_database.each(f"{_OWNER}/")}
    if not ours:
        in_database.put(new_key(_OWNER), b"")
        ours = {blob.key for blob in in_database.each(f"{_OWNER}/")}
    theirs = {blob.key for blob in elsewhere.each(f"{_OWNER}/")}
    if not theirs:
        elsewhere.put(min(ours), b"")
    elif not theirs & ours:
        raise BlobError(
            f"{place.where} holds the files of another database. If that is no more, remove what "
            f"is under {_OWNER}/ there."
        )


def open_place(place: BlobPlace) -> Blobs:
    """The blobs of a place that is not the database.

    Raises
    ------
    BlobError
        If it cannot be used.
    """
    if place.kind == "folder":
        from genregenie.storage.folder_blobs import FolderBlobs

        return FolderBlobs(Path(place.where))
    from genregenie.storage.s3_blobs import S3Blobs

    bucket, _, prefix = place.where.partition("/")
    return S3Blobs(bucket, prefix, place.endpoint)
