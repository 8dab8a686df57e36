"""What handlers of the page do for guests, and do not."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.core import User
from genregenie.accounts.errors import GuestLimitError
from genregenie.accounts.feedback import clip_key
from genregenie.common.limits import GuestLimits
from genregenie.inference.classifier import Classifier
from genregenie.storage.database import sqlite_url
from genregenie.web.config import WebConfig
from genregenie.web.guests import admission
from genregenie.web.identity import Identity, identify, is_guest
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.sections import feedback, recommendations
from genregenie.web.ui.tabs import lab
from tests.accounts.standins import CHEAP

GOOD = "a calm indigo morning"


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    opened = open_accounts(sqlite_url(tmp_path), CHEAP)
    yield opened
    opened.close()


def asked_by(user: User | None) -> SimpleNamespace:
    """What a handler is told of the request of this user."""
    scope = {"type": "http"}
    identify(scope, Identity(user, "session", "form") if user else None)
    return SimpleNamespace(request=Request(scope))


def test_only_guests_are_counted(accounts: Accounts) -> None:
    admit = admission(accounts, WebConfig(guests=GuestLimits(uploads=2)))
    guest, person = accounts.guests.add()[0], accounts.people.sign_up("Ada", "", GOOD)[0]
    assert [is_guest(asked_by(user)) for user in (guest, person, None)] == [True, False, False]
    for user in (guest, person, None):
        admit(asked_by(user))
        admit(asked_by(user))
    with pytest.raises(GuestLimitError, match="may listen to 2 clips"):
        admit(asked_by(guest))
    admit(asked_by(person))
    admit(asked_by(None))


def test_where_there_are_no_accounts_nobody_is_counted() -> None:
    admission(None, None)(asked_by(None))


def test_a_guest_does_not_have_models_trained(accounts: Accounts) -> None:
    request = asked_by(accounts.guests.add()[0])
    (only,) = lab.run_for("E", "gtzan", "grouped", request)
    assert 'needs an account. <a href="../signup">' in only


def test_a_guest_gets_no_playlist(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "an app of ours")
    monkeypatch.setenv("SPOTIPY_REDIRECT_URI", "http://127.0.0.1/spotify/callback")
    heard = Classifier.load().predict(EXAMPLES[0].path)
    listener = recommendations.Listener(prediction=heard)
    request = asked_by(accounts.guests.add()[0])
    told = recommendations.Handlers(accounts).save(listener, request)
    assert 'needs an account. <a href="../signup">' in told


def test_what_a_guest_says_of_a_verdict_is_kept_until_the_guest_leaves(
    accounts: Accounts,
) -> None:
    heard = Classifier.load().predict(EXAMPLES[0].path)
    key = clip_key(heard.statistics.to_bytes())
    guest, _ = accounts.guests.add()
    said = SimpleNamespace(clip=key.hex(), genre="reggae")
    told = feedback.Handlers(accounts).answer(heard, asked_by(guest), said)
    assert "Kept until you leave" in told
    assert accounts.feedback.genre_of(guest.id, key) == "reggae"
    accounts.people.delete(guest)
    assert accounts.feedback.everything() == []
