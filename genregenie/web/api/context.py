"""What the API's routes ask FastAPI for: what stands behind them, and who asks with which scope."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import Depends
from starlette.requests import Request

from genregenie.accounts.core import User
from genregenie.web.addresses import network_of
from genregenie.web.api.problems import RequestError
from genregenie.web.identity import identity_of
from genregenie.web.programs import Programs
from genregenie.web.security.bearers import ScopeError

NEEDED: Final = "needed_scope"
"""On a dependency: the scope that it asks for."""


async def _programs(request: Request) -> Programs:
    found: Programs = request.app.state.programs
    return found


Behind = Annotated[Programs, Depends(_programs)]


def with_scope(needed: str) -> Callable[[Request], Awaitable[User | None]]:
    """A dependency: the user, whose token must be for this; nobody, where the gate is off.

    Parameters
    ----------
    needed : str
        One of `genregenie.accounts.access_tokens.SCOPES`.
    """

    async def user(request: Request) -> User | None:
        identity = identity_of(request.scope)
        if identity is None:
            return None
        if identity.scopes is None or needed not in identity.scopes:
            raise ScopeError(needed)
        return identity.user

    setattr(user, NEEDED, needed)
    return user


def owner(user: User | None) -> int:
    """Whose history it is.

    Raises
    ------
    RequestError
        With the gate off: then it is nobody's.
    """
    if user is None:
        raise RequestError(404, "The gate of this server is off, so nobody has a history here.")
    return user.id


def lane_of(request: Request, user: User | None) -> Any:
    """In whose turn a clip is heard: a person's, or, with the gate off, an address's."""
    return user.id if user is not None else network_of(request.scope)
