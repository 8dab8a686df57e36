"""Answers say which process gave them, so that a page notices when another has taken over.

A plain ASGI middleware. The mark says nothing of the process but that it is this one.
"""

import functools
import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "x-genregenie-process"


@functools.cache
def mark() -> str:
    """What this process is known by; drawn when it is first asked for."""
    return secrets.token_hex(8)


class Marked:
    """Puts the mark on answers, unless another process has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(HEADER, mark())
            await send(message)

        await self._app(scope, receive, marked if scope["type"] == "http" else send)
