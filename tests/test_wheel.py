"""The wheel: installed where there is no checkout, it does what the checkout does."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from genregenie.common import resources
from tests import containers, machine
from tests.sounds import encode, noise

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def clean(**more: str) -> dict[str, str]:
    """An environment that leads nobody back to the checkout."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | more


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout; what its builder needs is among what the tests stand on."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    command += ["--no-index", "--wheel-dir", str(folder), str(machine.ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, env=clean())
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("genregenie-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has the wheel.

    What the wheel asks for is read where the tests have it, without what points to the checkout:
    a line in a ``.pth`` names a folder, and the ``.pth`` files in that folder are not looked at.
    """
    return install(wheel, tmp_path_factory.mktemp("environment"))


def install(wheel: Path, folder: Path) -> Path:
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    command += ["--no-deps", "--no-index", "--no-compile", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, env=clean())
    assert done.returncode == 0, done.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another working folder, with a song in it."""
    music = tmp_path / "music"
    music.mkdir()
    (music / "song.mp3").write_bytes((resources.assets() / "examples/jazz.mp3").read_bytes())
    (music / "noise.wav").write_bytes(encode(noise(3.0)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def genregenie(installed: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [installed / "genregenie", *arguments], capture_output=True, text=True, env=clean()
    )


def test_it_holds_what_belongs_to_it_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tracked = subprocess.run(
        ["git", "ls-files", "genregenie", "assets", "docs", "models"],
        cwd=machine.ROOT,
        capture_output=True,
        text=True,
    )
    if tracked.returncode == 0:
        wanted = {
            name if name.startswith("genregenie/") else f"genregenie/resources/{name}"
            for name in tracked.stdout.splitlines()
        }
        assert {name for name in wanted if name not in names} == set()
    assert not [name for name in names if "with-feedback" in name or "/tests/" in name]
    inside = [name for name in names if ".dist-info/" not in name]
    assert all(name.startswith("genregenie/") for name in inside)
    # What is carried besides the package is data: a script would be run by nobody there.
    assert not [n for n in inside if n.startswith("genregenie/resources/") and n.endswith(".py")]


def test_it_is_the_wheel_that_runs(installed: Path, elsewhere: Path) -> None:
    code = (
        "import genregenie; from genregenie.common import resources, settings\n"
        "print(genregenie.__file__, resources.checkout(), resources.models(), sep='\\n')\n"
        "print(settings.trained_dir(), settings.model_dir(), sep='\\n')"
    )
    done = subprocess.run(
        [installed / "python", "-c", code], capture_output=True, text=True, env=clean(), check=True
    )
    package, checkout, models, trained, model = done.stdout.splitlines()
    assert Path(package).is_relative_to(installed.parent)
    assert checkout == "None"
    assert Path(models).is_relative_to(installed.parent)
    assert trained == str(elsewhere / "data" / "models"), "nothing is written among packages"
    assert model == str(Path(models) / "gtzan")


def test_commands(installed: Path, elsewhere: Path) -> None:
    heard = genregenie(installed, "classify", "--json", "music")
    assert heard.returncode == 0, heard.stderr
    by_name = {Path(found["file"]).name: found for found in json.loads(heard.stdout)}
    assert by_name["song.mp3"]["genre"] == "jazz"
    assert by_name["noise.wav"]["verdict"] == "not music"
    assert by_name["song.mp3"]["neighbours"]

    tagged = genregenie(installed, "tag", "music", "--write", "--html", "report.html")
    assert tagged.returncode == 0, tagged.stderr
    assert "<table" in (elsewhere / "report.html").read_text()
    assert (elsewhere / "data" / "library.sqlite3").exists()

    lab = genregenie(installed, "lab", "--cached")
    assert lab.returncode == 0, lab.stderr
    assert "published" in lab.stdout
    assert "0.1" in genregenie(installed, "--version").stdout


@pytest.fixture
def app(installed: Path, elsewhere: Path) -> Iterator[str]:
    """The address of the app, served from the wheel."""
    port = machine.free_port()
    log = elsewhere / "log"
    command = [installed / "genregenie", "serve", "--port", str(port)]
    with log.open("wb") as file, machine.interruptible():
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env=clean(GENREGENIE_GATE="off")
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                if httpx.get(url + "/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def test_the_app(app: str, installed: Path) -> None:
    with httpx.Client(base_url=app, timeout=30) as browser:
        assert browser.get("/healthz").status_code == 200
        guide = browser.get("/guide")
        assert guide.status_code == 200
        assert "/guide/images/listen.png" in guide.text
        assert browser.get("/guide/images/listen.png").content.startswith(b"\x89PNG")
        assert browser.get("/app/").status_code == 200
        (song,) = installed.parent.glob("lib/python*/site-packages/**/examples/jazz.mp3")
        clip = browser.get(f"/app/gradio_api/file={song}")
        assert clip.status_code == 200
        assert clip.content == (resources.assets() / "examples/jazz.mp3").read_bytes()


def test_it_runs_as_in_a_container(wheel: Path, tmp_path: Path) -> None:
    """As somebody without a home or a right, who can write into two folders alone."""
    port = machine.free_port()
    programs = install(wheel, tmp_path / "app")
    variables = containers.environment()
    written = [variables["GENREGENIE_DATA_DIR"], variables["TMPDIR"]]
    for folder in written:
        (tmp_path / folder.strip("/")).mkdir()
    for name, value in variables.items():
        if value in written:
            variables[name] = str(tmp_path / value.strip("/"))
    options: Any = {
        "env": variables
        | {"HOME": str(tmp_path / "app" / "nobody"), "PATH": f"{programs}:/usr/bin:/bin"},
        "cwd": "/",
    }
    command, check = (
        [*_NO_RIGHTS, *(word.replace(containers.PORT, str(port)) for word in words)]
        for words in (containers.command(), containers.health_check())
    )
    before = _read_only(tmp_path / "app")
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, **options)
    try:
        while subprocess.run(check, stderr=subprocess.DEVNULL, **options).returncode:
            assert process.poll() is None, log.read_text()
        # The front door shows what a clip is, so one has been heard.
        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=60).status_code == 200
    finally:
        process.terminate()
        process.wait(30)
    assert "Traceback" not in log.read_text()
    assert "Shutting down" in log.read_text()
    assert _read_only(tmp_path / "app") == before
    assert {path.name for path in tmp_path.iterdir()} == {"app", "data", "tmp", "log"}
    assert (tmp_path / "data" / "secret-key").exists()


# Root without its rights can read what is root's, and write what says that its owner may.
_NO_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
if os.geteuid() != 0 or shutil.which(_NO_RIGHTS[0]) is None:
    _NO_RIGHTS = []


def _read_only(folder: Path) -> dict[Path, float]:
    """What is in a folder, and when it was written; from now on nobody can."""
    found = {path: path.lstat().st_mtime for path in (folder, *folder.rglob("*"))}
    for path in found:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    return found
