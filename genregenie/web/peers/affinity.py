"""A browser stays with one server: an ASGI middleware in front of Gradio's page.

Gradio keeps its queue, and what a page has, in its process. A cookie names that server; proxies may
go by it. What lands elsewhere all the same is handed on to it. Where it is not reached, whoever
asks is told to load the page again, and where it is gone, this server takes over from it.
"""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.web.paths import APP, HOME
from genregenie.web.peers.body import Body
from genregenie.web.peers.forwarding import MAX_HOPS, Forwarding, hops
from genregenie.web.peers.servers import Servers
from genregenie.web.security.cookies import SERVER, Cookies
from genregenie.web.serving.process import HEADER, mark

ELSEWHERE: Final = "This page was loaded from another server. Please load it again."
_API: Final = f"{APP}/gradio_api/"
# gradio_client begins with the last of these, and keeps the cookies of that answer alone.
_PAGE: Final = frozenset({APP, HOME, f"{APP}/config"})


class Affinity:
    """Keeps browsers with their server."""

    def __init__(
        self, app: ASGIApp, servers: Servers, forwarding: Forwarding, cookies: Cookies
    ) -> None:
        self._app = app
        self._servers = servers
        self._forwarding = forwarding
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path in _PAGE or path.startswith(_API)):
            await self._app(scope, receive, send)
            return
        browser = HTTPConnection(scope)
        name = self._servers.named_by(self._cookies.read(browser, SERVER))
        if name == self._servers.me.name:
            await self._app(scope, receive, send)
            return
        if name is not None and hops(scope) < MAX_HOPS:
            peer, body = self._servers.find(name), Body(receive)
            sent = await self._forwarding.send(name, peer, scope, body, send)
            if sent:
                return
            if sent is None and peer is not None and path.startswith(_API):
                # It is there, and has what this page is about.
                refusal = JSONResponse({"detail": ELSEWHERE}, 421, {HEADER: mark()})
                await refusal(scope, receive, send)
                return
            receive = body.receive
        await self._app(scope, receive, self._with_cookie(browser, send))

    def _with_cookie(self, browser: HTTPConnection, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = self._cookies.store(browser, SERVER, self._servers.cookie())
                MutableHeaders(scope=message).append(*cookie)
            await send(message)

        return wrapped
