"""Account tests run on SQLite and on PostgreSQL, with a clock that tests move by hand."""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from genregenie.accounts import Accounts, open_accounts
from genregenie.storage.database import sqlite_url
from tests import machine
from tests.accounts.standins import CHEAP, Clock
from tests.storage import s3

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server: the one given, else one of our own for the while."""
    given = os.environ.get("GENREGENIE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    initdb = shutil.which("initdb") or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), ""
    )
    if not initdb:
        pytest.skip("PostgreSQL is not installed and GENREGENIE_TEST_DATABASE_URL is not set")
    programs = Path(initdb).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="genregenie-pg-"))
    as_server: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        as_server = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")

    def run(program: str, *arguments: str) -> None:
        command = [*as_server, str(programs / program), *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "genregenie", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -k {folder} -c fsync=off -c max_connections=50"
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://genregenie@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def database_like(server: str, template: str = "template1") -> Iterator[str]:
    """A PostgreSQL database for a while, like another one; gives its address."""
    name = f"genregenie_test_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: str) -> Iterator[str]:
    """The name of a database that others are copied from, since making tables takes longer."""
    with database_like(postgres) as url:
        open_accounts(url, CHEAP).close()
        yield make_url(url).database or ""


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, for the same."""
    folder = tmp_path_factory.mktemp("with-tables")
    open_accounts(sqlite_url(folder), CHEAP).close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Of a database."""
    return str(request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if kind == "sqlite":
        yield sqlite_url(tmp_path / "data").render_as_string(hide_password=False)
        return
    with database_like(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def new_database_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[str]:
    """A database of each kind that has tables, and nothing in them."""
    with _with_tables(request, kind, tmp_path / "data") as url:
        yield url


@pytest.fixture
def other_database_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[str]:
    """The same, of the other kind."""
    other = "sqlite" if kind == "postgresql" else "postgresql"
    with _with_tables(request, other, tmp_path / "other") as url:
        yield url


@pytest.fixture
def third_database_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[str]:
    """And one more of the first kind."""
    with _with_tables(request, kind, tmp_path / "third") as url:
        yield url


@contextlib.contextmanager
def _with_tables(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_with_tables"), folder)
        yield sqlite_url(folder).render_as_string(hide_password=False)
        return
    server, template = map(request.getfixturevalue, ("postgres", "postgres_with_tables"))
    with database_like(server, template) as url:
        yield url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of a server that speaks S3."""
    with s3.s3_server() as address:
        yield address


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> s3.Bucket:
    """An empty one of it, and the keys to it in the environment."""
    for name, value in s3.KEYS.items():
        monkeypatch.setenv(name, value)
    return s3.new_bucket(s3_server)


@pytest.fixture
def free_port() -> int:
    """Nobody listens there."""
    return machine.free_port()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(new_database_url: str, clock: Clock) -> Iterator[Accounts]:
    """Accounts on a new database, with hashes that cost nothing."""
    opened = open_accounts(new_database_url, CHEAP, clock, clock.ticks)
    yield opened
    opened.close()
