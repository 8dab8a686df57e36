import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.core import MIGRATIONS
from genregenie.accounts.tables import Base, LoginSession, Person
from genregenie.common import settings
from genregenie.storage.database import ConstraintError, Database, DatabaseError, sqlite_url
from tests.accounts.standins import CHEAP

GOOD = "a calm indigo morning"


def test_the_migrations_build_what_the_tables_say(database_url: str) -> None:
    db = Database(database_url)
    db.upgrade(MIGRATIONS)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    db.close()


def test_upgrading_again_changes_nothing(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    accounts.db.upgrade(MIGRATIONS)
    accounts.people.log_in("Ada", GOOD)


def test_every_table_of_what_people_have_hangs_on_them() -> None:
    for table in Base.metadata.sorted_tables:
        if table.name not in (
            *("people", "throttles", "audit", "invitations"),  # and what the storage keeps
            *("blobs", "registry"),
        ):
            (key,) = table.foreign_keys
            assert (key.column.table.name, key.ondelete) == ("people", "CASCADE")


def test_sqlite_is_set_up_for_safety(tmp_path: Path) -> None:
    accounts = open_accounts(sqlite_url(tmp_path / "new" / "folder"), CHEAP)
    accounts.people.sign_up("Ada", "", GOOD)
    with accounts.db.engine.connect() as connection:
        for pragma, value in (("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 2)):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5_000
    for file in (tmp_path / "new" / "folder").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    accounts.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_address_is_taken(scheme: str) -> None:
    db = Database(f"{scheme}://user:secret@db.example.org:5433/genre")
    assert db.url.drivername == "postgresql+psycopg"
    assert (db.url.host, db.url.port, db.url.database) == ("db.example.org", 5433, "genre")
    assert db.url.password == "secret"
    assert "secret" not in repr(db.engine)
    db.close()


def test_the_environment_names_the_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "a"))
    open_accounts(cost=CHEAP).close()
    assert (tmp_path / "a" / "genregenie.sqlite3").exists()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/b.sqlite3")
    open_accounts(cost=CHEAP).close()
    assert (tmp_path / "b.sqlite3").exists()
    monkeypatch.delenv("GENREGENIE_DATA_DIR")
    assert settings.data_dir().name == "genregenie"


def test_a_transaction_that_fails_leaves_nothing(accounts: Accounts) -> None:
    def fail() -> None:
        with accounts.db.write() as session:
            session.add(Person(name="x", name_key="x", created_at=accounts._core.clock()))
            session.flush()
            raise RuntimeError("in between")

    with pytest.raises(RuntimeError):
        fail()
    assert accounts.people.living() == set()


def test_what_fails_in_the_database_is_a_database_error(database_url: str) -> None:
    db = Database(database_url)
    db.upgrade(MIGRATIONS)
    with pytest.raises(DatabaseError) as caught, db.read() as session:
        session.execute(text("SELECT secret FROM nowhere"))
    assert str(caught.value) == f"The database cannot be used: {caught.value.kind}"
    assert "nowhere" in caught.value.detail
    with db.write() as session:
        session.execute(text("DELETE FROM throttles"))  # it goes on working
    row = text(
        "INSERT INTO sessions"
        " (person_id, token_hash, browser, created_at, last_seen_at, expires_at)"
        " VALUES (7, '', 'secret', '2026-01-01', '2026-01-01', '2026-01-01')"
    )
    with pytest.raises(ConstraintError) as refused, db.write() as session:
        session.execute(row)
    assert "secret" not in str(refused.value)
    db.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle7://u:secret@h/d", "sqlite:////no/such/place"])
def test_an_address_that_leads_nowhere_is_a_database_error(url: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        Database(url).upgrade(MIGRATIONS)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "my.sqlite3").write_bytes(b"a shopping list, and a long one" * 99)
    with pytest.raises(settings.SettingsError, match=r"my\.sqlite3 cannot be used: file is not a"):
        open_accounts(f"sqlite:///{tmp_path}/my.sqlite3")


def test_the_database_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/my.sqlite3"
    open_accounts(url, CHEAP).close()
    with sqlite3.connect(tmp_path / "my.sqlite3") as later:
        later.execute("UPDATE alembic_version SET version_num = '9999'")
    later.close()
    with pytest.raises(settings.SettingsError, match="written by another release"):
        open_accounts(url, CHEAP)
    with sqlite3.connect(tmp_path / "my.sqlite3") as later:
        assert later.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    later.close()


def test_sessions_go_with_the_person_in_the_database_itself(accounts: Accounts) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    accounts.people.log_in("Ada", GOOD)
    with accounts.db.write() as session:
        session.execute(Person.__table__.delete())
    with accounts.db.read() as session:
        assert session.scalars(select(LoginSession)).all() == []


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
def test_an_existing_data_folder_keeps_its_files(tmp_path: Path) -> None:
    first = open_accounts(sqlite_url(tmp_path), CHEAP)
    first.people.sign_up("Ada", "", GOOD)
    first.close()
    second = open_accounts(sqlite_url(tmp_path), CHEAP)
    second.people.log_in("Ada", GOOD)
    second.close()
