"""Each request has a name, which its answer and all lines of the log about it carry.

A plain ASGI middleware, the outermost one of ours: whoever reports that something did not work can
say which request it was, and it is found in the log without anybody's name.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.web.serving import metrics
from genregenie.web.serving.logs import new_request_id, request_id

HEADER = "x-request-id"


class Requests:
    """Names requests and counts their answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # What a client calls it is not asked for: that would come into the log. It stays set, since
        # the task is the request's own, and who reports its faults stands outside.
        name = new_request_id()
        request_id.set(name)
        scope.setdefault("state", {})["request_id"] = name

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
                metrics.REQUESTS.labels(str(message["status"])).inc()
            await send(message)

        try:
            await self._app(scope, receive, named)
        except Exception as error:
            metrics.ERRORS.labels(type(error).__name__).inc()
            raise
