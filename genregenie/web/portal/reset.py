"""Getting back in: with a recovery code, or with a link by e-mail where a mail server is set."""

import asyncio
import logging

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.accounts import mail
from genregenie.accounts.errors import TooManyAttemptsError, WeakPasswordError, WrongCodeError
from genregenie.accounts.recovery import LIFETIME
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.forms import Form, FormError
from genregenie.web.security import cookies

MAX_MAILS_WAITING = 50

log = logging.getLogger("genregenie.web")


def reset_routes(desk: PortalContext) -> APIRouter:
    """The pages for who has forgotten the password."""
    router = APIRouter()
    sending: set[asyncio.Task[None]] = set()

    def page(request: Request, form: Form | None = None, status: int = 200) -> Response:
        return desk.page(request, "reset.html", form, status, sent=False)

    def link_page(request: Request, form: Form | None = None, status: int = 200) -> Response:
        return desk.page(request, "reset_link.html", form, status, works=True)

    def dead_link(request: Request) -> Response:
        return desk.page(request, "reset_link.html", status=410, works=False)

    @router.get("/reset")
    async def show(request: Request) -> Response:
        return page(request)

    @router.post("/reset")
    async def reset(request: Request) -> Response:
        try:
            form = await desk.read(request)
        except FormError as error:
            form = Form({})
            form.fail(error)
            return page(request, form, 403)
        if form.get("way") == "email" and desk.config.mails:
            return ask_for_link(request, form)
        try:
            await desk.workers.hashing(
                desk.accounts.recovery.reset_with_code,
                form.get("username"),
                form.get("code"),
                form.get("password"),
            )
        except WeakPasswordError as error:
            form.fail(error, "password")
            return page(request, form, 422)
        except WrongCodeError as error:
            form.fail(error)
            return page(request, form, 401)
        except TooManyAttemptsError as error:
            form.fail(error)
            return page(request, form, 429)
        return desk.leave("/login?note=reset")

    def ask_for_link(request: Request, form: Form) -> Response:
        # Looked up and mailed after the answer, which so takes as long with an account as without.
        if len(sending) < MAX_MAILS_WAITING:
            task = asyncio.create_task(mail_links(form.get("account")))
            sending.add(task)
            task.add_done_callback(sending.discard)
        return desk.page(request, "reset.html", sent=True)

    async def mail_links(name_or_email: str) -> None:
        smtp = desk.config.smtp
        if smtp is None or not name_or_email.strip():
            return
        try:
            links = await desk.workers.quick(desk.accounts.recovery.make_links, name_or_email)
            for link in links:
                url = f"{desk.config.public_url}/reset/link?token={link.token}"
                message = mail.reset_mail(link, url, smtp.sender)
                await desk.workers.quick(mail.send, message, smtp)
        except Exception:
            # There is no page any more that this could be shown on.
            log.exception("a reset link could not be made")

    @router.get("/reset/link")
    async def open_link(request: Request) -> Response:
        token = request.query_params.get("token")
        if token is not None:
            # Out of the address bar, and of the browser's history, before anything is shown.
            response = RedirectResponse("/reset/link", 303)
            if len(token) <= 64 and token.replace("-", "").replace("_", "").isalnum():
                age = int(LIFETIME.total_seconds())
                if token.isascii():
                    response.headers.append(*desk.cookies.store(cookies.RESET, token, age))
            return response
        kept = desk.cookies.read(request, cookies.RESET)
        if kept is None:
            return dead_link(request)
        works = await desk.workers.quick(desk.accounts.recovery.link_works, kept)
        return link_page(request) if works else dead_link(request)

    @router.post("/reset/link")
    async def use_link(request: Request) -> Response:
        try:
            form = await desk.read(request)
        except FormError as error:
            form = Form({})
            form.fail(error)
            return link_page(request, form, 403)
        token = desk.cookies.read(request, cookies.RESET) or ""
        try:
            await desk.workers.hashing(
                desk.accounts.recovery.reset_with_link, token, form.get("password")
            )
        except WeakPasswordError as error:
            form.fail(error, "password")
            return link_page(request, form, 422)
        except WrongCodeError:
            return dead_link(request)
        response = desk.leave("/login?note=reset")
        response.headers.append(*desk.cookies.drop(cookies.RESET))
        return response

    return router
