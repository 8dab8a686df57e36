"""One family of errors: whoever catches `GenreGenieError` catches all that is raised on purpose."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import genregenie
from genregenie.common.errors import GenreGenieError
from genregenie.common.settings import SettingsError, server_port
from genregenie.storage.database import DatabaseError


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(genregenie.__path__, "genregenie."):
        if not found.name.startswith("genregenie.accounts.migrations"):  # Alembic runs these
            yield importlib.import_module(found.name)


def test_every_error_is_of_the_family():
    own = {
        thing
        for module in modules()
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Exception)
        and thing.__module__.startswith("genregenie.")
    }
    assert len(own) > 25  # the search found them
    # One has to pass through Gradio, which stops every other kind.
    others = {error.__name__ for error in own if not issubclass(error, GenreGenieError)}
    assert others == {"TooManyFilesError"}


def test_what_the_environment_got_wrong_is_one_of_them(monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_PORT", "many")
    with pytest.raises(GenreGenieError, match="must be a port number") as caught:
        server_port()
    assert type(caught.value) is SettingsError


def test_a_database_says_what_kind_of_failure_and_nothing_that_was_asked():
    error = DatabaseError(TimeoutError("SELECT secret FROM people"))
    assert str(error) == "The database cannot be used: TimeoutError"
    assert error.kind == "TimeoutError"
