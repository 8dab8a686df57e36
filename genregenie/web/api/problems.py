"""Errors as ``application/problem+json`` (RFC 9457): what programs are told, in one form.

``type`` is left out, which stands for ``about:blank``: the status says what kind of problem it is,
and ``detail`` is the sentence for whoever reads the program's log.
"""

import json
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genregenie.common.errors import AudioError, GenreGenieError
from genregenie.web.errors import FAULT, Problem, log_problem, problem_of
from genregenie.web.feedback import NoGenreError
from genregenie.web.paths import is_api
from genregenie.web.programs import GoneError, TooManyWaitingError
from genregenie.web.security.bearers import TokenError
from genregenie.web.security.upload_rate import TooManyFilesError
from genregenie.web.serving.logs import request_id

MEDIA_TYPE: Final = "application/problem+json"
_GONE: Final = "This request did not arrive whole."
_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take requests of this kind.",
}
_PHRASES: Final = frozenset(status.phrase for status in HTTPStatus)
_MAX_CHARACTERS: Final = 500


class RequestError(GenreGenieError):
    """What was sent cannot be used.

    Attributes
    ----------
    status : int
    """

    def __init__(self, status: int, told: str) -> None:
        self.status = status
        super().__init__(told)


SPECIAL: Final = {
    AudioError: Problem(422),
    NoGenreError: Problem(422),
    TooManyWaitingError: Problem(429),
    GoneError: Problem(400, text=_GONE),
}


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer that says what is wrong."""
    content: dict[str, Any] = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[:_MAX_CHARACTERS],
    }
    if status >= 500:
        content["request"] = request_id.get()
    return JSONResponse(content, status, headers, MEDIA_TYPE)


async def show_problem(request: Request, error: Exception) -> Response:
    """The answer to a request that ended in an error."""
    match error:
        case TokenError():
            return problem(error.status, str(error), error.headers)
        case RequestError():
            return problem(error.status, str(error))
        case TooManyFilesError():
            return problem(413, str(error))
        case ClientDisconnect():
            return problem(400, _GONE)
        case RequestValidationError():
            return problem(422, _sentence(error))
        case HTTPException():
            told = _SENTENCES.get(error.status_code, str(error.detail))
            return problem(error.status_code, _ended(told), dict(error.headers or {}))
    known = problem_of(error, SPECIAL)
    if known is None:
        return problem(500, FAULT)
    log_problem(error, known)
    return problem(known.status, known.words(error), known.headers(error))


def _sentence(error: RequestValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    told = _ended(str(first["msg"]))
    return f"{where}: {told}" if where else told


def _ended(told: str) -> str:
    return told if told.endswith((".", "!", "?")) else f"{told}."


class Problems:
    """Has what stands before the API speak as the API does: an ASGI middleware.

    The gate, quotas and limits answer with a sentence, for whoever it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        begin: Message | None = None
        body = bytearray()

        async def held(message: Message) -> None:
            nonlocal begin
            if message["type"] == "http.response.start" and _is_foreign(message):
                begin = message
            elif begin is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    await _reworded(begin, bytes(body))(scope, receive, send)

        await self._app(scope, receive, held)


def _is_foreign(begin: Message) -> bool:
    kind = Headers(raw=begin["headers"]).get("content-type", "")
    return begin["status"] >= 400 and not kind.startswith(MEDIA_TYPE)


def _reworded(begin: Message, body: bytes) -> Response:
    status, headers = begin["status"], Headers(raw=begin["headers"])
    kept = {n: v for n, v in headers.items() if n not in ("content-length", "content-type")}
    return problem(status, _told(status, headers.get("content-type", ""), body), kept)


def _told(status: int, kind: str, body: bytes) -> str:
    told: Any = ""
    if kind.startswith("text/plain"):
        told = body.decode("utf-8", "replace").strip()
    elif kind.startswith("application/json"):
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        told = content.get("detail") if isinstance(content, dict) else None
    if isinstance(told, str) and told and told not in _PHRASES:
        return told
    return _SENTENCES.get(status, _ended(HTTPStatus(status).phrase))
