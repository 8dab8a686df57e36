"""Plain answers to requests that Gradio cannot take: an ASGI middleware right around it.

Gradio reads what comes as if its own page had sent it. Anything else ends in its code as an
exception, which is a 500 and a traceback, or in an answer without a sentence. Here all of that
becomes ``{"detail": "..."}`` with a status of 4xx. What Gradio takes, and what fails on the server,
passes as it is.
"""

import errno
import json
import logging
import traceback
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.files import no_room
from genregenie.web.security.upload_rate import TooManyFilesError

UNREADABLE: Final = "This request cannot be read."
NO_ROOM: Final = "There is no room for this on the server just now. Please try again later."
_UPLOAD: Final = "This upload cannot be read: it takes files alone, in the field 'files'."
_GONE: Final = "There is no such session or event, or it is over."
_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take requests of this kind.",
}
TITLE: Final = "That does not fit"
"""By this title an error of Gradio's is known to be about what was sent."""
_PHRASES: Final = frozenset(status.phrase for status in HTTPStatus)
# What Gradio writes into a stream that it opened for nothing.
_NOT_FOUND: Final = str(HTTPException(404))
_MAX_CHARACTERS: Final = 300
# What a name alone can do to a file system; any other OSError is the server's own trouble.
_NAMES: Final = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.ENOTDIR, errno.ELOOP})

log = logging.getLogger("genregenie.web")


class Refusals:
    """Answers with a sentence and a 4xx where a request under `prefix` is the cause of a failure.

    An `OSError` that no name can cause, a `MemoryError` and a `RuntimeError` are the server's own
    and stay a 500 with a traceback.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send)
        try:
            await self._app(scope, receive, answer)
        except TooManyFilesError as error:
            await answer.refuse(413, str(error))
        except ClientDisconnect:
            log.info("a %s was broken off", scope["method"])
            await answer.refuse(400, UNREADABLE)
        except Exception as error:
            if no_room(error):
                log.error("no room on the disk: %s", errno.errorcode[error.errno or 0])
                await answer.refuse(507, NO_ROOM)
                return
            if not is_the_requests(error):
                await answer.release()
                raise
            note_refusal(f"a {scope['method']}", error)
            upload = scope["path"].rstrip("/").endswith("/upload")
            await answer.refuse(400, _UPLOAD if upload else UNREADABLE)
        else:
            await answer.release()


class _Answer:
    """Stands in for `send`: holds back what may yet have to be said in other words.

    That is an answer of 400 and more until it is whole, one of 500 until the app has returned or
    raised, and the start of an event stream until its first event.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._held: list[Message] = []
        self._started = False
        self._over = False

    async def __call__(self, message: Message) -> None:
        if self._over:
            return
        self._held.append(message)
        start = self._held[0]
        if start["type"] != "http.response.start" or _passes(start):
            await self.release()
        elif len(self._held) == 1:
            return
        elif start["status"] < 400:
            if _is_gone(message.get("body", b"")):
                await self.refuse(404, _GONE)
            else:
                await self.release()
        elif not message.get("more_body", False):
            await self._judge()

    async def release(self) -> None:
        """Pass on what was held back."""
        held, self._held = self._held, []
        for message in held:
            self._started = True
            await self._send(message)

    async def refuse(
        self, status: int, sentence: str, headers: dict[str, str] | None = None
    ) -> None:
        """Answer with a sentence instead; an answer that has begun only ends."""
        if self._over:
            return
        self._over, self._held = True, []
        if self._started:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            response = JSONResponse({"detail": sentence}, status, headers)
            await response(self._scope, self._receive, self._send)

    async def _judge(self) -> None:
        status, headers = self._held[0]["status"], Headers(raw=self._held[0]["headers"])
        body = b"".join(message.get("body", b"") for message in self._held[1:])
        content = _parsed(body)
        if status >= 500:
            match content:
                case {"title": title, "error": str(told)} if title == TITLE:
                    await self.refuse(400, told)
            return
        kept = {name: headers[name] for name in ("allow", "retry-after") if name in headers}
        plain = headers.get("content-type", "").startswith("text/plain")
        told = body.decode("utf-8", "replace") if plain else _sentence(content)
        await self.refuse(
            status, told[:_MAX_CHARACTERS] or _SENTENCES.get(status, UNREADABLE), kept
        )


def is_the_requests(error: Exception) -> bool:
    """Whether what was asked for is the cause, rather than the state the server is in."""
    if isinstance(error, OSError):
        return error.errno in _NAMES
    if isinstance(error, RuntimeError):
        return isinstance(error, RecursionError) or isinstance(error.__cause__, HTTPException)
    return not isinstance(error, MemoryError)


def note_refusal(what: str, error: Exception) -> None:
    """A line for the log, without anything that came with the request."""
    places = traceback.extract_tb(error.__traceback__)[-1:]
    where = ", ".join(f"{p.filename.rpartition('site-packages/')[2]}:{p.lineno}" for p in places)
    log.warning("refused %s: %s %s", what, type(error).__name__, where)


def _passes(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    if start["status"] < 400:
        return not kind.startswith("text/event-stream")
    return kind.startswith("text/html")


def _is_gone(words: bytes) -> bool:
    """Whether a stream begins by saying that there is nothing to tell."""
    for line in words.split(b"\n"):
        event = _parsed(line.removeprefix(b"data: "))
        if event == _NOT_FOUND or (isinstance(event, dict) and event.get("session_not_found")):
            return True
    return False


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _sentence(content: Any) -> str:
    """What an answer's ``detail`` says, or nothing if that is no more than its status says."""
    detail = content.get("detail") if isinstance(content, dict) else None
    if isinstance(detail, str) and detail not in _PHRASES:
        return detail
    match detail:
        case [{"loc": [_, *where], "msg": str(what)}, *_]:
            place = f"{'.'.join(map(str, where))}: " if where else ""
            return f"{UNREADABLE.removesuffix('.')}: {place}{what}."
    return ""
