"""The gate: a plain ASGI middleware in front of everything that is served.

Without a session only the portal's public pages, its assets, what people share by a link, and the
health check are there. All else, Gradio's routes, event streams and websockets included, is
refused before it is looked at.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from genregenie.accounts import Accounts
from genregenie.accounts.core import User
from genregenie.storage.database import DatabaseError
from genregenie.web.config import WebConfig
from genregenie.web.paths import HEALTH, HOME, ICON, PRIVATE, PUBLIC, is_shared, login_url
from genregenie.web.security import cookies
from genregenie.web.security.csrf import SAFE_METHODS, FormTokens, from_other_site
from genregenie.web.security.headers import SecurityHeaders
from genregenie.web.workers import Workers

if TYPE_CHECKING:
    import gradio as gr

_WHO: Final = "genregenie.who"
_FORM_TOKENS: Final = "genregenie.form_tokens"
_TOKEN: Final = "genregenie.session_token"  # noqa: S105 (a key of the scope, not a secret)


def who_is(scope: Scope) -> User | None:
    """The person a request belongs to, as the gate found out; None with the gate off."""
    who: User | None = scope.get(_WHO)
    return who


def who_asks(request: "gr.Request") -> User | None:
    """The person a handler of the page works for; None with the gate off."""
    inner = request.request
    return who_is(inner.scope) if inner is not None else None


def session_token(scope: Scope) -> str | None:
    """The session's token, for what concerns this very session."""
    token: str | None = scope.get(_TOKEN)
    return token


def form_token(scope: Scope) -> str:
    """The token that a form on a logged-in person's page must carry."""
    make: Callable[[str], str] = scope[_FORM_TOKENS]
    return make(session_token(scope) or "")


class Gate:
    """Lets through what has a session, and what needs none.

    Parameters
    ----------
    app : ASGIApp
        All that stands behind the gate.
    accounts : Accounts
        Knows whose session a token is.
    assets : frozenset of str
        Full paths of the portal's own files.
    """

    def __init__(
        self,
        app: ASGIApp,
        accounts: Accounts,
        workers: Workers,
        config: WebConfig,
        assets: frozenset[str],
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._workers = workers
        self._config = config
        self._cookies = cookies.Cookies(config.cookies)
        self._tokens = FormTokens(config.key)
        self._headers = SecurityHeaders(config.cookies)
        self._free = assets | {HEALTH, ICON}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        path = scope["path"]
        if self._is_foreign(scope, connection):
            refusal: Response | None = PlainTextResponse("This came from another site.", 403)
        elif path in self._free or is_shared(path):
            refusal = None
        elif self._config.gate == "off":
            portal = path in PUBLIC | PRIVATE or path.startswith("/account/")
            refusal = RedirectResponse(HOME, 303) if portal else None
        else:
            try:
                known = await self._recognise(scope, connection)
            except DatabaseError:
                refusal = PlainTextResponse(
                    "The accounts cannot be reached at the moment. Please try again soon.",
                    503,
                    {"retry-after": "10"},
                )
            else:
                refusal = None if known or path in PUBLIC else _to_login(scope, connection)
        await (refusal or self._app)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        allowed = self._config.gate == "off" or await self._recognise(scope, connection)
        # A websocket is not bound by the same-origin policy, so its origin is always looked at.
        if not allowed:
            status = 401
        elif from_other_site(connection, self._config.public_url):
            status = 403
        else:
            await self._app(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)
        if "websocket.http.response" in scope.get("extensions", {}):
            await socket.send_denial_response(Response(status_code=status))
        else:
            await socket.close(code=1008)

    async def _recognise(self, scope: Scope, connection: HTTPConnection) -> bool:
        token = self._cookies.read(connection, cookies.SESSION)
        who = await self._workers.quick(self._accounts.sessions.who, token) if token else None
        scope[_WHO] = who
        scope[_FORM_TOKENS] = self._tokens.make
        scope[_TOKEN] = token if who else None
        return who is not None

    def _is_foreign(self, scope: Scope, connection: HTTPConnection) -> bool:
        changes = scope["method"] not in SAFE_METHODS
        return changes and from_other_site(connection, self._config.public_url)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._headers.apply(MutableHeaders(scope=message), scope["path"])
            await send(message)

        return wrapped


def _to_login(scope: Scope, connection: HTTPConnection) -> Response:
    headers = connection.headers
    destination = headers.get("sec-fetch-dest")
    wants_page = "text/html" in headers.get("accept", "") and destination in (
        None,
        "document",
        "iframe",
        "frame",
    )
    if not wants_page:
        return JSONResponse({"detail": "Please log in."}, 401)
    if scope["method"] not in ("GET", "HEAD"):
        path = scope["path"]
        # A form cannot be sent again after log-in; the page it was on can be shown.
        return RedirectResponse(login_url("/account" if path.startswith("/account") else ""), 303)
    wanted = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    if scope["query_string"]:
        wanted += "?" + scope["query_string"].decode("latin-1")
    return RedirectResponse(login_url("" if scope["path"] == "/" else wanted), 303)
