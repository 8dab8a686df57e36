"""Answers say which process gave them, so that a page notices when another has taken over.

A plain ASGI middleware. The mark says nothing of the process but that it is this one.
"""

import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MARK: Final = secrets.token_hex(8)
HEADER: Final = "x-genregenie-process"


class Marked:
    """Puts the mark on answers, unless another process has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(HEADER, MARK)
            await send(message)

        await self._app(scope, receive, marked if scope["type"] == "http" else send)
