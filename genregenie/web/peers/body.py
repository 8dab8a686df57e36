"""What a browser sends with a request that is handed on."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

_KEPT_BYTES: Final = 1 << 20


class Body:
    """What a browser sends; as long as it is short it is kept, in case somebody else answers."""

    def __init__(self, receive: Receive) -> None:
        self.rest = receive
        self.is_kept = True
        self._kept: deque[Message] = deque()
        self._more = True
        self._whole = anyio.Event()

    async def take(self) -> None:
        """Read and keep what there is of none: one message, which is empty.

        Raises
        ------
        ClientDisconnect
        """
        async for _ in self.pieces():
            pass

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as it comes.

        Raises
        ------
        ClientDisconnect
        """
        size = 0
        while self._more:
            message = await self.rest()
            self._more = message.get("more_body", False)
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece = message.get("body", b"")
            size += len(piece)
            self.is_kept = size <= _KEPT_BYTES
            if self.is_kept:
                self._kept.append(message)
            else:
                self._kept.clear()
            yield piece
        self._whole.set()

    async def gone(self) -> None:
        """Come back when whoever has sent all of it has gone away."""
        await self._whole.wait()
        await gone(self.rest)

    async def drop(self) -> None:
        """Take the rest of it, for nobody."""
        while self._more:
            self._more = (await self.rest()).get("more_body", False)

    async def receive(self) -> Message:
        """All of it from the beginning, for who answers in the end."""
        return self._kept.popleft() if self._kept else await self.rest()


async def gone(receive: Receive) -> None:
    """Come back when whoever was sending has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
