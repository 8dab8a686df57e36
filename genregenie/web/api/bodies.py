"""A clip as programs send it: a form with one file, or the bytes alone.

It goes to a file as it arrives. No more is read than a clip may have, whatever was announced.
"""

import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from genregenie.common.files import no_room
from genregenie.common.formatting import format_megabytes
from genregenie.web.api.problems import RequestError
from genregenie.web.errors import NoRoomOnDiskError
from genregenie.web.uploads import MAX_CLIP_BYTES

_FRAME_BYTES: Final = 16 << 10
"""What a form has beside its file."""
_MAX_FIELDS: Final = 8
_MAX_FIELD_BYTES: Final = 4 << 10
_MAX_NAME: Final = 300
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off", ""})
_TOO_LARGE: Final = f"A clip may have {format_megabytes(MAX_CLIP_BYTES)}."
_NO_CLIP: Final = (
    "Send the clip as one file in a form (multipart/form-data), or its bytes alone with a "
    "content type such as audio/mpeg or application/octet-stream."
)


@dataclass(frozen=True)
class Sent:
    """A clip, and what is wanted with it."""

    file: BinaryIO
    name: str
    keep: bool


@contextlib.asynccontextmanager
async def received(request: Request) -> AsyncIterator[Sent]:
    """The clip in a request, in a file that is gone after the block.

    Raises
    ------
    RequestError
        If there is none, or it is too large.
    NoRoomOnDiskError
    ClientDisconnect
        If it did not arrive whole.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    asked = {k: v for k, v in request.query_params.items() if k in ("name", "keep")}
    async with contextlib.AsyncExitStack() as stack:
        with _room():
            if kind == "multipart/form-data":
                form = await _limited(request, MAX_CLIP_BYTES + _FRAME_BYTES).form(
                    max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES
                )
                stack.push_async_callback(form.close)
                file, name = _file_of(list(form.multi_items()))
                asked = {**asked, **{k: v for k, v in form.items() if isinstance(v, str)}}
            elif kind.startswith(("audio/", "video/")) or kind == "application/octet-stream":
                file, name = tempfile.TemporaryFile(), ""  # noqa: SIM115 (the stack closes it)
                stack.callback(file.close)
                async for chunk in _limited(request, MAX_CLIP_BYTES).stream():
                    file.write(chunk)
                file.seek(0)
            else:
                raise RequestError(415, _NO_CLIP)
        yield Sent(file, _label(asked.get("name") or name), _is_true(asked.get("keep", "")))


def small(receive: Receive) -> Receive:
    """The same, where what is sent is a few words: it ends in a refusal once there are too many.

    FastAPI reads such a body as a whole before a route sees it.
    """
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > _FRAME_BYTES:
            raise HTTPException(413, "This is more than this address takes.")
        return message

    return limited


def _file_of(items: list[tuple[str, Any]]) -> tuple[BinaryIO, str]:
    files = [value for _, value in items if isinstance(value, UploadFile)]
    if not files:
        raise RequestError(400, f"There is no file in this form. {_NO_CLIP}")
    if (files[0].size or 0) > MAX_CLIP_BYTES:
        raise RequestError(413, _TOO_LARGE)
    return files[0].file, files[0].filename or ""


def _limited(request: Request, most: int) -> Request:
    """The request again, which ends in a refusal once more than so many bytes have come."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise RequestError(413, _TOO_LARGE)
        return message

    announced = request.headers.get("content-length", "")
    if announced.isdigit() and len(announced) < 20 and int(announced) > most:
        raise RequestError(413, _TOO_LARGE)
    return Request(request.scope, receive)


@contextlib.contextmanager
def _room() -> Any:
    try:
        yield
    except OSError as error:
        if no_room(error):
            raise NoRoomOnDiskError from error
        raise


def _label(name: str) -> str:
    """What the clip is called: no folders, nothing endless."""
    return re.split(r"[\\/]", name)[-1].replace("\0", "")[:_MAX_NAME]


def _is_true(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise RequestError(422, "keep: say true or false.")
    return word in _TRUE
