"""The front door: what this is, for who is not logged in, and a way in without an account."""

from dataclasses import replace
from functools import cache
from typing import Annotated, Final

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.common import resources
from genregenie.common.genres import display_name, ranked
from genregenie.inference.classifier import Classifier
from genregenie.recommend.preferences import Preferences
from genregenie.recommend.recommender import Recommender
from genregenie.web.errors import FormError
from genregenie.web.identity import user_of
from genregenie.web.paths import GUEST, HOME, LANDING, local_target
from genregenie.web.portal.context import PortalContext, user_agent
from genregenie.web.portal.dependencies import Portal, sent
from genregenie.web.portal.forms import Form
from genregenie.web.views import components, result

_STILL: Final = resources.assets() / "examples" / "jazz.mp3"
_BARS: Final = 5
_NEIGHBOURS: Final = 3
_NOTES: Final = {"left": "You have left, and what you brought is deleted."}

router = APIRouter()


async def _page(request: Request, portal: PortalContext, form: Form, status: int = 200) -> Response:
    if user_of(request.scope):
        return RedirectResponse(HOME, 303)
    verdict, bars, neighbours = await portal.workers.quick(_still)
    return portal.page(
        request,
        "landing.html",
        form,
        status,
        note=_NOTES.get(request.query_params.get("note", "")) if status == 200 else None,
        verdict=verdict,
        bars=bars,
        neighbours=neighbours,
    )


@router.api_route(LANDING, methods=["GET", "HEAD"])
async def show(request: Request, portal: Portal) -> Response:
    """What this is; who is logged in goes on to the app."""
    return await _page(request, portal, Form({}))


@router.post(GUEST)
async def come_as_guest(
    request: Request, portal: Portal, form: Annotated[Form, sent(_page)]
) -> Response:
    """A session for a guest, where guests are welcome."""
    if portal.config.gate != "demo":
        raise FormError("Guests are not let in here.")
    user, token = await portal.workers.quick(
        portal.accounts.guests.add, portal.config.guests, user_agent(request)
    )
    return portal.enter(request, user, token, local_target(form.get("next")))


@cache
def _still() -> tuple[Markup, Markup, list[tuple[str, str, str]]]:
    """What the app makes of one of its examples: the verdict, the bars, and what sounds like it."""
    heard = Classifier.load().predict(_STILL)
    # Of the shipped catalogue, whatever library people have here: the door is open to anybody.
    alike = Recommender.load(None).neighbours(heard, Preferences(()))[:_NEIGHBOURS]
    return (
        result.verdict(replace(heard, artist=None, title=None), heard.title),
        components.bar_list(
            [(g, p, f"{100 * p:.1f} %") for g, p in ranked(heard.confidences)[:_BARS]]
        ),
        [(n.track.title, n.track.artist, display_name(n.track.genre)) for n in alike],
    )
