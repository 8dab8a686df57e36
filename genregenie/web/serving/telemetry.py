"""Traces for OpenTelemetry, where somebody collects them: ``genregenie[telemetry]``.

A span for each request and for each clip that is listened to. They say no more than the log: a
route and never what somebody asked for there, a status, a verdict. What strangers say of spans of
their own is not believed.
"""

import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.environment import SettingsError
from genregenie.common.version import __version__
from genregenie.web.serving.logs import request_id

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_WORDS: Final = frozenset(
    {"app", "assets", "call", "config", "gradio_api", "heartbeat", "join", "mcp", "queue"}
    | {"static", "upload", "upload_progress", "api", "classify", "feedback", "v1"}
    | {"account", "admin", "csv", "guest", "guide", "history", "login", "logout", "portal"}
    | {"reset", "s", "signup", "spotify", "data", "healthz", "metrics", "readyz"}
)
"""What paths of ours are made of. All else in them may be what somebody sent."""

_provider: Any = None
_tracer: Any = None


def set_up(server: str = "") -> None:
    """Send spans to where the environment says, in OpenTelemetry's own variables, if it does.

    Parameters
    ----------
    server : str
        Which of several this is.

    Raises
    ------
    SettingsError
        If it does, and OpenTelemetry is not installed.
    """
    global _provider, _tracer
    if not any(map(os.environ.get, _ENDPOINTS)):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(
            f"{_ENDPOINTS[0]} is set, which takes OpenTelemetry: "
            "pip install 'genregenie[telemetry]'."
        ) from None
    about = {"service.name": "genregenie", "service.version": __version__}
    if server:
        about["service.instance.id"] = server
    _provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("genregenie")


def shut_down() -> None:
    """Send what is left, and nothing from then on."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        provider.shutdown()


@contextlib.contextmanager
def span(name: str) -> Iterator[dict[str, str | int | float]]:
    """A span as long as the block; what is put into the mapping is said of it."""
    about: dict[str, str | int | float] = {}
    if _tracer is None:
        yield about
        return
    current = _tracer.start_span(name)
    try:
        yield about
    finally:
        current.set_attributes({**about, "genregenie.request": request_id.get()})
        current.end()


class Traced:
    """An ASGI middleware that has a span for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or _tracer is None:
            await self._app(scope, receive, send)
            return
        where = route(scope["path"])
        with span(f"{scope['method']} {where}") as about:
            about |= {"http.request.method": scope["method"], "http.route": where}

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    about["http.response.status_code"] = message["status"]
                await send(message)

            await self._app(scope, receive, noted)


def route(path: str) -> str:
    """A path as far as it is the program's own."""
    parts = path.split("/")[1:]
    known = list(itertools.takewhile(lambda part: part in _WORDS, parts))
    return "/" + "/".join(known if len(known) == len(parts) else [*known, "..."])
