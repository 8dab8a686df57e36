"""The API's addresses. What they promise is in ``docs/programs.md`` and in their description."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from genregenie.accounts.access_tokens import CLASSIFY, FEEDBACK, HISTORY
from genregenie.accounts.core import User
from genregenie.accounts.feedback import clip_key
from genregenie.accounts.results import MAX_RESULTS, ResultSummary, StoredResult
from genregenie.inference.prediction import Prediction, record
from genregenie.web.api.bodies import received
from genregenie.web.api.context import Behind, lane_of, owner, with_scope
from genregenie.web.api.models import Classified, Kept, KeptWord, Page, Result, Said
from genregenie.web.api.problems import RequestError
from genregenie.web.feedback import answer_to
from genregenie.web.programs import Programs
from genregenie.web.saved_results import as_result, prediction_of
from genregenie.web.serving import metrics
from genregenie.web.views import my_music

MAX_LINES: Final = 100
USUAL_LINES: Final = 20
_NO_SUCH: Final = "There is no such result in your history."
_KEEPS: Final = {"description": "Put the result into the history.", "default": False}
_NAME: Final = {"description": "What the clip is called.", "type": "string"}
_SENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "name": _NAME,
                        "keep": {**_KEEPS, "type": "boolean"},
                    },
                }
            },
            "audio/*": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "parameters": [
        {"name": "name", "in": "query", "required": False, "schema": _NAME},
        {
            "name": "keep",
            "in": "query",
            "required": False,
            "schema": {**_KEEPS, "type": "boolean"},
        },
    ],
}

Listener = Annotated[User | None, Depends(with_scope(CLASSIFY))]
Reader = Annotated[User | None, Depends(with_scope(HISTORY))]
Judge = Annotated[User | None, Depends(with_scope(FEEDBACK))]

router = APIRouter()


@router.post(
    "/classify",
    summary="Name the genre of a clip",
    response_model=Classified,
    responses={201: {"model": Kept, "description": "It is in the history, at `Location`."}},
    openapi_extra=_SENT,
)
async def classify(request: Request, behind: Behind, user: Listener) -> Response:
    """Send one clip; it is heard when it is your turn."""
    metrics.API.labels("classify").inc()
    lane = lane_of(request, user)
    with behind.clips.place(lane):
        async with received(request) as sent:
            if sent.keep:
                owner(user)  # who has no history is told so before the clip is heard
            heard = await behind.clips.hear(lane, sent.file, request.receive)
    content = record(sent.name, heard)
    if user is None or not sent.keep:
        return JSONResponse(content)
    kept = behind.accounts.results.keep
    number = await behind.workers.quick(kept, user.id, as_result(heard, sent.name or None))
    if number is None:
        raise RequestError(404, "This account is gone.")
    return JSONResponse(content | {"id": number}, 201, {"location": f"history/{number}"})


@router.get("/history", summary="List what was heard and kept", response_model=Page)
async def history(
    behind: Behind,
    user: Reader,
    genre: Annotated[str, Query(description="Only this genre.", max_length=100)] = "",
    verdict: Annotated[str, Query(description="Only this verdict.", max_length=32)] = "",
    only: Annotated[str, Query(description="shared, or audio.", max_length=16)] = "",
    offset: Annotated[int, Query(ge=0, le=MAX_RESULTS)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LINES)] = USUAL_LINES,
) -> Response:
    """The newest first, in pages."""
    metrics.API.labels("history").inc()
    person, results = owner(user), behind.accounts.results
    # No database can look for a NUL, which is in no genre's name anyway.
    asked = [text.replace("\0", "?") for text in (genre, verdict, only)]
    wanted = my_music.wanted(asked[0], asked[1], asked[2])
    look_up = behind.workers.look_up
    total = await look_up(results.count, person, wanted)
    lines = await look_up(results.summaries, person, wanted, offset, limit)
    following = offset + len(lines)
    return JSONResponse(
        {
            "total": total,
            "items": [_line(line) for line in lines],
            "next_offset": following if lines and following < total else None,
        }
    )


@router.get("/history/{number}", summary="Show one of them as a whole", response_model=Result)
async def one(behind: Behind, user: Reader, number: int) -> Response:
    """All that is kept of it but its audio."""
    metrics.API.labels("history").inc()
    kept, prediction = await _opened(behind, owner(user), number)
    line = _line(kept.summary)
    told = {name: line[name] for name in ("id", "made_at", "name", "has_audio", "shared_at")}
    return JSONResponse(told | prediction.to_dict())


@router.post("/feedback", summary="Say whether it was right", response_model=KeptWord)
async def feedback(behind: Behind, user: Judge, said: Said) -> Response:
    """What is said in the place of what was said before; models can learn from it."""
    metrics.API.labels("feedback").inc()
    person = owner(user)
    if (said.right is None) == ("genre" not in said.model_fields_set):
        raise RequestError(422, "Say either “right”: true, or which “genre” it is.")
    _, prediction = await _opened(behind, person, said.id)
    if not prediction.statistics.count:
        raise RequestError(422, "There is too little sound in this clip to learn from.")
    quick, kept = behind.workers.quick, behind.accounts.feedback
    genre = prediction.genre if said.right else said.genre
    if genre is None and said.right:
        raise RequestError(422, "There is no genre in this verdict. Say which “genre” it is.")
    if genre is None:
        await quick(kept.take_back, person, clip_key(prediction.statistics.to_bytes()))
    elif not await quick(kept.give, person, await quick(answer_to, prediction, genre)):
        raise RequestError(404, "This account is gone.")
    return JSONResponse({"id": said.id, "genre": genre})


async def _opened(behind: Programs, person: int, number: int) -> tuple[StoredResult, Prediction]:
    kept = await behind.workers.look_up(behind.accounts.results.open, person, number)
    if kept is None:
        raise RequestError(404, _NO_SUCH)
    return kept, prediction_of(kept.details)


def _line(line: ResultSummary) -> dict[str, Any]:
    return {
        "id": line.id,
        "made_at": line.made_at.isoformat(timespec="seconds"),
        "name": line.name,
        "genre": line.genre,
        "verdict": line.verdict,
        "confidence": line.confidence,
        "duration_s": line.duration_s,
        "has_audio": line.audio_bytes > 0,
        "shared_at": line.shared_at.isoformat(timespec="seconds") if line.shared_at else None,
    }
