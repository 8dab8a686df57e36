"""The public interface: what it offers, what it costs to import, and that it stays apart."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import genregenie
from genregenie.common import settings


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import genregenie;"
        "genregenie.AudioError, genregenie.GenreGenieError, dir(genregenie);"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["genregenie"]


@pytest.mark.parametrize("name", genregenie.__all__)
def test_every_name_is_there_and_says_what_it_is(name):
    assert name in dir(genregenie)
    found = getattr(genregenie, name)
    if callable(found):
        assert found.__doc__
        assert found.__name__ == name


def test_no_name_is_also_a_submodule():
    modules = {module.name for module in pkgutil.iter_modules(genregenie.__path__)}
    assert len(modules) > 10
    assert not modules & {*genregenie.__all__, "load", "classify"}


def test_every_error_is_of_the_family():
    errors = [name for name in genregenie.__all__ if name.endswith("Error")]
    assert len(errors) == 5
    for name in errors:
        assert issubclass(getattr(genregenie, name), genregenie.GenreGenieError)


def test_a_name_that_there_is_not():
    with pytest.raises(AttributeError, match="no attribute 'clasify'"):
        genregenie.clasify  # noqa: B018


def test_the_types_travel_with_the_package():
    assert (Path(genregenie.__file__).parent / "py.typed").exists()


def test_a_classifier_to_keep_is_loaded_once(tmp_path):
    classifier = genregenie.load()
    assert genregenie.load() is classifier
    folder = settings.model_dir()
    assert genregenie.load(str(folder)) is genregenie.load(folder) is classifier
    with pytest.raises(genregenie.ModelError, match="no model"):
        genregenie.load(tmp_path)
