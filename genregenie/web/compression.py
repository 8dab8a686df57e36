"""The page's own HTML, made small for slow connections."""

from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from genregenie.web.paths import APP, HOME

_COMPRESSED: Final = frozenset({HOME, f"{APP}/config", f"{APP}/theme.css"})
_MIN_BYTES: Final = 1_000


class Compression:
    """An ASGI middleware that compresses the page and what describes it: 300 kB become 40.

    Gradio does so with its scripts, and leaves its page as it is. Nothing else is compressed here:
    a secret and what somebody else may write stand side by side in other answers, and the length
    of what is compressed tells whether they are alike.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=_MIN_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        is_page = scope["type"] == "http" and scope["path"] in _COMPRESSED
        await (self._compressed if is_page else self._app)(scope, receive, send)
