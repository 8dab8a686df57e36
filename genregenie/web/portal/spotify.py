"""Two pages: off to Spotify's log-in, and back from it. Guests need an account first."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.spotify.oauth import shared_logins
from genregenie.web.identity import id_of, user_of
from genregenie.web.paths import HOME, SIGNUP, SPOTIFY_LOGIN
from genregenie.web.portal.dependencies import Portal

CALLBACK: Final = "/spotify/callback"

router = APIRouter()


@router.get(SPOTIFY_LOGIN)
async def connect(request: Request, portal: Portal) -> Response:
    """To Spotify; home where log-in to Spotify is not set up."""
    user = user_of(request.scope)
    if user is not None and user.guest:
        return RedirectResponse(SIGNUP, 303)
    logins = shared_logins()
    target = await portal.workers.quick(logins.begin, id_of(user)) if logins else HOME
    return RedirectResponse(target, 303)


@router.get(CALLBACK)
async def finish(request: Request, portal: Portal) -> Response:
    """Back from Spotify, with what it says."""
    logins = shared_logins()
    if logins is None:
        return RedirectResponse(HOME, 303)
    asked = request.query_params
    person_id, state, code = id_of(user_of(request.scope)), asked.get("state"), asked.get("code")
    await portal.workers.quick(logins.finish, person_id, state or "", code or "")
    told = "Close this page, and save the playlist on the page you came from."
    return portal.message(request, 200, "Spotify is connected", told)
