"""How much guests may upload: an ASGI middleware in front of Gradio's own upload.

Clips are counted where they are listened to; this keeps the disk from being filled by what is not.
In memory, like the uploads' owners.
"""

from collections import OrderedDict
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from genregenie.common.formatting import format_megabytes
from genregenie.web.config import WebConfig
from genregenie.web.identity import user_of
from genregenie.web.security.isolation import API

BYTES_A_CLIP: Final = 10 << 20
"""A guest may upload so many bytes for each clip that a guest may have."""
_MAX_GUESTS: Final = 10_000


class Allowance:
    """Refuses what a guest uploads beyond a guest's allowance."""

    def __init__(self, app: ASGIApp, config: WebConfig) -> None:
        self._app = app
        self._most = config.guests.uploads * BYTES_A_CLIP
        self._sent: OrderedDict[int, int] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        refusal = None
        if scope["type"] == "http" and scope["path"].rstrip("/") == f"{API}/upload":
            user = user_of(scope)
            if user is not None and user.guest:
                refusal = self._refusal(user.id, Headers(scope=scope).get("content-length", ""))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, guest_id: int, length: str) -> Response | None:
        if not length.isascii() or not length.isdigit():  # no server reads more than is announced
            return PlainTextResponse("Say how long this upload is.", 411)
        sent = self._sent.get(guest_id, 0) + int(length)
        if sent > self._most:
            most = format_megabytes(self._most)
            told = f"Guests may upload {most} in all. Create an account to go on."
            return PlainTextResponse(told, 413)  # which Gradio's page shows as it is
        self._sent[guest_id] = sent
        self._sent.move_to_end(guest_id)
        if len(self._sent) > _MAX_GUESTS:
            self._sent.popitem(last=False)
        return None
