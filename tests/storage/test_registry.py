"""Values that run out: the same rules in memory and in each database."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from genregenie.accounts import open_accounts
from genregenie.storage.database import Database
from genregenie.storage.registry import MAX_IN_MEMORY, DatabaseRegistry, MemoryRegistry, Registry
from genregenie.storage.tables import REGISTRY
from tests.accounts.standins import CHEAP

KEY = b"a key that all servers have"


class Watch:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    accounts = open_accounts(database_url, CHEAP)
    yield accounts.db
    accounts.close()


@pytest.fixture
def shared(db: Database, watch: Watch) -> DatabaseRegistry:
    return DatabaseRegistry(db, KEY, watch)


def check_the_rules(registry: Registry, watch: Watch) -> None:
    assert registry.get("colour", "sky") is None
    registry.put("colour", "sky", "blue", 10)
    registry.put("colour", "grass", "green", 20)
    registry.put("taste", "sky", "none", 20)
    assert registry.get("colour", "sky") == "blue"
    assert sorted(registry.values("colour")) == ["blue", "green"]
    registry.put("colour", "sky", "grey", 20)
    assert registry.get("colour", "sky") == "grey"
    assert registry.take("colour", "sky") == "grey"
    assert registry.take("colour", "sky") is None
    assert registry.get("taste", "sky") == "none"
    registry.change("colour", "sea", lambda known: f"{known} green", 10)
    assert registry.get("colour", "sea") == "None green"
    registry.change("colour", "sea", lambda known: f"{known}!", 10)
    assert registry.get("colour", "sea") == "None green!"
    registry.change("colour", "sea", lambda known: None, 10)
    assert registry.get("colour", "sea") is None
    registry.delete("colour", "grass")
    registry.delete("colour", "grass")
    assert registry.values("colour") == []
    registry.put("colour", "sun", "yellow", 10)
    watch.now += 10
    assert registry.get("colour", "sun") is registry.take("colour", "sun") is None
    assert registry.values("colour") == []
    registry.put("colour", "sun", "red", 10)
    registry.change("colour", "sun", lambda known: known, 1)
    watch.now += 5
    registry.tidy()
    assert registry.values("colour") == []


def test_the_rules_in_memory(watch: Watch) -> None:
    check_the_rules(MemoryRegistry(watch), watch)


def test_the_rules_in_a_database(shared: DatabaseRegistry, watch: Watch) -> None:
    check_the_rules(shared, watch)


def test_what_has_run_out_is_removed(db: Database, shared: DatabaseRegistry, watch: Watch) -> None:
    shared.put("colour", "sun", "yellow", 10)
    shared.put("colour", "sky", "blue", 20)
    watch.now += 15
    shared.tidy()
    with db.read() as session:
        assert len(session.execute(select(REGISTRY)).all()) == 1


def test_nobody_counts_over_anybody(shared: DatabaseRegistry) -> None:
    def count() -> None:
        for _ in range(20):
            shared.change("number", "n", lambda known: str(int(known or 0) + 1), 60)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.get("number", "n") == "80"


def test_of_many_one_takes_it(shared: DatabaseRegistry) -> None:
    shared.put("state", "s", "the verifier", 60)
    taken = []
    threads = [
        threading.Thread(target=lambda: taken.append(shared.take("state", "s"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=str) == [*[None] * 5, "the verifier"]


def test_the_database_holds_nothing_that_can_be_read(
    db: Database, shared: DatabaseRegistry, watch: Watch
) -> None:
    shared.put("spotify", "person 17 of many", "a token of Spotify's", 60)
    with db.read() as session:
        everything = repr(session.execute(select(REGISTRY)).all())
    assert "a token" not in everything
    assert "person 17" not in everything
    other = DatabaseRegistry(db, b"another key", watch)
    assert other.get("spotify", "person 17 of many") is None
    assert other.values("spotify") == []
    assert (other.unreadable("spotify"), shared.unreadable("spotify")) == (1, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(kind=st.text("abcz", min_size=1, max_size=32), key=st.text(max_size=50), value=st.text())
def test_any_text_is_kept_as_it_is(
    shared: DatabaseRegistry, kind: str, key: str, value: str
) -> None:
    try:
        value.encode(), key.encode()
    except UnicodeEncodeError:  # halves of characters, which nothing of ours makes
        return
    shared.put(kind, key, value, 60)
    assert shared.get(kind, key) == value
    shared.delete(kind, key)


def test_memory_is_bounded() -> None:
    registry = MemoryRegistry()
    for n in range(MAX_IN_MEMORY + 10):
        registry.put("number", str(n), "", 60)
    assert registry.get("number", "9") is None
    assert registry.get("number", "10") == ""
