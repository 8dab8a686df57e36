"""A machine of its own for the tests: whose home, settings and ports these are, they never meet."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Where the tests lie, and the repository.
TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent

# What changes GenreGenie or what it stands on, wherever it comes from; and what tests may be told.
SETTINGS = ("GENREGENIE_", "GRADIO_", "SPOTIPY_", "SPACE_", "DATABASE_URL", "DASK_", "MPL", "XDG_")
SETTINGS += ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
SETTINGS += ("SSL_CERT_", "AWS_")
KEPT = ("GENREGENIE_SHARED", "GENREGENIE_TEST_DATABASE_URL")

# Below what systems give away by themselves, so that nobody takes a port between our looking for
# one and its use.
PORTS = range(12_000, 32_000)
_taken: set[int] = set()


def move_in() -> Path:
    """Give this process, and all it starts, an empty home, empty caches and no settings.

    It comes before anything is imported that reads the environment once for all. What it gives is
    the folder of all that, to be removed at the end.
    """
    # Where pytest's folders are, also in a worker: sockets are made in ours, whose paths may not be
    # longer than 107 bytes.
    root = os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    home = Path(tempfile.mkdtemp(prefix="gg-", dir=root))
    home.chmod(0o711)  # PostgreSQL runs as somebody else and comes through here
    scratch = home / "tmp"
    scratch.mkdir()
    for name in list(os.environ):
        if name.startswith(SETTINGS) and name not in KEPT:
            del os.environ[name]
    # With one thread sums are the same to the last bit everywhere, and processes do not crowd.
    os.environ |= {"HOME": str(home), "OMP_NUM_THREADS": "1"} | dict.fromkeys(
        ("TMPDIR", "TEMP", "TMP"), str(scratch)
    )
    # Nobody is met here whom a certificate of the world vouches for, and each client of httpx would
    # read all of those first: as long as it takes to ask ten things.
    trusted = home / "certificates"
    trusted.mkdir()
    os.environ["SSL_CERT_DIR"] = str(trusted)
    tempfile.tempdir = None  # it is looked up once
    return home


def free_port() -> int:
    """A port that nobody listens on, another one each time."""
    luck = random.SystemRandom()  # two processes, whose tests are seeded alike, differ
    while True:
        port = luck.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _taken:
                _taken.add(port)
                return port


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """What is started meanwhile hears an interrupt.

    Under nohup, cron and many a CI runner SIGINT is ignored, and who is started inherits that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def start(*command: object, environment: Mapping[str, str] | None = None, **options: Any):
    """Start Python with these arguments, as a terminal would; gives the `subprocess.Popen`."""
    words = [sys.executable, *map(str, command)]
    with interruptible():
        return subprocess.Popen(words, env={**os.environ, **(environment or {})}, **options)


def run(*command: object, environment: Mapping[str, str] | None = None, **options: Any):
    """Run Python with these arguments to its end; gives the `subprocess.CompletedProcess`."""
    words = [sys.executable, *map(str, command)]
    options = {"capture_output": True, "text": True, "check": False} | options
    with interruptible():
        return subprocess.run(words, env={**os.environ, **(environment or {})}, **options)


def genregenie(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command the way people run it."""
    return run("-m", "genregenie", *arguments, environment=environment)
