"""A person's download of all that is kept of them, which may be large.

It is written into a file without a name first, a piece at a time and away from what answers others,
and then sent as fast as the browser takes it: who is slow holds no connection to the database.
"""

import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO, Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from genregenie.accounts import Accounts
from genregenie.accounts.export import write_person
from genregenie.common.files import no_room
from genregenie.web.errors import DownloadingError, NoRoomOnDiskError
from genregenie.web.workers import Workers

_PIECE_BYTES: Final = 1 << 18


class Downloads:
    """Makes downloads, one at a time for each person."""

    def __init__(self, accounts: Accounts, workers: Workers, folder: Path) -> None:
        self._accounts, self._workers, self._folder = accounts, workers, folder
        self._people: set[int] = set()

    async def of(self, person_id: int) -> Response:
        """The answer with everything of one person.

        Raises
        ------
        DownloadingError
            If this person's last download has not ended yet.
        NoRoomOnDiskError
            If it cannot be written.
        """
        if person_id in self._people:
            raise DownloadingError
        self._people.add(person_id)
        file = None
        try:
            file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - the answer closes it
            await self._workers.writing(
                write_person, self._accounts.db, self._accounts.blobs, person_id, file
            )
        except BaseException as error:
            self._end(person_id, file)
            if no_room(error):
                raise NoRoomOnDiskError from error
            raise
        return _Download(file, self._workers, lambda: self._end(person_id, file))

    def _end(self, person_id: int, file: BinaryIO | None) -> None:
        self._people.discard(person_id)
        if file is not None:
            file.close()


class _Download(StreamingResponse):
    """Sends a file, and says when that is over, however it ended."""

    def __init__(self, file: BinaryIO, workers: Workers, over: Callable[[], None]) -> None:
        headers = {
            "content-disposition": 'attachment; filename="genregenie-my-data.json"',
            "content-length": str(file.tell()),
        }
        file.seek(0)
        super().__init__(_pieces(file, workers), 200, headers, "application/json")
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


async def _pieces(file: BinaryIO, workers: Workers) -> AsyncIterator[bytes]:
    while piece := await workers.look_up(file.read, _PIECE_BYTES):
        yield piece
