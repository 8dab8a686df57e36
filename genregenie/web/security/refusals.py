"""Plain answers to requests that Gradio cannot take: an ASGI middleware right around it.

Gradio reads what comes as if its own page had sent it. Anything else ends in its code as an
exception, which is a 500 and a traceback, or in an answer without a sentence. Here all of that
becomes ``{"detail": "..."}`` with a status of 4xx. What Gradio takes, and what fails on the server,
passes as it is.
"""

import errno
import functools
import json
import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    import gradio as gr

UNREADABLE: Final = "This request cannot be read."
_UPLOAD: Final = "This upload cannot be read: it takes files alone, in the field 'files'."
_NOT_TAKEN: Final = "What was sent is not what this function takes."
_GONE: Final = "There is no such session or event, or it is over."
_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take requests of this kind.",
}
# By this title an error of Gradio's is known to be about what was sent.
_TITLE: Final = "That does not fit"
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
        except Exception as error:
            if not _is_the_requests(error):
                await answer.release()
                raise
            _note(f"a {scope['method']}", error)
            upload = scope["path"].rstrip("/").endswith("/upload")
            await answer.refuse(400, _UPLOAD if upload else UNREADABLE)
        else:
            await answer.release()


def guard_handlers(blocks: "gr.Blocks") -> None:
    """Have what no handler can take told to whoever sent it, and kept out of the log.

    Handlers run from a queue, long after the request was answered, so no middleware sees this.
    What fails in a handler's own code stays a traceback: that is ours to mend.
    """
    import gradio as gr

    preprocess, call = blocks.preprocess_data, blocks.call_function

    def tell(error: Exception, sentence: str = _NOT_TAKEN) -> gr.Error:
        _note("inputs", error)
        return gr.Error(sentence, title=_TITLE, print_exception=False)

    def needed(handler: Any, block: Any) -> bool:
        if isinstance(block, gr.Dropdown):
            return not block.multiselect and block.value not in (None, [])
        return isinstance(block, gr.File) and handler.api_visibility == "public"

    async def preprocess_or_tell(handler: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            taken = await preprocess(handler, *args, **kwargs)
        except gr.Error as error:  # the component's own sentence
            raise tell(error, error.message) from error
        except Exception as error:
            if not _is_the_requests(error):
                raise
            raise tell(error) from error
        for block, value in zip(handler.inputs, taken, strict=True):
            if needed(handler, block) and value in (None, []):
                raise tell(ValueError(), f"{block.label or 'File'}: nothing was chosen.")
        return taken

    async def call_or_tell(handler: Any, *args: Any, **kwargs: Any) -> Any:
        for event in args:
            if isinstance(event, gr.EventData) and not isinstance(event._data, dict):
                event._data = {}  # so that asking it for anything is an AttributeError
        try:
            return await call(handler, *args, **kwargs)
        except Exception as error:
            if _in_own_code(handler.fn, error) or not _is_the_requests(error):
                raise
            raise tell(error) from error

    blocks.preprocess_data, blocks.call_function = preprocess_or_tell, call_or_tell


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
                case {"title": title, "error": str(told)} if title == _TITLE:
                    await self.refuse(400, told)
            return
        kept = {name: headers[name] for name in ("allow", "retry-after") if name in headers}
        plain = headers.get("content-type", "").startswith("text/plain")
        told = body.decode("utf-8", "replace") if plain else _sentence(content)
        await self.refuse(
            status, told[:_MAX_CHARACTERS] or _SENTENCES.get(status, UNREADABLE), kept
        )


def _is_the_requests(error: Exception) -> bool:
    """Whether what was asked for is the cause, rather than the state the server is in."""
    if isinstance(error, OSError):
        return error.errno in _NAMES
    if isinstance(error, RuntimeError):
        return isinstance(error, RecursionError) or isinstance(error.__cause__, HTTPException)
    return not isinstance(error, MemoryError)


def _in_own_code(handler: Any, error: Exception) -> bool:
    """Whether the handler had begun, rather than what prepares its arguments."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    code = getattr(handler, "__code__", None)
    begun = (frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__))
    # A function without code of its own is a built-in one; none at all has nothing to run.
    return code in begun if code else handler is not None


def _note(what: str, error: Exception) -> None:
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
