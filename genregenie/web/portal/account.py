"""The account page: sessions, tokens, password, e-mail, recovery codes, one's data, and leaving."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.accounts.access_tokens import DAYS, SCOPES, USUAL_DAYS
from genregenie.accounts.errors import TooManyAttemptsError, WrongCredentialsError
from genregenie.web.errors import Problem
from genregenie.web.identity import identity_of
from genregenie.web.paths import ACCOUNT, LOGIN
from genregenie.web.portal.context import PortalContext, user_agent
from genregenie.web.portal.dependencies import Inside, Member, Portal, sent
from genregenie.web.portal.forms import Form
from genregenie.web.security import cookies

DONE: Final = {
    "password": "Your password is changed. All other devices are logged out.",
    "email": "Your e-mail address is saved.",
    "session": "That device is logged out.",
    "token": "That token works no more.",
}
# Here the name is known, so it is the password that is wrong, and it stands in a field of its own.
PROBLEMS: Final = {
    WrongCredentialsError: Problem(401, "current", text="This is not your password."),
    TooManyAttemptsError: Problem(429, "current"),
}

router = APIRouter()


async def _page(
    request: Request,
    portal: PortalContext,
    form: Form | None = None,
    status: int = 200,
    *,
    section: str = "",
) -> Response:
    identity, look_up = identity_of(request.scope), portal.workers.look_up
    if identity is None:
        return RedirectResponse(LOGIN, 303)
    number, token = identity.user.id, identity.session_token
    profile = await look_up(portal.accounts.people.profile, number)
    if profile is None:  # the account was deleted on another device
        return RedirectResponse(LOGIN, 303)
    sessions = await look_up(portal.accounts.sessions.of, number, token)
    tokens = await look_up(portal.accounts.access_tokens.of, number)
    kept = await look_up(portal.accounts.results.kept_bytes, number)
    uploaded = await look_up(portal.accounts.daily.uploaded_today, number)
    return portal.page(
        request,
        "account.html",
        form,
        status,
        profile=profile,
        sessions=sessions,
        tokens=tokens,
        days=DAYS,
        usual_days=USUAL_DAYS,
        kept=kept,
        uploaded=uploaded,
        section=section,
        email_form=Form({"email": profile.email or ""}),
        done=DONE.get(request.query_params.get("done", "")) if form is None else None,
    )


def _sent(section: str) -> Any:
    """The form of one of the page's sections."""
    return sent(partial(_page, section=section), PROBLEMS)


@router.get(ACCOUNT)
async def show(request: Request, portal: Portal, _user: Member) -> Response:
    """The page as it is opened."""
    return await _page(request, portal)


@router.post(f"{ACCOUNT}/password")
async def change_password(
    request: Request,
    portal: Portal,
    user: Member,
    origin: Inside,
    form: Annotated[Form, _sent("password")],
) -> Response:
    """Another password; all other devices are logged out."""
    token = await portal.workers.hashing(
        origin,
        portal.accounts.people.change_password,
        user,
        form.get("current"),
        form.get("password"),
        user_agent(request),
        origin,
    )
    return portal.enter(request, user, token, f"{ACCOUNT}?done=password")


@router.post(f"{ACCOUNT}/email")
async def change_email(
    portal: Portal, user: Member, origin: Inside, form: Annotated[Form, _sent("email")]
) -> Response:
    """Another address for reset links, or none."""
    change, address = portal.accounts.people.change_email, form.get("email")
    await portal.workers.hashing(origin, change, user, address, form.get("current"), origin)
    return RedirectResponse(f"{ACCOUNT}?done=email", 303)


@router.post(f"{ACCOUNT}/codes")
async def new_codes(
    request: Request,
    portal: Portal,
    user: Member,
    origin: Inside,
    form: Annotated[Form, _sent("codes")],
) -> Response:
    """New recovery codes, which are shown once."""
    confirm = portal.accounts.people.confirm
    await portal.workers.hashing(origin, confirm, user, form.get("current"), origin)
    codes = await portal.workers.quick(portal.accounts.recovery.new_codes, user)
    return portal.page(request, "codes.html", codes=codes, fresh=False)


@router.post(f"{ACCOUNT}/session")
async def end_session(
    portal: Portal, user: Member, form: Annotated[Form, _sent("session")]
) -> Response:
    """One other device is logged out."""
    number = form.get("session")
    if number.isascii() and number.isdigit() and len(number) < 10:
        await portal.workers.quick(portal.accounts.sessions.end_one, user.id, int(number))
    return RedirectResponse(f"{ACCOUNT}?done=session", 303)


@router.post(f"{ACCOUNT}/everywhere")
async def end_all(
    request: Request, portal: Portal, user: Member, _form: Annotated[Form, _sent("everywhere")]
) -> Response:
    """All devices are logged out."""
    await portal.workers.quick(portal.accounts.sessions.end_all, user)
    return portal.leave(request, "/login?note=everywhere")


@router.post(f"{ACCOUNT}/tokens")
async def make_token(
    request: Request,
    portal: Portal,
    user: Member,
    origin: Inside,
    form: Annotated[Form, _sent("tokens")],
) -> Response:
    """A new token for a program, which is shown once."""
    confirm, make = portal.accounts.people.confirm, portal.accounts.access_tokens.make
    name, days = form.get("name"), form.get("days")
    scopes = [scope for scope in SCOPES if form.get(f"scope-{scope}")]
    await portal.workers.hashing(origin, confirm, user, form.get("current"), origin)
    lasts = int(days) if days in map(str, DAYS) else 0
    made = await portal.workers.quick(make, user, name, scopes, lasts)
    return portal.page(request, "token.html", made=made, name=name)


@router.post(f"{ACCOUNT}/tokens/revoke")
async def revoke_token(
    portal: Portal, user: Member, form: Annotated[Form, _sent("tokens")]
) -> Response:
    """One token works no more."""
    number = form.get("number")
    if number.isascii() and number.isdigit() and len(number) < 10:
        await portal.workers.quick(portal.accounts.access_tokens.revoke, user, int(number))
    return RedirectResponse(f"{ACCOUNT}?done=token", 303)


@router.post(f"{ACCOUNT}/data")
async def download(portal: Portal, user: Member, _form: Annotated[Form, _sent("data")]) -> Response:
    """Everything that is kept of a person."""
    return await portal.downloads.of(user.id)


@router.post(f"{ACCOUNT}/delete")
async def delete(
    request: Request,
    portal: Portal,
    user: Member,
    origin: Inside,
    form: Annotated[Form, _sent("delete")],
) -> Response:
    """The account goes, with everything in it."""
    confirm = portal.accounts.people.confirm
    await portal.workers.hashing(origin, confirm, user, form.get("current"), origin)
    await portal.forget(user)
    response = portal.leave(request, "/login?note=deleted")
    response.headers.append(*portal.cookies.drop(request, cookies.DEVICE))
    return response
