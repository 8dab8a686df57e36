"""A database that others hold, that has gone, or that cannot be used from the start."""

import logging
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, select, text

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.tables import LoginSession
from genregenie.common import limits, settings
from genregenie.storage.database import (
    SQLITE_NAME,
    DatabaseBusyError,
    DatabaseLostError,
    sqlite_url,
)
from tests.accounts.standins import CHEAP, Clock

GOOD = "a calm indigo morning"


@pytest.fixture
def held(accounts: Accounts, new_database_url: str):
    """Another program holds what a writer needs, for as long as the test likes."""
    accounts.people.sign_up("Ada", "", GOOD)
    token = accounts.people.log_in("Ada", GOOD)[1]
    if accounts.db.is_sqlite:
        with closing(sqlite3.connect(make_url(new_database_url).database or "")) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            yield accounts, token
            other.execute("ROLLBACK")
        return
    with psycopg.connect(new_database_url) as other:
        other.execute("LOCK TABLE people, sessions IN EXCLUSIVE MODE")
        yield accounts, token
        other.rollback()


def touch(accounts: Accounts) -> None:
    with accounts.db.write(wait_s=0.1) as session:
        session.execute(text("UPDATE people SET email = 'a@example.org'"))


def test_who_writes_is_told_that_somebody_else_does(held: tuple[Accounts, str]) -> None:
    accounts, _ = held
    with pytest.raises(DatabaseBusyError):
        touch(accounts)


@pytest.mark.slow
def test_who_looks_waits_for_nobody_who_writes(held: tuple[Accounts, str], clock: Clock) -> None:
    accounts, token = held
    clock.move(hours=2)  # it is time to note when this session was seen, which cannot be now
    ada = accounts.sessions.user_of(token)
    assert ada
    with ThreadPoolExecutor(20) as pool:
        writers = [pool.submit(accounts.people.delete, ada) for _ in range(20)]
        assert all(accounts.sessions.user_of(token) for _ in range(50))
        assert not any(writer.done() for writer in writers)
        for writer in writers:
            assert isinstance(writer.exception(), DatabaseBusyError)
    assert accounts.people.living()


def test_what_could_not_be_noted_is_noted_later(
    accounts: Accounts, new_database_url: str, clock: Clock
) -> None:
    if not accounts.db.is_sqlite:
        pytest.skip("the same for both")
    accounts.people.sign_up("Ada", "", GOOD)
    token = accounts.people.log_in("Ada", GOOD)[1]
    clock.move(days=13)
    with closing(sqlite3.connect(make_url(new_database_url).database or "")) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        assert accounts.sessions.user_of(token)
        other.execute("ROLLBACK")
    accounts.sessions.user_of(token)
    with accounts.db.read() as session:
        assert session.scalar(select(LoginSession.last_seen_at)) == clock.now


# --- a file that goes away -------------------------------------------------------------------


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    other = path.with_name("other")
    with closing(sqlite3.connect(other)) as made:
        made.execute("CREATE TABLE other (x)")
    other.replace(path)


@pytest.mark.parametrize("lose", [delete, replace])
def test_a_file_that_goes_away_is_noticed_and_nothing_is_acknowledged(
    tmp_path: Path, lose, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP)
    path = tmp_path / SQLITE_NAME
    ada, _ = accounts.people.sign_up("Ada", "", GOOD)
    assert accounts.people.profile(ada.id) is not None
    assert accounts.db.fault() is None
    kept = path.with_name("kept")
    os.link(path, kept)
    lose(path)
    for _ in range(2):
        with pytest.raises(DatabaseLostError):
            accounts.people.sign_up("Bea", "", GOOD)
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert str(path) in record.getMessage()
    assert accounts.db.fault() is not None
    assert accounts.people.profile(ada.id) is not None  # what is there can still be looked at
    assert path.exists() == (lose is replace)  # and nothing takes its place
    kept.replace(path)  # whoever runs the server has put it back
    assert accounts.db.fault() is None
    accounts.people.sign_up("Bea", "", GOOD)
    accounts.close()
    again = open_accounts(sqlite_url(tmp_path), CHEAP)
    assert len(again.people.living()) == 2
    again.close()


def test_a_file_that_goes_away_while_it_is_written_is_noticed(tmp_path: Path) -> None:
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP)

    def write() -> None:
        with accounts.db.write() as session:
            session.execute(text("DELETE FROM throttles"))
            (tmp_path / SQLITE_NAME).unlink()

    with pytest.raises(DatabaseLostError):
        write()
    accounts.close()


def test_no_new_connection_makes_a_database_anew(tmp_path: Path) -> None:
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP)
    accounts.people.sign_up("Ada", "", GOOD)
    (tmp_path / SQLITE_NAME).unlink()

    def look(_number: int) -> object:
        try:
            return len(accounts.people.living())
        except DatabaseLostError as error:
            return error.detail

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(50))) <= {1, "it was deleted"}
    assert not (tmp_path / SQLITE_NAME).exists()
    accounts.close()


# --- from the start --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "DATABASE_URL is no address of a database."),
        ("mysql://u:secret@h/d", "only SQLite and PostgreSQL are known here"),
        ("postgresql://u:secret@h:port/d", "DATABASE_URL"),
        ("postgresql+unknown://u:secret@h/d", "DATABASE_URL"),
        ("sqlite:////no/such/place/x.sqlite3", "/no/such/place/x.sqlite3 cannot be used"),
        ("sqlite:////", "cannot be used"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(url: str, told: str) -> None:
    with pytest.raises(settings.SettingsError) as caught:
        open_accounts(url, CHEAP)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_page_that_is_damaged_is_found_at_the_start(tmp_path: Path) -> None:
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP)
    for _ in range(100):
        accounts.guests.add(limits.GuestLimits(at_once=1000))
    accounts.close()
    path = tmp_path / SQLITE_NAME
    with closing(sqlite3.connect(path)) as inside:
        page = inside.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_people_email_key'"
        ).fetchone()[0]
        size = inside.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(settings.SettingsError, match="database disk image is malformed"):
        open_accounts(sqlite_url(tmp_path), CHEAP)


def test_a_table_that_is_missing_is_found_at_the_start(
    accounts: Accounts, new_database_url: str
) -> None:
    with accounts.db.write() as session:
        session.execute(text("DROP TABLE feedback"))
    with pytest.raises(settings.SettingsError, match=r"^The database .*cannot be used: .*feedback"):
        open_accounts(new_database_url, CHEAP)


def test_the_schema_of_a_later_release_is_one_sentence(
    accounts: Accounts, new_database_url: str
) -> None:
    with accounts.db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(settings.SettingsError, match="written by another release") as caught:
        open_accounts(new_database_url, CHEAP)
    assert "\n" not in str(caught.value)


def test_a_database_that_may_only_be_read_is_one_sentence(
    accounts: Accounts, new_database_url: str, tmp_path: Path
) -> None:
    name = make_url(new_database_url).database
    if accounts.db.is_sqlite:  # root may write any file; so it says of itself that it may not
        url = f"sqlite:///file:{name}?mode=ro&uri=true"
    else:
        read_only = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        with psycopg.connect(new_database_url, autocommit=True) as admin:
            admin.execute(read_only.encode())
        url = new_database_url
    with pytest.raises(settings.SettingsError, match=r"read-?\s?only") as caught:
        open_accounts(url, CHEAP)
    assert "\n" not in str(caught.value)
