"""What ``genregenie completion`` prints, in real shells that a person types into."""

import contextlib
import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.machine import genregenie

PATIENCE_S = 60

# How a shell starts without anybody's settings, and how it reads the script.
SHELLS = {
    "bash": (("bash", "--norc", "--noprofile", "-i"), 'eval "$(cat {script})"'),
    "zsh": (
        ("zsh", "-f", "-i"),
        'autoload -Uz compinit; compinit -u -D; eval "$(cat {script})"',
    ),
}
TYPED = (
    ("genregenie spo", "spotify-features"),
    ("genregenie --quiet unt", "untag"),
    ("genregenie tag --mode rep", "replace"),
    ("genregenie users pro", "promote"),
    ("genregenie listen --list", "--list-devices"),
    ("genregenie check --js", "--json"),
    ("genregenie classify a", "song.wav"),
    ("genregenie index mu", "music"),
)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scripts")
    for shell in ("bash", "zsh", "fish"):
        done = genregenie("completion", shell)
        assert (done.returncode, done.stderr) == (0, "")
        (folder / shell).write_text(done.stdout)
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder in which each name is completed in one way only."""
    (tmp_path / "music").mkdir()
    (tmp_path / "mumble.txt").write_text("")
    (tmp_path / "a song.wav").write_text("")
    return tmp_path


class Typist:
    """A shell at a terminal."""

    def __init__(self, command: tuple[str, ...], place: Path) -> None:
        self._terminal, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=place,
            env={**os.environ, "TERM": "vt100"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self._terminal, text.encode())

    def wait_for(self, words: str) -> None:
        """Read until these are on the screen."""
        until = time.monotonic() + PATIENCE_S
        while words not in self.seen and time.monotonic() < until:
            if select.select([self._terminal], [], [], 0.2)[0]:
                self.seen += os.read(self._terminal, 10_000).decode(errors="replace")
        assert words in self.seen

    def leave(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_completes_what_was_typed(shell, scripts, place):
    command, setup = SHELLS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    typist = Typist(command, place)
    with contextlib.ExitStack() as stack:
        stack.callback(typist.leave)
        # The echo of the line is not its result: what is waited for is put together by the shell.
        typist.type(setup.format(script=scripts[shell]) + "; echo re''ady\n")
        typist.wait_for("ready")
        for line, completed in TYPED:
            typist.type(f"{line}\t")
            typist.wait_for(completed)
            assert "mumble" not in typist.seen  # where a folder is wanted
            typist.type("\x15")  # clears the line


def test_fish_offers_what_may_follow(scripts, place):
    if shutil.which("fish") is None:
        pytest.skip("needs fish")
    for line, completed in TYPED:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {scripts['fish']}; complete -C '{line}'"],
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        )
        assert completed in done.stdout
        assert "mumble" not in done.stdout  # where a folder is wanted


def test_another_shell_is_wrong_use():
    done = genregenie("completion", "csh")
    assert done.returncode == 2
    assert "bash" in done.stderr
