"""A person's results as files to take away: CSV for spreadsheets, JSON with everything."""

import json
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.accounts.results import StoredResult
from genregenie.common.formatting import csv_bytes
from genregenie.common.genres import GENRES
from genregenie.web.identity import user_of
from genregenie.web.paths import HISTORY_CSV, HISTORY_JSON, HOME
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.dependencies import Portal
from genregenie.web.views import my_music

HEADER: Final = ("When (UTC)", "Clip", "Genre", "Verdict", "Sure (%)", "Length (s)")


router = APIRouter()


@router.get(HISTORY_CSV)
async def csv(request: Request, portal: Portal) -> Response:
    """The results as a table."""
    return await _download(request, portal, as_csv, "text/csv; charset=utf-8")


@router.get(HISTORY_JSON)
async def json_(request: Request, portal: Portal) -> Response:
    """The results with everything that is kept of them."""
    return await _download(request, portal, as_json, "application/json")


async def _download(
    request: Request,
    portal: PortalContext,
    written: Callable[[list[StoredResult]], str | bytes],
    kind: str,
) -> Response:
    user = user_of(request.scope)
    if user is None:  # with the gate off there is nobody whose results they could be
        return RedirectResponse(HOME, 303)
    # No database can look for a NUL, which is in no genre's name anyway.
    asked = {k: v.replace("\0", "?") for k, v in request.query_params.items()}
    numbers = [_number(text) for text in request.query_params.getlist("number")]
    few = numbers if "number" in asked else None
    wanted = my_music.wanted(
        asked.get("genre", ""), asked.get("verdict", ""), asked.get("only", ""), few
    )

    def work() -> str | bytes:
        return written(list(portal.accounts.results.each(user.id, wanted)))

    name = PurePosixPath(request.url.path).name
    headers = {"content-disposition": f'attachment; filename="genregenie-{name}"'}
    return Response(await portal.workers.quick(work), media_type=kind, headers=headers)


def _number(text: str) -> int:
    """The number of a result; 0, which none has, for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0


def as_csv(results: list[StoredResult]) -> bytes:
    """A line for each result, with the confidence in every genre."""
    details = [json.loads(kept.details) for kept in results]
    genres = list(dict.fromkeys(g for d in details for g in d["confidences"])) or list(GENRES)
    rows = [
        [
            f"{kept.summary.made_at:%Y-%m-%d %H:%M:%S}",
            kept.summary.name,
            kept.summary.genre or "",
            kept.summary.verdict,
            round(100 * kept.summary.confidence, 1),
            round(kept.summary.duration_s, 1),
            *(round(100 * d["confidences"].get(genre, 0.0), 1) for genre in genres),
        ]
        for kept, d in zip(results, details, strict=True)
    ]
    return csv_bytes([*HEADER, *(f"{genre} (%)" for genre in genres)], rows)


def as_json(results: list[StoredResult]) -> str:
    """Everything that is kept of each result but its audio."""
    return json.dumps([_object(kept) for kept in results], indent=2, ensure_ascii=False) + "\n"


def _object(kept: StoredResult) -> dict[str, Any]:
    line = kept.summary
    return {
        "made_at": line.made_at.isoformat(timespec="seconds"),
        "name": line.name,
        **json.loads(kept.details),
    }
