"""The log of a server: as lines to read or as JSON, with the request that each line is about.

No line has a person's name, a file's, or a token: people are numbers there, which
``genregenie users list`` explains.
"""

import json
import logging
import secrets
import time
from collections import OrderedDict
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

_LINE: Final = "%(asctime)s %(levelname)s %(which)s%(name)s: %(message)s%(about)s"
_NOISY: Final = ("httpx", "httpcore", "alembic", "python_multipart", "mcp", "sse_starlette")
# Which can be made to write as much as anybody likes: by requests that are none, and where asyncio
# has no descriptor left for the next connection, which it says a hundred times a second.
_REPEATING: Final = (
    *("asyncio", "uvicorn.error", "genregenie.web.connections"),
    # While nobody collects traces.
    *(
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry.sdk._shared_internal",
    ),
)

request_id: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""The request that is being answered; empty where there is none."""


def new_request_id() -> str:
    """A name for a request, which says nothing of it."""
    return secrets.token_hex(6)


def set_up(level: int, form: str, server: str = "") -> None:
    """Write the log to the standard error.

    Parameters
    ----------
    level : int
        From which level on.
    form : str
        ``text`` or ``json``.
    server : str
        Which of several this is.
    """
    handler = logging.StreamHandler()
    handler.addFilter(SaysWhich(server))
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_LINE))
    logging.basicConfig(level=level, handlers=[handler])
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _REPEATING:
        logging.getLogger(name).addFilter(Seldom())


class SaysWhich(logging.Filter):
    """Puts into each record which request it is about, and which server wrote it."""

    def __init__(self, server: str = "") -> None:
        super().__init__()
        self._server = server

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it through, with that."""
        about, server = request_id.get(), self._server
        record.__dict__.update(request_id=about, about=f" [{about}]" if about else "")
        record.__dict__.update(server=server, which=f"{server} " if server else "")
        return True


class JsonLines(logging.Formatter):
    """A JSON object a line: ``time``, ``level``, ``logger``, ``message``, and perhaps more.

    ``server`` is which of several it is, ``request`` what the answer's ``X-Request-ID`` says,
    ``traceback`` where a fault was.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().rstrip(),
        }
        for name, about in (("server", "server"), ("request", "request_id")):
            if told := getattr(record, about, ""):
                line[name] = told
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Seldom(logging.Filter):
    """Lets a few lines of a kind through in a while, and then says how many there were.

    Parameters
    ----------
    free : int
        Lines of a kind that pass within `every_s`.
    every_s : float
        After so long they pass again.
    """

    _MOST_KINDS: Final = 100

    def __init__(self, free: int = 5, every_s: float = 60.0) -> None:
        super().__init__()
        self._free = free
        self._every_s = every_s
        self._kinds: OrderedDict[tuple[str, str, object], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        fault = record.exc_info[0] if record.exc_info else None
        kind = (record.name, str(record.msg).partition("\n")[0], fault)
        now = time.monotonic()
        since, seen = self._kinds.get(kind, (now, 0))
        if now - since >= self._every_s:
            if seen > self._free:
                record.msg = f"{record.msg} (and {seen - self._free} more like it)"
            since, seen = now, 0
        self._kinds[kind] = (since, seen + 1)
        if len(self._kinds) > self._MOST_KINDS:
            self._kinds.popitem(last=False)
        return seen < self._free
