"""Who asks, as the gate noted it; nobody is None."""

from types import SimpleNamespace

from starlette.requests import Request

from genregenie.accounts.core import User
from genregenie.web.identity import (
    Identity,
    id_of,
    identify,
    identity_of,
    user_of,
    who_asks,
)

ADA = Identity(User(7, "Ada", guest=False), "the session's token", "the form's token")


def test_without_a_gate_nobody_asks() -> None:
    scope = {"type": "http"}
    assert identity_of(scope) is None
    assert user_of(scope) is None
    assert id_of(user_of(scope)) is None
    assert who_asks(SimpleNamespace(request=Request(scope))) is None
    assert who_asks(SimpleNamespace(request=None)) is None


def test_who_has_a_session_asks_and_the_last_word_counts() -> None:
    scope = {"type": "http"}
    identify(scope, ADA)
    assert identity_of(scope) is ADA
    assert user_of(scope) == ADA.user
    assert who_asks(SimpleNamespace(request=Request(scope))) == ADA.user
    assert id_of(ADA.user) == 7
    identify(scope, None)
    assert user_of(scope) is None


def test_no_token_is_shown() -> None:
    assert "token" not in repr(ADA)
