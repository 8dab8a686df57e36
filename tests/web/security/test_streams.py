"""Open event streams end with the session that they belong to."""

import secrets
import threading
from collections.abc import Callable, Iterator

import pytest

from genregenie.accounts import open_accounts
from genregenie.accounts.service import Accounts
from genregenie.storage.database import DatabaseError
from tests.web.servers import CHEAP, GOOD, NEW, Browser, Server
from tests.web.test_stopping import API, reads_to_its_end


@pytest.fixture
def elsewhere(server: Server) -> Iterator[Accounts]:
    """The accounts as another process has them."""
    accounts = open_accounts(server.accounts.db.url, CHEAP)
    yield accounts
    accounts.close()


def log_out(ada: Browser, accounts: Accounts) -> None:
    ada.fill("/logout", page="/account")


def log_out_everywhere(ada: Browser, accounts: Accounts) -> None:
    ada.fill("/account/everywhere", page="/account")


def change_password(ada: Browser, accounts: Accounts) -> None:
    ada.fill("/account/password", page="/account", current=GOOD, password=NEW)


def delete_account(ada: Browser, accounts: Accounts) -> None:
    ada.fill("/account/delete", page="/account", current=GOOD)


def end_in_another_process(ada: Browser, accounts: Accounts) -> None:
    accounts.sessions.end(ada.cookies["genregenie"])


WAYS = [log_out, log_out_everywhere, change_password, delete_account, end_in_another_process]


@pytest.mark.slow
@pytest.mark.parametrize("end", WAYS)
def test_streams_end_with_their_session_and_no_other(
    server: Server, elsewhere: Accounts, end: Callable[[Browser, Accounts], None]
) -> None:
    with server.browser() as ada, server.browser() as bob:
        ada.newcomer(f"ada-{secrets.token_hex(4)}")
        bob.newcomer(f"bob-{secrets.token_hex(4)}")
        session = secrets.token_hex(6)
        body = {"data": ["x"], "fn_index": 3, "session_hash": session}
        assert ada.post(f"{API}/queue/join", json=body).status_code == 200
        hers = [
            reads_to_its_end(ada, f"{API}/heartbeat/{session}"),
            reads_to_its_end(ada, f"{API}/heartbeat/{session}2"),
        ]
        his, _ = reads_to_its_end(bob, f"{API}/heartbeat/{secrets.token_hex(6)}")
        end(ada, elsewhere)
        for thread, met in hers:
            thread.join(30)
            assert met == ["200"]  # and a proper end
        assert his.is_alive()
        server.accounts.sessions.end(bob.cookies["genregenie"])
        his.join(30)
        assert not his.is_alive()


@pytest.mark.slow
def test_streams_outlast_a_database_that_is_away_for_a_moment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def away() -> None:
        asked.set()
        raise DatabaseError(OSError())

    with server.browser() as ada:
        ada.newcomer(f"ada-{secrets.token_hex(4)}")
        thread, _ = reads_to_its_end(ada, f"{API}/heartbeat/{secrets.token_hex(6)}")
        with monkeypatch.context() as patched:
            patched.setattr(server.accounts.db, "read", away)
            assert asked.wait(30)
        assert thread.is_alive()
        ada.fill("/logout", page="/account")
        thread.join(30)
        assert not thread.is_alive()
