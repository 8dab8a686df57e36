"""Whether what was acknowledged is still there after the server was killed in the middle of it.

    python benchmarks/durability.py [--rounds 1000] [--database postgresql://...]

Each round: the app (gate, portal, accounts; real sockets) takes sign-ups from four clients at once,
and is killed with signal 9 at a random moment. Then the database is opened as after any start, and
every account that a client was told of has to be there. One that nobody was told of may be there as
well: its answer was on the way. Prints how many there were, and ends with status 1 if one was lost.

All that takes long to load is loaded once, and each server is a fork of that; passwords are hashed
cheaply, so that the time goes into writes.
"""

import argparse
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from genregenie.accounts import open_accounts, sqlite_url
from genregenie.accounts.passwords import HashCost
from genregenie.common.limits import SignupRules

CLIENTS = 4
LONGEST_S = 1.5
ENOUGH = 10_000_000
CHEAP = HashCost(memory_kib=16, passes=1)
PASSWORD = "a calm indigo morning"  # noqa: S105
HTML = {"accept": "text/html", "sec-fetch-site": "same-origin"}


@dataclass
class Count:
    """What came of all rounds."""

    rounds: int = 0
    told: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    untold: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--database", help="by default SQLite in a folder that is removed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nursery", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nursery is not None:
        nursery(options.database, options.nursery)
        return
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or sqlite_url(Path(folder)).render_as_string(hide_password=False)
        count = measure(url, options.rounds, options.seed)
    print("| rounds | acknowledged | lost | written and not acknowledged |")
    print("|---|---|---|---|")
    print(f"| {count.rounds} | {len(count.told)} | {len(count.lost)} | {count.untold} |")
    raise SystemExit(bool(count.lost))


def measure(url: str, rounds: int, seed: int = 1) -> Count:
    """Kill so many servers on this database.

    Raises
    ------
    RuntimeError
        If a server does not come up.
    """
    luck, count = random.Random(seed), Count()  # noqa: S311
    before = names(url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, __file__, "--database", url, "--nursery", str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as loaded:
        assert loaded.stdin is not None  # noqa: S101
        assert loaded.stdout is not None  # noqa: S101
        for number in range(rounds):
            loaded.stdin.write("\n")
            loaded.stdin.flush()
            pid = int(loaded.stdout.readline() or 0)
            if not pid:
                raise RuntimeError("the servers cannot be loaded")
            delay_s = luck.uniform(0.0, LONGEST_S)
            count.told |= one_round(f"http://127.0.0.1:{port}", pid, number, delay_s)
            count.rounds += 1
            count.lost |= count.told - names(url)
        loaded.stdin.close()
    count.untold = len(names(url) - before - count.told)
    return count


def one_round(address: str, pid: int, number: int, delay_s: float) -> set[str]:
    """What clients were told of before a server was killed."""
    told: set[str] = set()
    stop, first = threading.Event(), threading.Event()
    clients = [
        threading.Thread(
            target=write, args=(address, f"r{number}c{client}", stop, first, told), daemon=True
        )
        for client in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    came = first.wait(60)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    stop.set()
    for client in clients:
        client.join(30)
    if not came:
        raise RuntimeError("a server did not come up")
    return told


def write(
    address: str, prefix: str, stop: threading.Event, first: threading.Event, told: set[str]
) -> None:
    """Sign up, again and again, and note what was acknowledged."""
    serial = 0
    while not stop.is_set():
        name = f"{prefix}n{serial}"
        serial += 1
        try:
            with httpx.Client(base_url=address, timeout=10) as client:
                form = client.get("/signup", headers=HTML).text
                found = re.search(r'name="token" value="([^"]+)"', form)
                if found is None:
                    continue
                fields = {"token": found[1], "username": name, "email": "", "password": PASSWORD}
                answer = client.post("/signup", data=fields, headers=HTML)
        except httpx.TransportError:
            time.sleep(0.02)  # killed, or not there yet
            continue
        if answer.status_code == 200:
            told.add(name)
            first.set()


def names(url: str) -> set[str]:
    """Who has an account, looked up as after a start."""
    accounts = open_accounts(url, CHEAP)
    found = {person.name for person in accounts.admin.people()}
    accounts.close()
    return found


def nursery(url: str, port: int) -> None:
    """Load all that a server needs, and fork one for every line that comes."""
    import gradio as gr
    import uvicorn

    from genregenie.web.config import WebConfig
    from genregenie.web.server import create_app

    def page() -> gr.Blocks:
        with gr.Blocks(analytics_enabled=False) as blocks:
            gr.Markdown("A page")
        return blocks

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        config = WebConfig(signup=SignupRules(an_hour=ENOUGH))
        app = create_app(page, config, open_accounts(url, CHEAP))
        uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="off")).run()
        os._exit(0)


if __name__ == "__main__":
    main()
