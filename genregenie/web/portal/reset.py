"""Getting back in: with a recovery code, or with a link by e-mail where a mail server is set."""

import asyncio
import logging
import re
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.accounts import mail
from genregenie.accounts.errors import WrongCodeError
from genregenie.accounts.recovery import LIFETIME
from genregenie.web.errors import Problem
from genregenie.web.identity import user_of
from genregenie.web.paths import LOGIN
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.dependencies import Portal, sent
from genregenie.web.portal.forms import Form
from genregenie.web.security import cookies

MAX_MAILS_WAITING: Final = 50

_PAGE: Final = "/reset"
_LINK: Final = "/reset/link"
_GONE: Final = 410
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

log = logging.getLogger("genregenie.web")
router = APIRouter()


async def _page(request: Request, portal: PortalContext, form: Form, status: int = 200) -> Response:
    return portal.page(request, "reset.html", form, status, sent=False)


async def _link_page(
    request: Request, portal: PortalContext, form: Form, status: int = 200
) -> Response:
    return portal.page(request, "reset_link.html", form, status, works=status != _GONE)


@router.get(_PAGE)
async def show(request: Request, portal: Portal) -> Response:
    """The page for who has forgotten the password."""
    return await _page(request, portal, Form({}))


@router.post(_PAGE)
async def reset(request: Request, portal: Portal, form: Annotated[Form, sent(_page)]) -> Response:
    """A new password for a recovery code, or a link by e-mail."""
    if form.get("way") == "email" and portal.config.mails:
        _mail_later(portal, form.get("account"))
        return portal.page(request, "reset.html", sent=True)
    origin = portal.at_the_door(request, form.get("username"))
    await portal.workers.hashing(
        origin,
        portal.accounts.recovery.reset_with_code,
        form.get("username"),
        form.get("code"),
        form.get("password"),
        origin,
    )
    return _to_log_in(request, portal)


def _to_log_in(request: Request, portal: PortalContext) -> Response:
    target, user = f"{LOGIN}?note=reset", user_of(request.scope)
    if user is not None and user.guest:  # what was heard so far comes along when they log in
        return RedirectResponse(target, 303)
    return portal.leave(request, target)


def _mail_later(portal: PortalContext, name_or_email: str) -> None:
    # Looked up and mailed after the answer, which so takes as long with an account as without.
    if len(portal.mailing) < MAX_MAILS_WAITING:
        task = asyncio.create_task(_mail_links(portal, name_or_email))
        portal.mailing.add(task)
        task.add_done_callback(portal.mailing.discard)


async def _mail_links(portal: PortalContext, name_or_email: str) -> None:
    smtp = portal.config.smtp
    if smtp is None or not name_or_email.strip():
        return
    try:
        links = await portal.workers.quick(portal.accounts.recovery.make_links, name_or_email)
        for link in links:
            url = f"{portal.config.public_url}{_LINK}?token={link.token}"
            message = mail.reset_mail(link, url, smtp.sender)
            await portal.workers.quick(mail.send, message, smtp)
    except Exception:
        # There is no page any more that this could be shown on.
        log.exception("a reset link could not be made")


@router.get(_LINK)
async def open_link(request: Request, portal: Portal) -> Response:
    """The page that a mailed link leads to."""
    token = request.query_params.get("token")
    if token is not None:
        # Out of the address bar, and of the browser's history, before anything is shown.
        response = RedirectResponse(_LINK, 303)
        if _TOKEN.fullmatch(token):
            age_s = int(LIFETIME.total_seconds())
            response.headers.append(*portal.cookies.store(request, cookies.RESET, token, age_s))
        return response
    kept = portal.cookies.read(request, cookies.RESET) or ""
    works = await portal.workers.look_up(portal.accounts.recovery.link_works, kept)
    return await _link_page(request, portal, Form({}), 200 if works else _GONE)


@router.post(_LINK)
async def use_link(
    request: Request,
    portal: Portal,
    form: Annotated[Form, sent(_link_page, {WrongCodeError: Problem(_GONE, "")})],
) -> Response:
    """A new password for a link."""
    token = portal.cookies.read(request, cookies.RESET) or ""
    origin = portal.at_the_door(request, "")
    await portal.workers.hashing(
        origin, portal.accounts.recovery.reset_with_link, token, form.get("password"), origin
    )
    response = _to_log_in(request, portal)
    response.headers.append(*portal.cookies.drop(request, cookies.RESET))
    return response
