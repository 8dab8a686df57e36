"""Every command where little can be relied on: no home, no Unicode, folders of somebody else."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from genregenie.cli.main import main
from genregenie.common import resources
from tests import machine

pytestmark = pytest.mark.slow

EXAMPLE = resources.assets() / "examples/jazz.mp3"
NOTHING_KEPT = [
    ("classify", EXAMPLE),
    ("classify", "--json", EXAMPLE),
    ("recommend", "--offline", EXAMPLE),
    ("index", "music", "--output", "index"),
    ("spotify-features", "tracks.csv"),
    ("lab", "--list"),
    ("lab", "--cached"),
]
KEPT = [
    ("tag", "music"),
    ("tag", "music", "--write"),
    ("untag",),
    ("untag", "1"),
    ("users", "list"),
    ("backup", "copies"),
    ("feedback", "export", "answers.npz"),
    ("serve", "--port", "1"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with something for every command."""
    work = tmp_path / "work"
    (work / "music").mkdir(parents=True)
    shutil.copy(EXAMPLE, work / "music")
    (work / "tracks.csv").write_text("Track Name,Artist Name(s),Tempo,Energy\nRoller,Ana,174,0.9\n")
    monkeypatch.chdir(work)
    return work


@pytest.fixture(params=["below a file", "/proc", "a file"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home in which nobody can make anything, root neither."""
    file = tmp_path / "file"
    file.write_text("no folder")
    places = {"below a file": file / "home", "/proc": Path("/proc/nonexistent"), "a file": file}
    monkeypatch.setenv("HOME", str(places[request.param]))


@pytest.mark.parametrize("command", NOTHING_KEPT, ids=lambda c: " ".join(map(str, c[:2])))
def test_what_keeps_nothing_needs_no_home(
    command: tuple[object, ...], home: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(word) for word in command]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("command", KEPT, ids=lambda c: " ".join(map(str, c[:2])))
def test_what_keeps_something_names_the_variable_to_set(
    command: tuple[object, ...], home: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(word) for word in command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "GENREGENIE_DATA_DIR" in line


@pytest.mark.parametrize("command", KEPT, ids=lambda c: " ".join(map(str, c[:2])))
def test_so_does_what_finds_a_damaged_or_foreign_database(
    command: tuple[object, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    for name in ("genregenie.sqlite3", "library.sqlite3", "secret-key"):
        (tmp_path / "data" / name).mkdir(parents=True)  # what no right helps to open
    assert main([str(word) for word in command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "GENREGENIE_DATA_DIR" in line


def test_the_app_says_it_in_one_line(folder: Path) -> None:
    done = machine.run(resources.checkout() / "app.py", environment={"HOME": "/proc/nonexistent"})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "GENREGENIE_DATA_DIR" in line


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes on Linux alone")
def test_names_of_any_bytes_where_the_language_is_c(folder: Path) -> None:
    bare = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for name in ("Ünder é.mp3".encode(), b"odd\xff.mp3", "\u202eevil.mp3".encode()):
        shutil.copy(EXAMPLE, os.fsencode(folder / "music") + b"/" + name)
    code = "import os, sys; from genregenie.cli.main import main; sys.exit(main(sys.argv[1:]))"
    for words in (
        ("classify", *sorted((folder / "music").iterdir())),
        ("tag", "music", "--write", "--jobs", "1"),
        ("untag", "1"),
        ("index", "music", "--output", "index"),
    ):
        done = machine.run("-c", code, *words, environment=bare, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "taken/copies"),
        ("index", "music", "--output", "taken/index"),
        ("tag", "music", "--csv", "taken/table.csv"),
    ],
    ids=lambda c: c[0],
)
def test_where_nothing_can_be_written_the_place_is_named(
    command: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "taken").write_text("no folder")
    assert main(list(command)) == 1
    assert command[-1] in capsys.readouterr().err
