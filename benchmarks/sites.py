"""The ways to run it that are compared: one process, two of one machine, two behind nginx."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from servers import ROOT

from tests.machine import free_port
from tests.web import proxies

# All who come here come from one address, which is more than an address may have.
ROOM: Final = {
    "GENREGENIE_CONNECTIONS": "20000",
    "GENREGENIE_CONNECTIONS_AN_ADDRESS": "10000",
    "GENREGENIE_SIGNUPS_AN_HOUR": "100000",
}


@dataclass
class Site:
    """Something that runs: its address, what was started, and what that writes."""

    url: str
    started: dict[str, subprocess.Popen[bytes]]
    logs: list[Path]

    def processes(self) -> dict[str, int]:
        """The processes that serve, by name."""
        found = {n: process.pid for n, process in self.started.items() if process.poll() is None}
        for name, process in self.started.items():
            workers = dict(_workers(process.pid))
            if workers:
                found.pop(name, None)
                found |= workers
        return found

    def megabytes(self) -> float:
        """Memory of all that serve, without those that listen to clips."""
        return sum(_megabytes(pid) for pid in self.processes().values())

    def tracebacks(self) -> int:
        """How often something was not foreseen."""
        return sum(log.read_text(encoding="utf-8").count("Traceback") for log in self.logs)

    def kill(self, name: str) -> None:
        """End a process that serves, as a machine would end it."""
        os.kill(self.processes()[name], signal.SIGKILL)


@contextlib.contextmanager
def one(folder: Path) -> Iterator[Site]:
    """One process."""
    with _started(folder, {"": ()}) as site:
        yield site


@contextlib.contextmanager
def workers(folder: Path) -> Iterator[Site]:
    """Two processes that take turns at one port."""
    with _started(folder, {"": ("--workers", "2")}) as site:
        for _ in range(600):
            if len(site.processes()) == 2 and all(map(_is_ready, site.processes().values())):
                break
            time.sleep(0.1)
        yield site


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Site]:
    """Two servers on one database, behind nginx as ``docs/servers.md`` sets it up."""
    with _started(folder, {"a": (), "b": ()}) as site:
        port = free_port()
        ports = [urls.rpartition(":")[2] for urls in site.url.split()]
        here = {f"127.0.0.1:786{n}": f"127.0.0.1:{p}" for n, p in enumerate(ports, 1)}
        with proxies.nginx((port, proxies.configuration("nginx", "Two servers"), here)):
            yield Site(f"https://localhost:{port}", site.started, site.logs)


WAYS: Final = {"one": one, "workers": workers, "nginx": nginx}


def settings(folder: Path, port: int) -> dict[str, str]:
    """The environment of a server that many come to."""
    own = {"GENREGENIE_DATA_DIR": str(folder), "GRADIO_SERVER_PORT": str(port)}
    return {"GENREGENIE_GATE": "on", **own, **ROOM}


@contextlib.contextmanager
def _started(folder: Path, wanted: dict[str, tuple[str, ...]]) -> Iterator[Site]:
    site = Site("", {}, [])
    try:
        for name, arguments in wanted.items():
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            more = {"GENREGENIE_TRUSTED_PROXIES": "127.0.0.1", "GENREGENIE_SERVER_NAME": name}
            more["GENREGENIE_SERVER_ADDRESS"] = url
            given = settings(folder, port) | (more if name else {})
            log = folder / f"log-{port}"
            with log.open("wb") as file:
                site.started[name] = subprocess.Popen(
                    [sys.executable, "-m", "genregenie", "serve", *arguments],
                    cwd=ROOT,
                    env={**os.environ, **given},
                    stdout=file,
                    stderr=file,
                )
            site.logs.append(log)
            site.url = f"{site.url} {url}".strip()
        for url in site.url.split():
            _wait_for(url, site)
        yield site
    finally:
        for process in site.started.values():
            process.terminate()
        for process in site.started.values():
            process.wait()


def _wait_for(url: str, site: Site) -> None:
    for _ in range(900):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url + "/healthz").status_code == 200:
                return
        if any(process.poll() is not None for process in site.started.values()):
            break
        time.sleep(0.1)
    raise SystemExit("\n".join(log.read_text(encoding="utf-8") for log in site.logs))


def _workers(pid: int) -> Iterator[tuple[str, int]]:
    """The processes that a supervisor has started."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                if b"genregenie.web.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    variables = Path(f"/proc/{child}/environ").read_text().split("\0")
                    (name,) = [v[23:] for v in variables if v.startswith("GENREGENIE_SERVER_NAME=")]
                    yield name, int(child)


def _is_ready(pid: int) -> bool:
    """Whether it has loaded what it needs: only then has it begun to listen for the others."""
    with contextlib.suppress(OSError):
        return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()) > 0
    return False


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    # One that has ended, and whose end nobody has noticed yet, has none.
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1e3
