"""Two pages: off to Spotify's log-in, and back from it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.spotify.oauth import LoginError, shared_logins
from genregenie.web.paths import HOME
from genregenie.web.portal.context import PortalContext
from genregenie.web.security.gate import who_is
from genregenie.web.security.isolation import NOBODY

CONNECT = "/spotify/connect"
CALLBACK = "/spotify/callback"


def spotify_routes(desk: PortalContext) -> APIRouter:
    """Both pages; they lead home where log-in to Spotify is not set up."""
    router = APIRouter()

    def person_id(request: Request) -> int:
        who = who_is(request.scope)
        return who.id if who else NOBODY

    @router.get(CONNECT)
    async def connect(request: Request) -> Response:
        logins = shared_logins()
        return RedirectResponse(logins.begin(person_id(request)) if logins else HOME, 303)

    @router.get(CALLBACK)
    async def callback(request: Request) -> Response:
        logins = shared_logins()
        if logins is None:
            return RedirectResponse(HOME, 303)
        asked = request.query_params
        title, text, status = (
            "Spotify is connected",
            "Close this page, and save the playlist on the page you came from.",
            200,
        )
        try:
            await desk.workers.quick(
                logins.finish, person_id(request), asked.get("state", ""), asked.get("code", "")
            )
        except LoginError as error:
            title, text, status = "Spotify is not connected", str(error), 400
        return desk.page(request, "message.html", None, status, title=title, text=text)

    return router
