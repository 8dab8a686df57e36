"""What the portal's routes ask FastAPI for: its context, who is there, and the form that was sent.

Whatever goes wrong in a route is told in one place, `show_error`: on the page that the form came
from, with what was typed, or on a page of its own.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from genregenie.accounts.core import User
from genregenie.accounts.origin import Origin
from genregenie.web.addresses import network_of
from genregenie.web.errors import Problem, log_problem, problem_of
from genregenie.web.identity import identity_of, user_of
from genregenie.web.paths import LOGIN, SIGNUP
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.forms import Form

FormPage = Callable[[Request, PortalContext, Form, int], Awaitable[Response]]
"""Shows a page with a form: what was typed there, what is wrong with it, and with which status."""


async def _portal(request: Request) -> PortalContext:
    portal: PortalContext = request.app.state.portal
    return portal


Portal = Annotated[PortalContext, Depends(_portal)]


async def _visitor(request: Request) -> User:
    user = user_of(request.scope)
    if user is None:
        raise HTTPException(303, headers={"location": LOGIN})
    return user


async def _member(user: Annotated[User, Depends(_visitor)]) -> User:
    if user.guest:
        raise HTTPException(303, headers={"location": SIGNUP})
    return user


Member = Annotated[User, Depends(_member)]
"""Who has an account; guests are sent to make one."""


async def _administrator(request: Request) -> User:
    user = user_of(request.scope)
    if user is None or not user.admin:  # to everybody else there is no such page
        raise HTTPException(404)
    return user


Administrator = Annotated[User, Depends(_administrator)]
"""Who looks after the server."""
ADMINISTRATORS_ONLY: Final = Depends(_administrator)
"""For a router whose pages nobody else is shown, when a form is wrong neither."""


async def _inside(request: Request) -> Origin:
    identity = identity_of(request.scope)
    address = network_of(request.scope)
    if identity is None:
        return Origin(address)
    return Origin(address, session=identity.session_token, account=identity.user.name)


Inside = Annotated[Origin, Depends(_inside)]
"""Where whoever is logged in comes from: whatever others do, it is the session that counts."""


def sent(page: FormPage, special: Mapping[type[Exception], Problem] | None = None) -> Any:
    """A dependency: the form that was sent.

    Parameters
    ----------
    page : callable
        Shows the form again if anything is wrong, here or later in the route.
    special : mapping, optional
        How errors are told here, where that is not as everywhere.
    """

    async def form(request: Request, portal: Portal) -> Form:
        request.state.shown_again = page, special
        request.state.form = Form({})
        request.state.form = read = await portal.read(request)
        return read

    return Depends(form)


async def show_error(request: Request, error: Exception) -> Response:
    """The answer to a request that ended in an error of ours."""
    page, special = getattr(request.state, "shown_again", (None, None))
    problem = problem_of(error, special)
    if problem is None:
        raise error
    log_problem(error, problem)
    portal = await _portal(request)
    words = problem.words(error)
    response: Response
    if page is None or problem.field is None:
        response = portal.message(request, problem.status, problem.title, words)
    else:
        form: Form = request.state.form
        form.fail(words, problem.field)
        response = await page(request, portal, form, problem.status)
    response.headers.update(problem.headers(error))
    return response
