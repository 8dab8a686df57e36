"""Who asks: a user with a session or a program with a user's token, or nobody, who is None.

The gate finds out once for each connection and leaves the answer in its scope. Portal, page and
guards read it here, and none of them looks at cookies again.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from starlette.requests import Request
from starlette.types import Scope

from genregenie.accounts.core import User

_KEY: Final = "genregenie.identity"


@dataclass(frozen=True)
class Identity:
    """Somebody with a session, or a program of theirs.

    Attributes
    ----------
    user : User
    session_token : str
        For what concerns this very session; of a program its access token.
    form_token : str
        What a form on this person's page must carry; a program has none.
    scopes : frozenset of str or None
        What a program may do; None for people, who may do all that is theirs.
    """

    user: User
    session_token: str = field(repr=False)
    form_token: str = field(repr=False)
    scopes: frozenset[str] | None = None


class PageRequest(Protocol):
    """What a handler of the page is told of the request that it answers."""

    request: Request | None
    """The server's own; None where a handler is called by the program itself."""


def identify(scope: Scope, identity: Identity | None) -> None:
    """Note whose connection this is."""
    scope[_KEY] = identity


def identity_of(scope: Scope) -> Identity | None:
    """Who has the session that a connection belongs to; None without one, and with the gate off."""
    identity: Identity | None = scope.get(_KEY)
    return identity


def identity_on_page(request: PageRequest) -> Identity | None:
    """Who a handler of the page works for."""
    return identity_of(request.request.scope) if request.request is not None else None


def user_of(scope: Scope) -> User | None:
    """The user a connection belongs to."""
    identity = identity_of(scope)
    return identity.user if identity else None


def who_asks(request: PageRequest) -> User | None:
    """The user a handler of the page works for."""
    identity = identity_on_page(request)
    return identity.user if identity else None


def is_guest(request: PageRequest) -> bool:
    """Whether a handler of the page works for a guest."""
    who = who_asks(request)
    return who is not None and who.guest


def is_program(scope: Scope) -> bool:
    """Whether a connection was let in by a token."""
    identity = identity_of(scope)
    return identity is not None and identity.scopes is not None


def id_of(user: User | None) -> int | None:
    """The number that what a user has is kept under; None for nobody."""
    return user.id if user else None
