"""Programs at the gate: ``Authorization: Bearer ggt_...``, and what it opens.

A token opens the API, and of Gradio's addresses those that a program needs to call a function;
never a page. Cookies count for nothing there, so no other site can make a browser do anything, and
no check of that is needed. A token stands in a header alone: addresses come into logs.

Whoever shows wrong ones waits, by address, as after wrong passwords. That is counted in memory: a
wrong token costs no write. Tokens that were right before are looked up all the same, so that nobody
behind the same address is shut out.
"""

import math
import re
import time
from collections import OrderedDict
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import Scope

from genregenie.accounts import Accounts
from genregenie.accounts.access_tokens import CLASSIFY, PREFIX, has_shape
from genregenie.accounts.throttle import FORGET_AFTER, wait_s
from genregenie.accounts.tokens import token_digest
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_pause, pause_s
from genregenie.web.addresses import network_of
from genregenie.web.identity import Identity, identify
from genregenie.web.paths import APP, MCP, is_api
from genregenie.web.serving import metrics
from genregenie.web.workers import Workers

# What gradio_client asks for, and Gradio's own way for curl; all calls go through its queue.
_GRADIO: Final = re.compile(
    rf"{APP}/(config|gradio_api/(info|upload|queue/(join|data)|call/.+|heartbeat/[^/]+|file=.*"
    r"|cancel|reset))/?",
    re.DOTALL,
)
_MAX_REMEMBERED: Final = 10_000
_REALM: Final = 'Bearer realm="GenreGenie"'


class TokenError(GenreGenieError):
    """A program is not let in.

    Attributes
    ----------
    status : int
    headers : dict
        With what RFC 6750 has a server say.
    """

    def __init__(self, status: int, told: str, *problem: str) -> None:
        self.status = status
        self.headers = {"www-authenticate": ", ".join([_REALM, *problem])}
        super().__init__(told)


class ScopeError(TokenError):
    """The token is not for this."""

    def __init__(self, scope: str) -> None:
        problem = 'error="insufficient_scope"', f'scope="{scope}"'
        super().__init__(403, f"This token is not for that: it lacks “{scope}”.", *problem)


class TooManyTokensError(TokenError):
    """Too many wrong ones came from this address; try again after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        told = f"Too many wrong tokens. Please wait {format_pause(wait_s)} and try again."
        super().__init__(429, told)
        self.headers = {"retry-after": str(pause_s(wait_s))}


class Bearers:
    """Knows whose token a request carries. For the thread of the event loop alone."""

    def __init__(self, accounts: Accounts, workers: Workers) -> None:
        self._accounts = accounts
        self._workers = workers
        self._wrong = WrongTokens()
        self._right: OrderedDict[bytes, None] = OrderedDict()

    async def admit(self, scope: Scope, token: str | None) -> None:
        """Note in the scope whose request it is.

        Parameters
        ----------
        scope : Scope
        token : str or None
            As `token_of` finds it.

        Raises
        ------
        TokenError
            If it may not be served.
        DatabaseError, BusyError
            If nobody can say so just now.
        """
        if token is None:
            raise TokenError(401, "This needs a token: “Authorization: Bearer ggt_...”.")
        origin, digest = network_of(scope), token_digest(token)
        left_s = self._wrong.wait_s(origin)
        if left_s and digest not in self._right:
            metrics.TOKENS.labels("made to wait").inc()
            raise TooManyTokensError(left_s)
        look_up, known = self._workers.look_up, self._accounts.access_tokens.bearer_of
        bearer = await look_up(known, token) if has_shape(token) else None
        if bearer is None:
            self._right.pop(digest, None)
            self._wrong.note(origin)
            metrics.TOKENS.labels("wrong").inc()
            told = "This token is wrong, or it was revoked, or it has expired."
            raise TokenError(401, told, 'error="invalid_token"')
        self._remember(digest)
        metrics.TOKENS.labels("in").inc()
        identify(scope, Identity(bearer.user, bearer.token, "", bearer.scopes))
        path = scope["path"]
        if is_api(path):
            return  # each of its addresses has a scope of its own
        if path.rstrip("/") != MCP and not _GRADIO.fullmatch(path):
            raise TokenError(403, "A token opens the API alone, not the pages.")
        if CLASSIFY not in bearer.scopes:
            raise ScopeError(CLASSIFY)

    def _remember(self, digest: bytes) -> None:
        self._right[digest] = None
        self._right.move_to_end(digest)
        if len(self._right) > _MAX_REMEMBERED:
            self._right.popitem(last=False)


class WrongTokens:
    """Counts wrong tokens by address: free at first, then growing waits, forgotten in an hour."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note(self, origin: str) -> None:
        """Count one more."""
        count, last_s = self._seen.pop(origin, (0, 0.0))
        now_s = time.monotonic()
        over = now_s - last_s > FORGET_AFTER.total_seconds()
        self._seen[origin] = (1 if over else count + 1, now_s)
        if len(self._seen) > _MAX_REMEMBERED:
            self._seen.popitem(last=False)

    def wait_s(self, origin: str) -> int:
        """Seconds until the next try; 0 if it may be made."""
        count, last_s = self._seen.get(origin, (0, 0.0))
        return max(math.ceil(last_s + wait_s(count) - time.monotonic()), 0) if count else 0


def token_of(connection: HTTPConnection) -> str | None:
    """The token that a request carries, if any.

    What is no token of ours is left alone off the API: a proxy in front may have uses for that
    header.
    """
    kind, _, given = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    given = given.strip()
    return given if given.startswith(PREFIX) or is_api(connection.scope["path"]) else None
