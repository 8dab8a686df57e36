"""The map of the server's own library, for those who have an account here.

Where the gate is off, nobody has one: then all see the map and make playlists, as all are told of
neighbours in the library, and no song plays and no cover is shown.
"""

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, TypeVar

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from genregenie.accounts.core import User
from genregenie.common.errors import GenreGenieError
from genregenie.recommend.songs import NothingFitsError
from genregenie.spotify.oauth import LoginError
from genregenie.web import library_spotify
from genregenie.web.errors import Problem, log_problem, problem_of
from genregenie.web.identity import id_of, user_of
from genregenie.web.library import Choice, OtherEditionError, ServedLibrary, WishError
from genregenie.web.paths import (
    LIBRARY_COVER,
    LIBRARY_MAP,
    LIBRARY_PLAYLIST,
    LIBRARY_SMOOTH,
    LIBRARY_SOUND,
    LIBRARY_SPOTIFY,
    SIGNUP,
    SPOTIFY_LOGIN,
)
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.dependencies import Member, Portal
from genregenie.web.portal.forms import Form

log = logging.getLogger("genregenie.web")
router = APIRouter()
_library = ServedLibrary()

T = TypeVar("T")
_DIGITS: Final = 9

_PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    NothingFitsError: Problem(422),
    WishError: Problem(422),
    OtherEditionError: Problem(409),
    LoginError: Problem(422),
}


@router.get(LIBRARY_MAP)
async def library_map(request: Request, portal: Portal) -> Response:
    """The page."""
    user = _who_looks(request)
    token, visitor = portal.form_token(request)
    try:
        html = await portal.workers.writing(
            _library.page, token, plays=user is not None, spotify=library_spotify.is_set_up()
        )
    except GenreGenieError as error:
        log.warning("the map of the library cannot be shown: %s", error)
        return portal.message(
            request,
            503,
            "There is no map now",
            "The map of this server's library cannot be shown. Whoever looks after the server "
            "finds the reason in its log.",
        )
    return portal.with_visitor(request, HTMLResponse(html), visitor)


@router.get(LIBRARY_SOUND + "{edition}/{number:int}")
async def sound(edition: str, number: int, person: Member, portal: Portal) -> Response:
    """Ten seconds of a song."""
    wav = await _found(portal, _library.sound, edition, number)
    return Response(wav, media_type="audio/wav")


@router.get(LIBRARY_COVER + "{edition}/{number:int}")
async def cover(edition: str, number: int, person: Member, portal: Portal) -> Response:
    """The cover of a song; of one that has none nothing, which is no error."""
    picture = await _found(portal, _library.cover, edition, number)
    return Response(picture, media_type="image/jpeg") if picture else Response(status_code=204)


@router.post(LIBRARY_PLAYLIST)
async def playlist(request: Request, portal: Portal) -> Response:
    """A playlist of what sounds like a song, or drawn from what is shown."""

    def make(form: Form) -> Choice:
        like = _number(form.get("song")) if form.get("song") else None
        length_s, among = 60 * _number(form.get("minutes")), _bits(form.get("among"))
        seed = _number(form.get("seed") or "0")
        return _library.playlist(form.get("edition"), length_s, like, among, seed)

    return await _answer(request, portal, lambda form: asdict(make(form)))


@router.post(LIBRARY_SMOOTH)
async def smooth(request: Request, portal: Portal) -> Response:
    """Songs in an order of short steps."""

    def order(form: Form) -> Choice:
        return _library.smooth(form.get("edition"), _numbers(form.get("songs")))

    return await _answer(request, portal, lambda form: asdict(order(form)))


@router.post(LIBRARY_SPOTIFY)
async def spotify(request: Request, portal: Portal) -> Response:
    """A playlist in the person's own account on Spotify."""
    person_id = id_of(_who_looks(request))
    if not library_spotify.is_set_up():
        raise HTTPException(404)

    def save(form: Form) -> dict[str, Any]:
        entries = _library.entries(form.get("edition"), _numbers(form.get("songs")))
        return asdict(library_spotify.save(person_id, entries))

    return await _answer(request, portal, save, computes=False)


def _who_looks(request: Request) -> User | None:
    """Who has an account, or nobody where the gate is off.

    Raises
    ------
    HTTPException
        To send guests to make an account, and where there is no library.
    """
    if not _library.is_there():
        raise HTTPException(404)
    user = user_of(request.scope)
    if user is not None and user.guest:
        raise HTTPException(303, headers={"location": SIGNUP})
    return user


async def _found(
    portal: PortalContext, look: Callable[[str, int], T], edition: str, number: int
) -> T:
    if not _library.is_there():
        raise HTTPException(404)
    try:
        return await portal.workers.writing(look, edition, number)
    except GenreGenieError as error:
        log.info("nothing of a song of the library can be shown: %s", error)
        raise HTTPException(404) from error


async def _answer(
    request: Request,
    portal: PortalContext,
    work: Callable[[Form], dict[str, Any]],
    *,
    computes: bool = True,
) -> Response:
    """What comes of a form that the page's script sent: JSON, with a sentence for what is wrong.

    What `computes` is done for two at a time; who only waits for others keeps nobody from it.
    """
    person_id = id_of(_who_looks(request))
    try:
        form = await portal.read(request)
        run = portal.workers.writing if computes else portal.workers.quick
        return JSONResponse(await run(work, form))
    except GenreGenieError as error:
        problem = problem_of(error, _PROBLEMS)
        if problem is None:
            raise
        log_problem(error, problem)
        answer = {"detail": problem.words(error)}
        if isinstance(error, LoginError) and not library_spotify.is_connected(person_id):
            answer["connect"] = SPOTIFY_LOGIN.lstrip("/")
        return JSONResponse(answer, problem.status, problem.headers(error))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise WishError("That is no number.")
    return int(text)


def _numbers(text: str) -> list[int]:
    return [_number(part) for part in text.split(",")]


def _bits(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise WishError("That is no choice of songs.") from None
