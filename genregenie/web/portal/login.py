"""Coming in and going out: sign up, recovery codes, log in, guests, log out."""

import re
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from genregenie.accounts.errors import (
    AccountError,
    DemoFullError,
    InvalidEmailError,
    InvalidNameError,
    NameTakenError,
    TooManyAttemptsError,
    WeakPasswordError,
    WrongCredentialsError,
)
from genregenie.accounts.names import check_email, check_name
from genregenie.web.paths import HOME, local_target
from genregenie.web.portal.context import PortalContext, user_agent
from genregenie.web.portal.forms import Form, FormError
from genregenie.web.security import cookies
from genregenie.web.security.gate import session_token, who_is

NOTES: Final = {
    "logged-out": "You are logged out.",
    "everywhere": "You are logged out on all devices.",
    "reset": "Your password is changed. Please log in with the new one.",
    "deleted": "Your account and everything in it are deleted.",
}
_CODE: Final = re.compile(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")


def entry_routes(desk: PortalContext) -> APIRouter:
    """The pages before the app."""
    router = APIRouter()

    def login_page(request: Request, form: Form | None = None, status: int = 200) -> Response:
        wanted = form.get("next") if form else request.query_params.get("next", "")
        note = NOTES.get(request.query_params.get("note", "")) if form is None else None
        wait = {"retry-after": "60"} if status == 429 else None
        target = local_target(wanted)
        return desk.page(request, "login.html", form, status, wait, next=target, note=note)

    def signup_page(request: Request, form: Form | None = None, status: int = 200) -> Response:
        return desk.page(request, "signup.html", form, status)

    @router.get("/login")
    async def show_login(request: Request) -> Response:
        if who_is(request.scope):
            return RedirectResponse(local_target(request.query_params.get("next")), 303)
        return login_page(request)

    @router.post("/login")
    async def log_in(request: Request) -> Response:
        try:
            form = await desk.read(request)
        except FormError as error:
            return login_page(request, _failed(error), 403)
        try:
            # Whatever is in the browser's session cookie ends: no session outlives a log-in.
            who, token = await desk.workers.hashing(
                desk.accounts.people.log_in,
                form.get("username"),
                form.get("password"),
                user_agent(request),
                desk.cookies.read(request, cookies.SESSION),
            )
        except WrongCredentialsError as error:
            form.fail(error)
            return login_page(request, form, 401)
        except TooManyAttemptsError as error:
            form.fail(error)
            return login_page(request, form, 429)
        return desk.enter(who, token, local_target(form.get("next")))

    @router.get("/signup")
    async def show_signup(request: Request) -> Response:
        return RedirectResponse(HOME, 303) if who_is(request.scope) else signup_page(request)

    @router.post("/signup")
    async def sign_up(request: Request) -> Response:
        try:
            form = await desk.read(request)
        except FormError as error:
            return signup_page(request, _failed(error), 403)
        name, email, password = (form.get(f) for f in ("username", "email", "password"))
        for check, field in ((check_name, "username"), (check_email, "email")):
            try:
                check(form.get(field))
            except AccountError as error:
                form.fail(error, field)
        if not form.errors:
            try:
                who, codes = await desk.workers.hashing(
                    desk.accounts.people.sign_up, name, email, password
                )
            except WeakPasswordError as error:
                form.fail(error, "password")
            except (NameTakenError, InvalidNameError) as error:
                form.fail(error, "username")
            except InvalidEmailError as error:
                form.fail(error, "email")
            else:
                return desk.page(request, "codes.html", owner=who.name, codes=codes, fresh=True)
        return signup_page(request, form, 422)

    @router.post("/signup/codes")
    async def download_codes(request: Request) -> Response:
        """The codes as a file: sent by the page that shows them, kept nowhere, in no address."""
        try:
            form = await desk.read(request)
        except FormError as error:
            return desk.page(request, "message.html", status=403, title="Codes", text=str(error))
        codes = [c for c in form.get("codes").split() if _CODE.fullmatch(c)][:20]
        lines = ["GenreGenie recovery codes. Each works once.", "", *codes, ""]
        disposition = 'attachment; filename="genregenie-recovery-codes.txt"'
        return PlainTextResponse("\n".join(lines), headers={"content-disposition": disposition})

    @router.post("/guest")
    async def come_as_guest(request: Request) -> Response:
        if desk.config.gate != "demo":
            return login_page(request, _failed(FormError("Guests are not let in here.")), 403)
        try:
            form = await desk.read(request)
            who, token = await desk.workers.quick(
                desk.accounts.people.add_guest, user_agent(request)
            )
        except FormError as error:
            return login_page(request, _failed(error), 403)
        except DemoFullError as error:
            return login_page(request, _failed(error), 503)
        return desk.enter(who, token, local_target(form.get("next")))

    @router.get("/logout")
    async def ask_logout(request: Request) -> Response:
        return desk.page(request, "logout.html")

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        try:
            await desk.read(request)
        except FormError as error:
            return desk.page(request, "logout.html", _failed(error), 403)
        who, token = who_is(request.scope), session_token(request.scope)
        if who and who.guest:
            await desk.workers.quick(desk.accounts.people.delete, who)
            await desk.workers.quick(desk.ownership.forget, who.id)
        elif token:
            await desk.workers.quick(desk.accounts.sessions.end, token)
        return desk.leave("/login?note=logged-out")

    return router


def _failed(error: Exception) -> Form:
    form = Form({})
    form.fail(error)
    return form
