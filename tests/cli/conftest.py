"""People, a Spotify, tables and a way to run commands, for those that need them."""

from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from genregenie.cli.main import main
from tests.accounts.conftest import (  # noqa: F401
    accounts,
    clock,
    database_url,
    kind,
    new_database_url,
    postgres,
    postgres_with_tables,
    sqlite_with_tables,
)
from tests.lab.conftest import own_csv  # noqa: F401
from tests.spotify.conftest import server  # noqa: F401
from tests.tagging.conftest import run  # noqa: F401


@pytest.fixture
def here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> "Callable[..., CompletedProcess[str]]":
    """Run the command as `tests.machine.genregenie` does, but in this process, which costs less."""

    def genregenie(*arguments: object, **environment: str) -> "CompletedProcess[str]":
        words = list(map(str, arguments))
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                status: object = main(words)
            except SystemExit as stop:
                status = stop.code
        assert isinstance(status, int)
        return CompletedProcess(words, status, *capsys.readouterr())

    return genregenie
