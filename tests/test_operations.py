"""The commands in the pages for whoever runs GenreGenie for others do what they say."""

import contextlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from genregenie.accounts import open_accounts
from genregenie.accounts.results import Audio, Result
from genregenie.cli.main import main
from tests import machine, warm
from tests.accounts.standins import CHEAP

GOOD = "a calm indigo morning"
# A server that has ended cleanly says by which signal it was told.
STOPPED = (0, -signal.SIGTERM)


def commands(page: str, section: str) -> list[str]:
    """What stands in the blocks of a section, without remarks."""
    text = (machine.ROOT / "docs" / page).read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    lines = re.findall(r"^    (\S.*)$", body, re.MULTILINE)
    return [line.split("  #")[0].strip() for line in lines]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with something in it."""
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    accounts = open_accounts(cost=CHEAP)
    for name in ("NAME", "Ada"):
        accounts.people.sign_up(name, "", GOOD)
    number = accounts.results.keep(2, Result("Song", "jazz", "confident", 0.9, 3.0, "{}"))
    assert number is not None
    accounts.results.keep_audio(2, number, Audio(b"sound", ".mp3"))
    accounts.close()
    return tmp_path / "data"


@pytest.mark.slow
def test_backups(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    done = []
    for line in commands("operations.md", "Backups"):
        if line.startswith("17 3 * * *"):  # cron's, which has no terminal to ask at
            words = line.removeprefix("17 3 * * *").replace(
                "genregenie", f"{sys.executable} -m genregenie"
            )
            nightly = subprocess.run(
                ["bash", "-c", at(words, tmp_path)], capture_output=True, text=True
            )
            assert (nightly.returncode, nightly.stderr) == (0, "")
            assert "as they were written" in nightly.stdout
            continue
        if line == "genregenie restore /srv/backups":
            monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "new"))
        _, *words = shlex.split(at(line, tmp_path))
        assert main(words) == 0, capsys.readouterr().err
        done.append(words[0])
    assert done == ["backup", "backup", "verify", "restore", "restore"]
    copy = open_accounts(cost=CHEAP)
    assert copy.results.audio(2, 1) == Audio(b"sound", ".mp3")
    copy.close()
    if shutil.which("sha256sum"):
        newest = max((tmp_path / "backups").glob("2*"))
        subprocess.run(
            ["sha256sum", "--check", "SHA256SUMS"], cwd=newest, check=True, capture_output=True
        )


def at(line: str, folder: Path) -> str:
    return line.replace("/srv/backups", str(folder / "backups"))


@pytest.mark.parametrize("section", ["Who there is", "Making an account"])
def test_what_security_names(section: str, data: Path) -> None:
    page = (machine.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    inline = re.findall(r"`(genregenie users \w+ NAME)`", page)
    assert inline
    for line in [*commands("security.md", section), *(inline if section == "Who there is" else [])]:
        _, *words = shlex.split(line)
        assert main(words) == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_one_sitting(data: Path, tmp_path: Path) -> None:
    port = machine.free_port()
    asked = []
    process: subprocess.Popen[bytes] | None = None
    with contextlib.ExitStack() as stack:
        for line in commands("operations.md", "In one sitting"):
            words = at(line, tmp_path).replace("7860", str(port)).replace("0.0.0.0", "127.0.0.1")  # noqa: S104
            if words == "make run":  # the same app, from a checkout
                words = f"genregenie serve --host 127.0.0.1 --port {port}"
            if "serve" in words and process is None:
                process = stack.enter_context(started(words.split()[1:], tmp_path / "log"))
                wait_for(f"http://127.0.0.1:{port}/healthz", process)
                continue
            assert process is not None
            if words.startswith("GENREGENIE_LOG=json genregenie serve"):
                other = {"GENREGENIE_LOG": "json", "GRADIO_SERVER_PORT": str(machine.free_port())}
                with started(["serve"], tmp_path / "json", other) as second:
                    wait_for(f"http://127.0.0.1:{other['GRADIO_SERVER_PORT']}/healthz", second)
                    second.send_signal(signal.SIGTERM)
                    assert second.wait(30) in STOPPED
                assert b'{"time"' in (tmp_path / "json").read_bytes()
                continue
            done = in_a_shell(words.replace("PID", str(process.pid)))
            assert done.returncode == 0, (line, done.stderr)
            asked.append(line.split()[0])
        assert process is not None
        assert process.wait(30) in STOPPED
    assert asked == ["curl"] * 3 + ["genregenie"] * 3 + ["kill"]


def in_a_shell(words: str) -> "subprocess.CompletedProcess[str]":
    words = words.replace("genregenie", f"{sys.executable} -m genregenie")
    return subprocess.run(["bash", "-c", words], capture_output=True, text=True)


@contextlib.contextmanager
def started(
    words: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[warm.Started]:
    with log.open("wb") as output:
        process = warm.start(
            "-m", "genregenie", *words, environment=environment or {}, output=output
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(address: str, process: warm.Started) -> None:
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address).status_code == 200:
                return
        assert process.poll() is None
        time.sleep(0.1)
    pytest.fail("the server did not come up")
