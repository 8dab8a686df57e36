"""The map of the server's own library, for those who have an account here.

Where the gate is off, nobody has one: then all see the map, as all are told of neighbours in the
library, and no song plays.
"""

import logging

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from genregenie.common.errors import GenreGenieError
from genregenie.web.identity import user_of
from genregenie.web.library import ServedLibrary
from genregenie.web.paths import LIBRARY_MAP, LIBRARY_SOUND, SIGNUP
from genregenie.web.portal.dependencies import Member, Portal

log = logging.getLogger("genregenie.web")
router = APIRouter()
_library = ServedLibrary()


@router.get(LIBRARY_MAP)
async def library_map(request: Request, portal: Portal) -> Response:
    """The page."""
    if not _library.is_there():
        raise HTTPException(404)
    user = user_of(request.scope)
    if user is not None and user.guest:
        return RedirectResponse(SIGNUP, 303)
    try:
        return HTMLResponse(await portal.workers.writing(_library.page, plays=user is not None))
    except GenreGenieError as error:
        log.warning("the map of the library cannot be shown: %s", error)
        return portal.message(
            request,
            503,
            "There is no map now",
            "The map of this server's library cannot be shown. Whoever looks after the server "
            "finds the reason in its log.",
        )


@router.get(LIBRARY_SOUND + "{number:int}")
async def sound(number: int, person: Member, portal: Portal) -> Response:
    """Ten seconds of a song."""
    if not _library.is_there():
        raise HTTPException(404)
    try:
        wav = await portal.workers.writing(_library.sound, number)
    except GenreGenieError as error:
        log.info("a song of the library cannot be played: %s", error)
        raise HTTPException(404) from error
    return Response(wav, media_type="audio/wav")
