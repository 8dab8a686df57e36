"""nginx and Caddy on free ports of this machine, with the configurations of ``docs/servers.md``."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
import trustme

from tests.machine import ROOT

PAGE = ROOT / "docs" / "servers.md"
NAME = "music.example.org"
# Run by root, a web server would become somebody else by itself; here it is that from the start.
UNPRIVILEGED = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}


def configuration(language: str, heading: str = "") -> str:
    """The block of the page under a heading of the second level, and under one of the third."""
    name = {"nginx": "nginx", "caddy": "Caddy"}[language]
    chapter = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in chapter if part.startswith(f"{name}\n")]
    sections = {
        section.partition("\n")[0] if number else "": section
        for number, section in enumerate(re.split(r"^### ", text, flags=re.MULTILINE))
    }
    (block,) = re.findall(rf"```{language}\n(.*?)```", sections[heading], flags=re.DOTALL)
    return block


def with_addresses(text: str, changes: Mapping[str, str]) -> str:
    """A configuration for this machine; everything that is to change has to be there."""
    for there, here in changes.items():
        assert there in text, there
        text = text.replace(there, here)
    return text


class Certificate:
    """One for localhost that nobody in the world vouches for."""

    def __init__(self, folder: Path) -> None:
        made = trustme.CA().issue_cert("localhost")
        self.chain, self.key = folder / "localhost.pem", folder / "localhost.key"
        self.key.write_bytes(made.private_key_pem.bytes())
        self.chain.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="proxy-") as name:
        folder = Path(name)
        yield folder


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextlib.contextmanager
def nginx(*sites: tuple[int, str, Mapping[str, str]]) -> Iterator[None]:
    """Run nginx with sites: a port, a configuration, and what is at other addresses here."""
    program = _program("nginx")
    with _folder() as folder:
        certificate = Certificate(folder)
        written = [
            with_addresses(
                text,
                {
                    "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
                    f"/etc/ssl/{NAME}.pem": str(certificate.chain),
                    f"/etc/ssl/{NAME}.key": str(certificate.key),
                    **changes,
                },
            )
            for port, text, changes in sites
        ]
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log stderr notice; worker_processes 1;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{paths}\n{''.join(written)}}}\n"
        )
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        with _running(folder, command, [port for port, *_ in sites]):
            yield


@contextlib.contextmanager
def caddy(*sites: tuple[int, str, Mapping[str, str]]) -> Iterator[None]:
    """Run Caddy, as `nginx`; it is its own authority for certificates."""
    program = _program("caddy")
    with _folder() as folder:
        written = [
            with_addresses(text, {f"{NAME} {{": f"https://localhost:{port} {{", **changes})
            for port, text, changes in sites
        ]
        options = "admin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects"
        (folder / "Caddyfile").write_text(f"{{\n{options}\n}}\n{''.join(written)}")
        command = [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
        with _running(folder, command, [port for port, *_ in sites]):
            yield


@contextlib.contextmanager
def _running(folder: Path, command: list[str], ports: list[int]) -> Iterator[None]:
    if UNPRIVILEGED:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, **UNPRIVILEGED)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env=environment, cwd=folder, **UNPRIVILEGED
        )
        try:
            for port in ports:
                _wait_for(port, process, log)
            yield
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def visitor(url: str) -> httpx.Client:
    """A client that takes any certificate, and says what a browser says."""
    return httpx.Client(base_url=url, verify=False, timeout=30)  # noqa: S501
