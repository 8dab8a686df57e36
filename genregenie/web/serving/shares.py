"""How many requests an address may have open at once: a plain ASGI middleware.

`genregenie.web.serving.connections` counts connections; behind a proxy those are the proxy's, and
whoever is behind it is known only when a request has come. A page holds two streams open, so what
is counted here is mostly pages.
"""

import logging
from collections import Counter
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from genregenie.web.addresses import network_of
from genregenie.web.serving import metrics

_WAIT_S: Final = 10
_FULL: Final = f"Too much is open here at the moment. Please try again in {_WAIT_S} seconds.\n"

log = logging.getLogger("genregenie.web.connections")


class Shares:
    """Turns away what comes from an address that has its share.

    Parameters
    ----------
    app : ASGIApp
    most : int
        Requests from one address at once.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        origin = network_of(scope) if scope["type"] == "http" else ""
        if not origin:
            await self._app(scope, receive, send)
            return
        if self._open[origin] >= self._most:
            metrics.TURNED_AWAY.labels("share").inc()
            log.warning("turned away requests: an address has its share")
            answer = PlainTextResponse(_FULL, 503, {"retry-after": str(_WAIT_S)})
            await answer(scope, receive, send)
            return
        self._open[origin] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[origin] -= 1
            if not self._open[origin]:
                del self._open[origin]
