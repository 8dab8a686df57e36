"""The Admin page, for those who look after the server: people, invitations, and what was done."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.accounts.admin import PAGE
from genregenie.accounts.core import utc_now
from genregenie.accounts.invitations import USUAL_DAYS
from genregenie.web.paths import ADMIN
from genregenie.web.portal.account import PROBLEMS
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.dependencies import (
    ADMINISTRATORS_ONLY,
    Administrator,
    Inside,
    Portal,
    sent,
)
from genregenie.web.portal.forms import Form

DONE: Final = {
    "sessions": "All their sessions are ended.",
    "deleted": "The account and everything in it are deleted.",
    "revoked": "That invitation is revoked.",
}
_LINES: Final = 50
_PERSON: Final = f"{ADMIN}/people/{{number:int}}"
_USUAL: Final = {"uses": "1", "days": str(USUAL_DAYS)}

router = APIRouter(dependencies=[ADMINISTRATORS_ONLY])


async def _page(
    request: Request,
    portal: PortalContext,
    form: Form | None = None,
    status: int = 200,
    *,
    code: str | None = None,
) -> Response:
    look_up, accounts, asked = portal.workers.look_up, portal.accounts, request.query_params
    search = asked.get("q", "").replace("\0", "")[:254]
    skip = _number(asked.get("from", ""))
    yesterday = (utc_now() - timedelta(days=1)).date()
    people = await look_up(accounts.admin.people, search, skip, PAGE)
    found = await look_up(accounts.admin.count, search)
    return portal.page(
        request,
        "admin.html",
        form or Form(_USUAL),
        status,
        code=code,
        search=search,
        people=people,
        before=max(0, skip - PAGE) if skip else None,
        after=skip + PAGE if skip + PAGE < found else None,
        totals=await look_up(accounts.admin.totals),
        invitations=await look_up(accounts.invitations.open),
        failures=await look_up(accounts.daily.failures, yesterday),
        audit=await look_up(accounts.audit.last, _LINES),
        done=DONE.get(asked.get("done", "")) if form is None else None,
    )


async def _person_page(
    request: Request, portal: PortalContext, form: Form, status: int = 200
) -> Response:
    person = await portal.workers.look_up(
        portal.accounts.admin.person, request.path_params["number"]
    )
    if person is None:
        return portal.message(request, 404, "Not found", "This account is gone.")
    return portal.page(request, "admin_person.html", form, status, person=person)


@router.get(ADMIN)
async def show(request: Request, portal: Portal, _user: Administrator) -> Response:
    """The page as it is opened."""
    return await _page(request, portal)


@router.get(_PERSON)
async def show_person(request: Request, portal: Portal, _user: Administrator) -> Response:
    """One person's page."""
    return await _person_page(request, portal, Form({}))


@router.post(f"{ADMIN}/invitations")
async def invite(
    request: Request,
    portal: Portal,
    user: Administrator,
    form: Annotated[Form, sent(_page)],
) -> Response:
    """A new invitation, which is shown once."""
    code = await portal.workers.quick(
        portal.accounts.invitations.make,
        _number(form.get("uses")),
        _number(form.get("days")),
        form.get("note"),
        user.name,
    )
    return await _page(request, portal, code=code)


@router.post(f"{ADMIN}/invitations/revoke")
async def revoke(
    portal: Portal, user: Administrator, form: Annotated[Form, sent(_page)]
) -> Response:
    """An invitation works no more."""
    number = _number(form.get("invitation"))
    await portal.workers.quick(portal.accounts.invitations.revoke, number, user.name)
    return RedirectResponse(f"{ADMIN}?done=revoked", 303)


@router.post(f"{_PERSON}/sessions", dependencies=[sent(_person_page)])
async def end_sessions(portal: Portal, user: Administrator, number: int) -> Response:
    """Somebody is logged out everywhere."""
    await portal.workers.quick(portal.accounts.admin.end_sessions, number, user.name)
    return RedirectResponse(f"{ADMIN}?done=sessions", 303)


@router.post(f"{_PERSON}/delete")
async def delete(
    portal: Portal,
    user: Administrator,
    origin: Inside,
    number: int,
    form: Annotated[Form, sent(_person_page, PROBLEMS)],
) -> Response:
    """An account goes, with everything in it; whoever deletes it gives their own password."""
    confirm = portal.accounts.people.confirm
    await portal.workers.hashing(origin, confirm, user, form.get("current"), origin)
    await portal.workers.quick(portal.accounts.admin.delete, number, user.name)
    await portal.workers.quick(portal.forget_files, number)
    return RedirectResponse(f"{ADMIN}?done=deleted", 303)


def _number(text: str) -> int:
    """A number that any column can hold; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
