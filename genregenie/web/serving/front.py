"""What stands in front of the app: proxies that say how it was asked for, and a path it lies under.

Inside, every path is as if the app had a host to itself: ``/login``, ``/app/``. `Front`, the
outermost of the app's middlewares, makes requests so and gives answers back the addresses that
people have; `AsAsked` tells Gradio, which makes addresses of its own, what was asked for.
"""

import logging
import re
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
# Gradio believes these whoever says them; what is true of them is in the scope by then.
_SAID: Final = frozenset({b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server"})

log = logging.getLogger("genregenie.web")


class Front:
    """Believes the proxies that are trusted, takes the path off and puts it on again.

    Parameters
    ----------
    app : ASGIApp
    root_path : str
        What all paths begin with for people, without a slash at the end; it may be gone already
        when a request arrives here, where the proxy takes it off.
    proxies : sequence of str
        Addresses and networks that say for whom, at which host and by which scheme they ask.
    public_url : str, optional
        Where this is, as its operator says; what is asked of that host came by its scheme.
    """

    def __init__(
        self,
        app: ASGIApp,
        root_path: str = "",
        proxies: tuple[str, ...] = (),
        public_url: str | None = None,
    ) -> None:
        self._app = app
        self._root = root_path
        self._public = urlsplit(public_url or "")
        self._warned = False
        # It finds whom a chain of proxies asks for, and by which scheme.
        self._believing = ProxyHeadersMiddleware(self._serve, list(proxies))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        # The scope is changed, not copied: who reports faults stands further out and sees this one.
        headers, client = Headers(scope=scope), scope.get("client")
        if (client[0] if client else None) in self._believing.trusted_hosts:
            host = headers.get("x-forwarded-host", "").partition(",")[0].strip()
            if _HOST.fullmatch(host):
                MutableHeaders(scope=scope)["host"] = host
        elif headers.get("x-forwarded-proto") == "https" and not self._warned:
            self._warned = True
            log.warning(
                "somebody asks by https for others and is not in GENREGENIE_TRUSTED_PROXIES: "
                "if that is your proxy, pages will not load until it is"
            )
        await self._believing(scope, receive, send)  # type: ignore[arg-type]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            self._public.scheme == "https"
            and Headers(scope=scope).get("host") == self._public.netloc
        ):
            scope["scheme"] = "https" if scope["type"] == "http" else "wss"
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in _SAID]
        if not self._root:
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == self._root:
            where = "/" + (
                f"?{query.decode('latin-1')}" if (query := scope["query_string"]) else ""
            )
            await RedirectResponse(where, 308)(scope, receive, self._outward(send))
        else:
            self._take_off(scope)
            await self._app(scope, receive, self._outward(send))

    def _take_off(self, scope: Scope) -> None:
        path = scope["path"]
        if not path.startswith(f"{self._root}/"):
            return
        scope["path"] = path[len(self._root) :]
        raw = scope.get("raw_path") or b""
        begin = self._root.encode()
        # Written in another way it is still the same path.
        same = raw.startswith(begin + b"/")
        scope["raw_path"] = raw[len(begin) :] if same else quote(scope["path"]).encode()

    def _outward(self, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                where = headers.get("location", "")
                # Another server, which this was handed on to, has put it on already.
                whole = where == self._root or where.startswith(f"{self._root}/")
                if where.startswith("/") and not where.startswith("//") and not whole:
                    headers["location"] = self._root + where
            await send(message)

        return wrapped


class AsAsked:
    """The innermost middleware: what lies at `mount` is asked with the whole path.

    ASGI's ``root_path`` is a part of ``path``, and what is mounted makes addresses of both.
    """

    def __init__(self, app: ASGIApp, root_path: str, mount: str) -> None:
        self._app = app
        self._root = root_path
        self._mount = mount

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if self._root and scope.get("path", "").startswith(self._mount):
            scope = {
                **scope,
                "root_path": self._root,
                "path": self._root + scope["path"],
                "raw_path": self._root.encode() + scope.get("raw_path", b""),
            }
        await self._app(scope, receive, send)
