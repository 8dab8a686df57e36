"""Coming in and going out: sign up, recovery codes, log in, log out."""

import re
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from genregenie.accounts.admission import Admission
from genregenie.accounts.names import check_email, check_name
from genregenie.web.identity import identity_of, user_of
from genregenie.web.paths import HOME, LANDING, LOGIN, LOGOUT, SIGNUP, local_target
from genregenie.web.portal.context import PortalContext, user_agent
from genregenie.web.portal.dependencies import Portal, sent
from genregenie.web.portal.forms import Form
from genregenie.web.security import cookies
from genregenie.web.serving import metrics

NOTES: Final = {
    "logged-out": "You are logged out.",
    "everywhere": "You are logged out on all devices.",
    "reset": "Your password is changed. Please log in with the new one.",
    "deleted": "Your account and everything in it are deleted.",
}
_CODE: Final = re.compile(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")
_MAX_CODES: Final = 20

router = APIRouter()


async def _login_page(
    request: Request, portal: PortalContext, form: Form, status: int = 200
) -> Response:
    asked = request.query_params
    target = local_target(form.get("next") or asked.get("next", ""))
    note = NOTES.get(asked.get("note", "")) if status == 200 else None
    return portal.page(request, "login.html", form, status, next=target, note=note)


async def _signup_page(
    request: Request, portal: PortalContext, form: Form, status: int = 200
) -> Response:
    # Also whoever sends the form again, which has let them in the first time.
    if _has_account(request):
        return RedirectResponse(HOME, 303)
    return portal.page(request, "signup.html", form, status)


async def _logout_page(
    request: Request, portal: PortalContext, form: Form, status: int = 200
) -> Response:
    return portal.page(request, "logout.html", form, status)


async def _codes_page(request: Request, portal: PortalContext, form: Form, status: int) -> Response:
    return portal.message(request, status, "Codes", form.errors[""])


@router.get(LOGIN)
async def show_login(request: Request, portal: Portal) -> Response:
    """The page to log in on; who has done that goes on, and a guest may."""
    if _has_account(request):
        return RedirectResponse(local_target(request.query_params.get("next")), 303)
    return await _login_page(request, portal, Form({}))


@router.post(LOGIN)
async def log_in(
    request: Request, portal: Portal, form: Annotated[Form, sent(_login_page)]
) -> Response:
    """A new session, for the right name and password."""
    # Whatever is in the browser's session cookie ends: no session outlives a log-in.
    origin = portal.at_the_door(request, form.get("username"))
    with metrics.login():
        user, token = await portal.workers.hashing(
            origin,
            portal.accounts.people.log_in,
            form.get("username"),
            form.get("password"),
            user_agent(request),
            portal.cookies.read(request, cookies.SESSION),
            origin,
        )
    await portal.bring_along(request, user)
    return portal.enter(request, user, token, local_target(form.get("next")))


@router.get(SIGNUP)
async def show_signup(request: Request, portal: Portal) -> Response:
    """The page to make an account on."""
    return await _signup_page(request, portal, Form({}))


@router.post(SIGNUP)
async def sign_up(
    request: Request, portal: Portal, form: Annotated[Form, sent(_signup_page)]
) -> Response:
    """A new account, with a session and the recovery codes."""
    form.check("username", check_name)
    form.check("email", check_email)
    if form.errors:
        return await _signup_page(request, portal, form, 422)
    name, email, password = (form.get(f) for f in ("username", "email", "password"))
    origin = portal.at_the_door(request, name)
    user, codes, token = await portal.workers.hashing(
        origin,
        portal.accounts.people.join,
        name,
        email,
        password,
        user_agent(request),
        portal.cookies.read(request, cookies.SESSION),
        Admission(portal.config.signup, origin, form.get("invitation")),
    )
    came = await portal.bring_along(request, user)
    return portal.welcome(request, user, token, "codes.html", codes=codes, fresh=True, came=came)


@router.post("/signup/codes")
async def download_codes(form: Annotated[Form, sent(_codes_page)]) -> Response:
    """The codes as a file: sent by the page that shows them, kept nowhere, in no address."""
    codes = [code for code in form.get("codes").split() if _CODE.fullmatch(code)][:_MAX_CODES]
    lines = ["GenreGenie recovery codes. Each works once.", "", *codes, ""]
    disposition = 'attachment; filename="genregenie-recovery-codes.txt"'
    return PlainTextResponse("\n".join(lines), headers={"content-disposition": disposition})


@router.get(LOGOUT)
async def ask_logout(request: Request, portal: Portal) -> Response:
    """The page to log out on."""
    return await _logout_page(request, portal, Form({}))


@router.post(LOGOUT, dependencies=[sent(_logout_page)])
async def log_out(request: Request, portal: Portal) -> Response:
    """The session ends; a guest goes with it."""
    identity = identity_of(request.scope)
    if identity and identity.user.guest:
        await portal.forget(identity.user)
    elif identity:
        await portal.workers.quick(portal.accounts.sessions.end, identity.session_token)
    guest = identity is not None and identity.user.guest
    target = f"{LANDING}?note=left" if guest else f"{LOGIN}?note=logged-out"
    return portal.leave(request, target)


def _has_account(request: Request) -> bool:
    user = user_of(request.scope)
    return user is not None and not user.guest
