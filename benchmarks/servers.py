"""The app as people start it, on this machine, for the benchmarks that ask it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import httpx

from genregenie.accounts import Accounts, open_accounts, sqlite_url
from genregenie.accounts.passwords import Hasher

ROOT: Final = Path(__file__).resolve().parent.parent
PORT: Final = 7899
URL: Final = f"http://127.0.0.1:{PORT}"
PASSWORD: Final = "a calm indigo morning"  # noqa: S105


class OneHash(Hasher):
    """All have the same password here, which takes its time once."""

    hash = cache(Hasher.hash)


def sign_up(folder: Path, people: int) -> None:
    """Make accounts ``person0``, ``person1`` ... in a fresh database in `folder`."""
    opened = open_accounts(sqlite_url(folder))
    accounts = Accounts(opened.db, OneHash())
    for number in range(people):
        accounts.people.sign_up(f"person{number}", "", PASSWORD)
    opened.close()


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
