"""Whether what was acknowledged is still there after the server was killed in the middle of it.

    python benchmarks/durability.py [--rounds 1000] [--on one workers] [--database postgresql://...]

Each round: the app as people start it takes sign-ups and tokens from two clients, results, feedback
and audio from others, and is killed with signal 9 at a random moment. Then the database is opened
as after any start, and all that a client was told of has to be there. What nobody was told of may
be there as well: its answer was on the way. Prints how many there were, and ends with status 1 if
one was lost.

On one process each server is a fork of one that has loaded what takes long, and nothing is left
when it is killed. On two workers one is killed while the other goes on, and the supervisor replaces
it.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import sites
from load import music
from people import CutOffError, GoneError, Page, Person, RefusedError
from servers import PASSWORD

from genregenie.accounts import Accounts, open_accounts, sqlite_url
from genregenie.accounts.feedback import clip_key
from genregenie.web.saved_results import prediction_of
from tests.machine import free_port

LONGEST_S = 4.0
STARTS_WITHIN_S = 180
SETTLED_S = 10.0
"""A worker that dies sooner is replaced after a pause."""
KINDS = ("accounts", "tokens", "results", "feedback", "audio")
FAILED = (CutOffError, GoneError, RefusedError)
Told = dict[tuple[str, str], Callable[[Accounts], bool]]
"""What was acknowledged, by kind and name, and how to find it."""


class Clients:
    """Those who write, and what they were told.

    Parameters
    ----------
    url : str
    names : str
        What the names of all of them begin with.
    """

    def __init__(self, url: str, names: str) -> None:
        self.told: Told = {}
        self.has_begun = asyncio.Event()
        self._url = url
        self._names = names
        self._serial = 0
        self._tokens: dict[str, str] = {}
        self._music = music()

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Have all of them write, again and again, whatever becomes of the server."""
        work = (self._join, self._join, self._ask, self._keep)
        clients = [asyncio.create_task(self._again(each)) for each in work]
        try:
            yield
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    async def _again(self, work: Callable[[Person], Coroutine[Any, Any, None]]) -> None:
        person = None
        while True:
            try:
                if person is None:
                    person = await self._newcomer()
                await work(person)
                await person.close()
                person = None
            except FAILED:
                await asyncio.sleep(0.05)  # killed, or not there yet

    async def _newcomer(self) -> Person:
        self._serial += 1
        person = Person(self._url, f"{self._names}{self._serial}")
        try:
            await self._sign_up(person)
        except FAILED:
            await person.close()
            raise
        return person

    def _note(self, kind: str, name: str, is_there: Callable[[Accounts], bool]) -> None:
        self.told[kind, name] = is_there
        self.has_begun.set()

    async def _sign_up(self, person: Person) -> None:
        name = person.name
        fields = {"username": name, "email": "", "password": PASSWORD}
        await person.fill("/signup", "/signup", 200, **fields)
        self._note("accounts", name, lambda accounts: _number(accounts, name) is not None)

    async def _token(self, person: Person) -> str:
        if person.name in self._tokens:
            return self._tokens[person.name]
        fields = {"current": PASSWORD, "name": "Script", "days": "30"}
        fields |= {f"scope-{scope}": "on" for scope in ("classify", "history", "feedback")}
        shown = await person.fill("/account", "/account/tokens", 200, **fields)
        found = re.search(r'id="made"><code>([^<]+)<', shown)
        if found is None:
            raise CutOffError("no token")
        token = self._tokens[person.name] = found[1]
        self._note("tokens", token, lambda a: a.access_tokens.bearer_of(token) is not None)
        return token

    async def _join(self, person: Person) -> None:
        await self._token(person)

    async def _ask(self, person: Person) -> None:
        """A program: results, and what is said of them."""
        token = {"authorization": f"Bearer {await self._token(person)}"}
        while True:
            files = {"file": ("clip.wav", self._clip())}
            number = await person.call("/api/v1/classify?keep=true", 201, token, files=files)
            result = f"{person.name}/{number}"
            self._note("results", result, lambda a, n=number: _result(a, person.name, n))
            await person.call("/api/v1/feedback", 200, token, json={"id": number, "genre": "jazz"})
            self._note("feedback", result, lambda a, n=number: _feedback(a, person.name, n))

    async def _keep(self, person: Person) -> None:
        """A browser: audio."""
        page: Page = await person.config()
        await person.open(page)
        while True:
            name, clip = uuid.uuid4().hex, self._clip()
            path = await person.upload(f"{name}.wav", clip)
            await person.listen(page, path, lambda: None)
            if await person.keep_audio(page):
                is_there = lambda a, n=name, c=clip: _audio(a, person.name, n, c)  # noqa: E731
                self._note("audio", name, is_there)

    def _clip(self) -> bytes:
        """Music that nobody else has brought: a sample of it is another one."""
        self._serial += 1
        at = 44 + 2 * self._serial
        return self._music[:at] + bytes((self._serial % 251, 3)) + self._music[at + 2 :]


# --- what is there ---------------------------------------------------------------------------


def _number(accounts: Accounts, name: str) -> int | None:
    return next((p.id for p in accounts.admin.people(name) if p.name == name), None)


def _result(accounts: Accounts, name: str, number: int) -> bool:
    person = _number(accounts, name)
    return person is not None and accounts.results.open(person, number) is not None


def _feedback(accounts: Accounts, name: str, number: int) -> bool:
    person = _number(accounts, name)
    kept = accounts.results.open(person, number) if person is not None else None
    if kept is None:
        return False
    key = clip_key(prediction_of(kept.details).statistics.to_bytes())
    return accounts.feedback.genre_of(person, key) == "jazz"


def _audio(accounts: Accounts, name: str, title: str, clip: bytes) -> bool:
    person = _number(accounts, name)
    if person is None:
        return False
    for result in accounts.results.summaries(person):
        audio = accounts.results.audio(person, result.id)
        if result.name == title and audio is not None and audio.content == clip:
            return True
    return False


def lost(url: str, told: Told) -> list[tuple[str, str]]:
    """What was acknowledged and is not there, looked up as after a start."""
    accounts = open_accounts(url)
    try:
        return [name for name, is_there in told.items() if not is_there(accounts)]
    finally:
        accounts.close()


# --- rounds ----------------------------------------------------------------------------------


async def on_one(folder: Path, url: str, options: argparse.Namespace) -> tuple[Told, set[Any], int]:
    """Kill so many servers, each of which is the only one."""
    luck, port = random.Random(options.seed), free_port()  # noqa: S311
    clients = Clients(f"http://127.0.0.1:{port}", _names())
    rounds, gone = 0, set[Any]()
    environment = {**os.environ, **sites.settings(folder, port), "DATABASE_URL": url}
    command = [sys.executable, __file__, "--nursery"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as loaded:
        assert loaded.stdin is not None  # noqa: S101
        assert loaded.stdout is not None  # noqa: S101
        async with clients.at_work():
            while not _over(rounds, options):
                loaded.stdin.write("\n")
                loaded.stdin.flush()
                pid = int(await asyncio.to_thread(loaded.stdout.readline) or 0)
                if not pid:
                    raise RuntimeError("the servers cannot be loaded")
                try:
                    clients.has_begun.clear()
                    await asyncio.wait_for(clients.has_begun.wait(), STARTS_WITHIN_S)
                    await asyncio.sleep(luck.uniform(0.0, LONGEST_S))
                finally:
                    os.kill(pid, signal.SIGKILL)
                rounds += 1
                await asyncio.sleep(0.05)  # what was answered is read
                gone.update(await asyncio.to_thread(lost, url, dict(clients.told)))
        loaded.stdin.close()
    return clients.told, gone.union(lost(url, clients.told)), rounds


async def on_workers(
    folder: Path, url: str, options: argparse.Namespace
) -> tuple[Told, set[Any], int]:
    """Kill a worker, again and again, while the other one goes on."""
    luck, rounds, gone = random.Random(options.seed), 0, set[Any]()  # noqa: S311
    os.environ["DATABASE_URL"] = url
    with sites.workers(folder) as site:
        clients = Clients(site.url, _names())
        async with clients.at_work():
            await asyncio.wait_for(clients.has_begun.wait(), STARTS_WITHIN_S)
            since = dict.fromkeys(site.processes().values(), time.monotonic())
            while not _over(rounds, options):
                await asyncio.sleep(luck.uniform(0.0, LONGEST_S))
                processes = site.processes()
                for pid in processes.values():
                    since.setdefault(pid, time.monotonic())
                old = [n for n, p in processes.items() if time.monotonic() - since[p] > SETTLED_S]
                if len(processes) < 2 or not old:
                    continue
                site.kill(luck.choice(old))
                rounds += 1
                # What was told before the kill; more is told while this is looked up.
                gone.update(await asyncio.to_thread(lost, url, dict(clients.told)))
        for name in site.processes():
            site.kill(name)
    return clients.told, gone.union(lost(url, clients.told)), rounds + 1


WAYS = {"one": on_one, "workers": on_workers}
_began_s = time.monotonic()


def _names() -> str:
    """What nobody else's name begins with, in a database that is used again."""
    return f"r{uuid.uuid4().hex[:6]}x"


def _over(rounds: int, options: argparse.Namespace) -> bool:
    since_s = time.monotonic() - _began_s
    return rounds >= options.rounds or (options.seconds and since_s >= options.seconds)


def main() -> None:
    """Measure and print."""
    global _began_s
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seconds", type=float, help="stop after so long on each")
    parser.add_argument("--on", nargs="+", default=["one"], choices=WAYS)
    parser.add_argument("--database", help="by default SQLite in a folder that is removed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nursery", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nursery:
        nursery()
        return
    failed = False
    print("| on | rounds | lost | " + " | ".join(KINDS) + " |")
    print("|---" * (3 + len(KINDS)) + "|")
    for way in options.on:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            url = options.database or sqlite_url(folder).render_as_string(hide_password=False)
            _began_s = time.monotonic()
            told, gone, rounds = asyncio.run(WAYS[way](folder, url, options))
        counts = Counter(kind for kind, _ in told)
        each = " | ".join(str(counts[kind]) for kind in KINDS)
        print(f"| {way} | {rounds} | {len(gone)} | {each} |", flush=True)
        failed |= bool(gone)
    raise SystemExit(failed)


def nursery() -> None:
    """Load all that a server needs, and fork one for every line that comes."""
    import logging

    import uvicorn  # noqa: F401

    import genregenie.web.server
    import genregenie.web.ui.page  # noqa: F401
    from genregenie.web.startup import serve

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            serve(log_level=logging.CRITICAL)
        finally:
            os._exit(0)


if __name__ == "__main__":
    main()
