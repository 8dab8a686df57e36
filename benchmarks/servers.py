"""The app as people start it, on this machine, for the benchmarks that ask it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx

from genregenie.accounts import open_accounts, sqlite_url

ROOT: Final = Path(__file__).resolve().parent.parent
PORT: Final = 7899
URL: Final = f"http://127.0.0.1:{PORT}"
PASSWORD: Final = "a calm indigo morning"  # noqa: S105


def sign_up(folder: Path, people: int) -> None:
    """Make accounts ``person0``, ``person1`` ... in a fresh database in `folder`."""
    accounts = open_accounts(sqlite_url(folder))
    with ThreadPoolExecutor(2) as pool:
        names = (f"person{n}" for n in range(people))
        list(pool.map(lambda name: accounts.people.sign_up(name, "", PASSWORD), names))
    accounts.close()


@contextlib.contextmanager
def server(folder: Path, **environment: str) -> Iterator[str]:
    """Run the app with its data in `folder`; gives its address."""
    settings = {"GENREGENIE_DATA_DIR": str(folder), "GRADIO_SERVER_PORT": str(PORT)}
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **settings, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(URL + "/healthz").status_code == 200:
                    break
            time.sleep(0.1)
        yield URL
    finally:
        process.terminate()
        process.wait()
