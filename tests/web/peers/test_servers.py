"""Which servers there are, and which one a browser stays with."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.accounts import open_accounts
from genregenie.common.environment import SettingsError
from genregenie.common.replicas import Replica, replica
from genregenie.storage.database import Database, sqlite_url
from genregenie.storage.registry import DatabaseRegistry
from genregenie.web.peers.servers import GONE_AFTER_S, Servers
from genregenie.web.workers import Workers
from tests.web.servers import CHEAP, in_a_loop

KEY = b"a key that all servers have"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP)
    yield accounts.db
    accounts.close()


def servers(db: Database, name: str, address: str | None = None, key: bytes = KEY) -> Servers:
    return Servers(Replica(name, address), DatabaseRegistry(db, key), key)


def test_they_hear_of_each_other(db: Database) -> None:
    a, b = servers(db, "a"), servers(db, "b", "http://10.0.0.5:7860")
    assert a.find("b") is None
    b.tell()
    a.tell()
    assert (found := a.find("b")) is not None
    assert found.address == "http://10.0.0.5:7860"


def test_one_that_says_nothing_is_gone(db: Database) -> None:
    now = [1000.0]
    registry = DatabaseRegistry(db, KEY, lambda: now[0])
    a, b = (Servers(Replica(name), registry, KEY) for name in "ab")
    b.tell()
    a.tell()
    assert a.find("b") is not None
    now[0] += GONE_AFTER_S
    a.tell()
    assert a.find("b") is None


def test_another_key_is_told_at_the_start(db: Database) -> None:
    servers(db, "a").tell()
    with pytest.raises(SettingsError, match="the same GENREGENIE_SECRET_KEY"):
        servers(db, "b", key=b"another")
    servers(db, "b")


def test_the_cookie_begins_with_the_name_for_proxies_to_read(db: Database) -> None:
    a, b = servers(db, "a"), servers(db, "b")
    assert a.cookie().startswith("a.")
    assert a.cookie().isascii()
    assert b.named_by(a.cookie()) == "a"


@given(st.text() | st.text("ab.=-_", max_size=40))
def test_no_other_cookie_names_a_server(cookie: str) -> None:
    class Nothing:
        def unreadable(self, _kind: str) -> int:
            return 0

    a = Servers(Replica("a"), Nothing(), KEY)  # type: ignore[arg-type]
    assert a.named_by(cookie) is None
    assert a.named_by(a.cookie() + cookie) == (None if cookie else "a")
    assert a.named_by(None) is None


@pytest.mark.parametrize("name", ["A", "a b", "a.b", "-", "a-b-c", "a;", "a" * 17, "é"])
def test_a_name_that_no_proxy_could_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_SERVER_NAME", name)
    with pytest.raises(SettingsError, match="small letters and digits"):
        replica()


def test_by_itself_a_server_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert replica() is None
    monkeypatch.setenv("GENREGENIE_SERVER_ADDRESS", "http://10.0.0.5:7860")
    with pytest.raises(SettingsError, match="GENREGENIE_SERVER_NAME"):
        replica()
    monkeypatch.setenv("GENREGENIE_SERVER_NAME", "web2")
    assert replica() == Replica("web2", "http://10.0.0.5:7860")


def test_who_is_busy_is_not_gone(db: Database) -> None:
    one = servers(db, "a")

    async def work() -> None:
        workers, held = Workers(), threading.Event()
        busy = [asyncio.create_task(workers.quick(held.wait)) for _ in range(20)]
        await asyncio.sleep(0)
        telling = asyncio.create_task(one.keep_telling(workers, lambda: None))
        try:
            with anyio.fail_after(10):
                while one.find("a") is None:
                    await asyncio.sleep(0.01)
        finally:
            held.set()
            telling.cancel()
            await asyncio.gather(*busy, telling, return_exceptions=True)

    in_a_loop(work)
