"""The gate: a plain ASGI middleware in front of everything that is served.

Without a session or a token only the portal's public pages, its assets, what people share by a
link, and the health check are there. All else, Gradio's routes, event streams and websockets
included, is refused before it is looked at. `genregenie.web.security.bearers` knows the tokens.
"""

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from genregenie.accounts import Accounts
from genregenie.common.errors import GenreGenieError
from genregenie.web.config import WebConfig
from genregenie.web.errors import ACCOUNTS_AWAY, log_problem, problem_of
from genregenie.web.identity import Identity, identify
from genregenie.web.paths import (
    ACCOUNT,
    ADMIN,
    HEALTH,
    HOME,
    ICON,
    MANIFEST,
    METRICS,
    PRIVATE,
    PUBLIC,
    READY,
    is_api,
    is_shared,
    login_url,
)
from genregenie.web.security import cookies
from genregenie.web.security.bearers import Bearers, TokenError, token_of
from genregenie.web.security.csrf import SAFE_METHODS, FormTokens, from_other_site
from genregenie.web.security.headers import SecurityHeaders
from genregenie.web.workers import Workers


class Gate:
    """Lets through what has a session or a token, and what needs none.

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
        self._cookies = cookies.Cookies(config.cookies, config.root_path)
        self._tokens = FormTokens(config.key)
        self._bearers = Bearers(accounts, workers)
        self._headers = SecurityHeaders(config.cookies)
        self._free = assets | {HEALTH, READY, METRICS, ICON, MANIFEST}

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
        path, token = scope["path"], token_of(connection)
        is_free = path in self._free or is_shared(path)
        is_program = self._config.gate != "off" and (token is not None or is_api(path))
        if is_program and not is_free:  # no browser adds a token because another site wants it to
            refusal: Response | None = await self._refused_program(scope, token)
        elif self._is_foreign(scope, connection):
            refusal = PlainTextResponse("This came from another site.", 403)
        elif is_free:
            refusal = None
        elif self._config.gate == "off":
            portal = path in PUBLIC | PRIVATE or path.startswith((f"{ACCOUNT}/", f"{ADMIN}/"))
            refusal = RedirectResponse(HOME, 303) if portal else None
        else:
            try:
                known = await self._recognise(scope, connection)
            except GenreGenieError as error:
                refusal = _away(error)
            else:
                refusal = None if known or path in PUBLIC else _to_login(scope, connection)
        await (refusal or self._app)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        try:
            allowed = self._config.gate == "off" or await self._recognise(scope, connection)
        except GenreGenieError as error:
            log_problem(error, problem_of(error) or ACCOUNTS_AWAY)
            allowed = False
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

    async def _refused_program(self, scope: Scope, token: str | None) -> Response | None:
        try:
            await self._bearers.admit(scope, token)
        except TokenError as error:
            return PlainTextResponse(str(error), error.status, error.headers)
        except GenreGenieError as error:
            return _away(error)
        return None

    async def _recognise(self, scope: Scope, connection: HTTPConnection) -> bool:
        token, look_up = self._cookies.read(connection, cookies.SESSION), self._workers.look_up
        user = await look_up(self._accounts.sessions.user_of, token) if token else None
        known = Identity(user, token, self._tokens.make(token)) if token and user else None
        identify(scope, known)
        return known is not None

    def _is_foreign(self, scope: Scope, connection: HTTPConnection) -> bool:
        changes = scope["method"] not in SAFE_METHODS
        return changes and from_other_site(connection, self._config.public_url)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._headers.apply(MutableHeaders(scope=message), scope["path"])
            await send(message)

        return wrapped


def _away(error: GenreGenieError) -> Response:
    problem = problem_of(error) or ACCOUNTS_AWAY
    log_problem(error, problem)
    return PlainTextResponse(problem.words(error), problem.status, problem.headers(error))


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
        return RedirectResponse(login_url(ACCOUNT if path.startswith(ACCOUNT) else ""), 303)
    wanted = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    if scope["query_string"]:
        wanted += "?" + scope["query_string"].decode("latin-1")
    return RedirectResponse(login_url(wanted), 303)
