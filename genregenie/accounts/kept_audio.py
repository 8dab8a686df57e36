"""Clips that no result names: what is left where something was interrupted."""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Final

from sqlalchemy import select

from genregenie.accounts.core import Core, log
from genregenie.accounts.results import AUDIO
from genregenie.accounts.tables import ResultRow
from genregenie.storage.blob_stores import MovedBlobs
from genregenie.storage.blobs import BlobError

ORPHANS_LAST: Final = timedelta(hours=1)
"""A clip that is younger may be about to be named."""
_EVERY_S: Final = 3600
_AT_ONCE: Final = 500


class Sweeper:
    """Removes them, once in a while; and moves what lies where new clips are not kept any more."""

    def __init__(self, core: Core, ticks: Callable[[], float]) -> None:
        self._core = core
        self._ticks = ticks
        self._next_s = ticks()

    def sweep(self) -> None:
        """Do so, unless it was done within the hour. What cannot be done now is, in an hour."""
        if self._ticks() < self._next_s:
            return
        self._next_s = self._ticks() + _EVERY_S
        try:
            if isinstance(self._core.blobs, MovedBlobs) and (moved := self._core.blobs.move()):
                log.info("%d files moved out of the database, to where blobs are kept now", moved)
            delete_orphans(self._core)
        except BlobError as error:
            log.warning("kept audio is not looked through: %s", error.kind)


def delete_orphans(core: Core) -> None:
    """Delete the clips that no result names, and that are old enough to be sure of it.

    Raises
    ------
    BlobError, DatabaseError
    """
    newest = core.clock() - ORPHANS_LAST
    old = (blob.key for blob in core.blobs.each(f"{AUDIO}/") if blob.made_at < newest)
    while keys := list(islice(old, _AT_ONCE)):
        with core.db.read() as session:
            named = select(ResultRow.audio_key).where(ResultRow.audio_key.in_(keys))
            orphans = set(keys).difference(session.scalars(named))
        core.delete_blobs(orphans)
