"""The account page: password, e-mail, recovery codes, sessions, one's data, and leaving."""

import json
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from genregenie.accounts.core import User
from genregenie.accounts.errors import (
    InvalidEmailError,
    TooManyAttemptsError,
    WeakPasswordError,
    WrongCredentialsError,
)
from genregenie.accounts.export import export_person
from genregenie.web.paths import LOGIN
from genregenie.web.portal.context import PortalContext, user_agent
from genregenie.web.portal.forms import Form, FormError
from genregenie.web.security.gate import session_token, who_is

Step = Callable[[Request, User, Form], Awaitable[Response]]

DONE = {
    "password": "Your password is changed. All other devices are logged out.",
    "email": "Your e-mail address is saved.",
    "session": "That device is logged out.",
}


def account_routes(desk: PortalContext) -> APIRouter:
    """The pages behind the person's own name."""
    router = APIRouter()
    people, recovery = desk.accounts.people, desk.accounts.recovery

    async def page(
        request: Request, who: User, form: Form | None = None, status: int = 200, section: str = ""
    ) -> Response:
        profile = await desk.workers.quick(people.profile, who.id)
        if profile is None:
            return RedirectResponse(LOGIN, 303)
        sessions = await desk.workers.quick(
            desk.accounts.sessions.of, who.id, session_token(request.scope)
        )
        return desk.page(
            request,
            "account.html",
            form,
            status,
            profile=profile,
            sessions=sessions,
            section=section,
            email_form=Form({"email": profile.email or ""}),
            done=DONE.get(request.query_params.get("done", "")) if form is None else None,
        )

    def step(section: str, *, guests: bool = False) -> Callable[[Step], None]:
        """Register a form of the page: read it, ask who it is, show what went wrong in place."""

        def register(action: Step) -> None:
            async def handle(request: Request) -> Response:
                who = who_is(request.scope)
                if who is None or (who.guest and not guests):
                    return RedirectResponse("/account", 303)
                form = Form({})
                try:
                    form = await desk.read(request)
                    return await action(request, who, form)
                except FormError as error:
                    form.fail(error)
                    status = 403
                except WrongCredentialsError:
                    form.errors["current"] = "This is not your password."
                    status = 401
                except TooManyAttemptsError as error:
                    form.fail(error, "current")
                    status = 429
                except WeakPasswordError as error:
                    form.fail(error, "password")
                    status = 422
                except InvalidEmailError as error:
                    form.fail(error, "email")
                    status = 422
                return await page(request, who, form, status, section)

            router.post(f"/account/{section}")(handle)

        return register

    @router.get("/account")
    async def show(request: Request) -> Response:
        who = who_is(request.scope)
        return await page(request, who) if who else RedirectResponse(LOGIN, 303)

    @step("password")
    async def change_password(request: Request, who: User, form: Form) -> Response:
        token = await desk.workers.hashing(
            people.change_password,
            who,
            form.get("current"),
            form.get("password"),
            user_agent(request),
        )
        return desk.enter(who, token, "/account?done=password")

    @step("email")
    async def change_email(request: Request, who: User, form: Form) -> Response:
        await desk.workers.hashing(people.change_email, who, form.get("email"), form.get("current"))
        return RedirectResponse("/account?done=email", 303)

    @step("codes")
    async def new_codes(request: Request, who: User, form: Form) -> Response:
        await desk.workers.hashing(people.confirm, who, form.get("current"))
        codes = await desk.workers.quick(recovery.new_codes, who)
        return desk.page(request, "codes.html", owner=who.name, codes=codes, fresh=False)

    @step("session")
    async def end_session(request: Request, who: User, form: Form) -> Response:
        number = form.get("session")
        if number.isascii() and number.isdigit() and len(number) < 10:
            await desk.workers.quick(desk.accounts.sessions.end_one, who.id, int(number))
        return RedirectResponse("/account?done=session", 303)

    @step("everywhere", guests=True)
    async def end_all(request: Request, who: User, form: Form) -> Response:
        await desk.workers.quick(desk.accounts.sessions.end_all, who)
        return desk.leave("/login?note=everywhere")

    @step("data", guests=True)
    async def download(request: Request, who: User, form: Form) -> Response:
        data = await desk.workers.quick(export_person, desk.accounts.db, who.id)
        return Response(
            json.dumps(data, indent=2, ensure_ascii=False),
            media_type="application/json",
            headers={"content-disposition": 'attachment; filename="genregenie-my-data.json"'},
        )

    @step("delete")
    async def delete(request: Request, who: User, form: Form) -> Response:
        await desk.workers.hashing(people.confirm, who, form.get("current"))
        await desk.workers.quick(people.delete, who)
        await desk.workers.quick(desk.ownership.forget, who.id)
        return desk.leave("/login?note=deleted")

    return router
