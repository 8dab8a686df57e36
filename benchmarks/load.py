"""Many people at once, as they are: each logs in, opens the page, uploads a clip, reads, waits.

    python benchmarks/load.py [--people 20 100] [--idle 100] [--think-s 2] [--on one workers nginx]
    python benchmarks/load.py --people 20 --clips 3 --kill --on workers nginx

Starts the app as people do (gate, argon2id at its real cost, SQLite on disk) and asks it over real
HTTP from this process, on the same cores, so a machine of its own would be quicker. A person logs
in, opens the page, thinks, uploads ten seconds of music, waits for the verdict and for all else
that the page shows, and thinks again. Others have a page open and do nothing. Prints one table for
each number of people, with the medians as ratios to the first way to run it where there are
several; with ``--kill`` one of the processes is killed in the middle, and people whose page fails
try again. Asserts nothing, and ends with status 1 if anybody was lost: cut off, or answered without
a sentence, and after a kill whoever has no verdict in the end.
"""

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher
from people import CutOffError, GoneError, Page, Person, RefusedError, timed
from servers import PASSWORD, sign_up
from sites import WAYS, Site

from genregenie.accounts.passwords import AT_ONCE, HashCost
from genregenie.audio import RATE_HZ, AudioFile
from genregenie.audio.samples import as_wav
from genregenie.web.lanes import BUSY_WAIT_S
from genregenie.web.ui.examples import EXAMPLES

CLIP_S = 10
TRIES = 12
OPENED_AT_ONCE = 8
WANTED = ("log in", "open the page", "upload", "verdict", "the whole page")
Medians = dict[str, float]


@dataclass
class Outcomes:
    """What became of one kind of step."""

    took_s: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0


@dataclass
class Kill:
    """What became of people when a process was killed."""

    name: str = ""
    failed: int = 0
    reloads: int = 0
    with_a_verdict: int = 0
    there: set[str] = field(default_factory=set)
    noticed: dict[str, float] = field(default_factory=dict)
    again_s: list[float] = field(default_factory=list)


@dataclass
class Crowd:
    """Those who come at once, and what became of them."""

    site: Site
    page: Page
    options: argparse.Namespace
    clip: bytes
    steps: dict[str, Outcomes] = field(default_factory=dict)
    kill: Kill = field(default_factory=Kill)
    people: list[Person] = field(default_factory=list)
    began_s: float = 0.0
    in_s: float = 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--idle", type=int, default=100, help="pages that people only look at")
    parser.add_argument("--think-s", type=float, default=2.0)
    parser.add_argument("--clips", type=int, default=1, help="clips of each person")
    parser.add_argument("--on", nargs="+", default=["one"], choices=WAYS)
    parser.add_argument("--kill", action="store_true", help="kill one of the processes")
    options = parser.parse_args()
    if options.kill and "one" in options.on:
        parser.error("--kill needs --on workers or nginx: of one process nothing would be left")
    clip, lost = music(), 0
    with tempfile.TemporaryDirectory() as folder:
        sign_up(Path(folder), max(*options.people, 1))
        for people in options.people:
            base: Medians | None = None
            for way in options.on:
                with WAYS[way](Path(folder)) as site:
                    found, gone = asyncio.run(measure(site, way, people, options, clip, base))
                base, lost = base or found, lost + gone
                sys.stdout.flush()
    raise SystemExit(bool(lost))


def music() -> bytes:
    """Ten seconds of an example, as a WAV."""
    with AudioFile(EXAMPLES[0].path) as audio:
        blocks = [block for stretch in audio.stretches() for block in stretch.blocks]
    samples = np.concatenate(blocks)[: CLIP_S * RATE_HZ]
    return as_wav((32_767 * samples).astype(np.int16), RATE_HZ)


async def measure(
    site: Site,
    way: str,
    number: int,
    options: argparse.Namespace,
    clip: bytes,
    base: Medians | None,
) -> tuple[Medians, int]:
    """One table; gives medians, and how much was lost."""
    page, log_ins, hash_s = await alone(site.url)
    empty = site.megabytes()
    async with idle_pages(site.url, page, options.idle, number) as beats:
        with_idle = site.megabytes()
        crowd = Crowd(site, page, options, clip)
        watching = asyncio.create_task(watch(crowd))
        began = crowd.began_s = time.perf_counter()
        killing = asyncio.create_task(kill(crowd, number)) if options.kill else None
        await asyncio.gather(*(visit(n, crowd) for n in range(number)))
        took_s, most = time.perf_counter() - began, site.megabytes()
        for task in (watching, killing):
            if task is not None:
                task.cancel()
        ended = sum(beat.done() for beat in beats)
    load = os.getloadavg()[0]
    print(f"\n{number} people at once, {options.idle} more pages idle; on: {way}")
    print(
        f"{took_s:.0f} s in all, think time {options.think_s:g} s; {os.cpu_count()} cores, ", end=""
    )
    print(
        f"load {load:.1f}\n\n{log_ins}; all {number} were in after "
        f"{crowd.in_s:.1f} s, {crowd.in_s / number / hash_s:.1f} times what their hashes take\n"
    )
    found = table(crowd.steps, base)
    tracebacks = site.tracebacks()
    print(
        f"\nidle pages ended: {ended}; tracebacks in the log: {tracebacks}\n"
        f"memory: {empty:.0f} MB at first, {(with_idle - empty) / max(options.idle, 1):.2f} MB "
        f"an idle page, {(most - with_idle) / number:.2f} MB a person, {most:.0f} MB in all, "
        "workers that listen apart"
    )
    lost = sum(outcomes.lost for outcomes in crowd.steps.values()) + tracebacks
    if options.kill:
        lost += tell_of_kill(crowd, number)
    else:
        lost += ended
    return found, lost


async def alone(url: str) -> tuple[Page, str, float]:
    """Log-ins with nobody else there, beside what their hashes take.

    Gives the page, what is to be said, and how long each hash takes of so many at a time.
    """
    cost = HashCost()
    hasher = PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
    kept = hasher.hash(PASSWORD)
    hashes, log_ins = [], []
    for _ in range(10):
        began = time.perf_counter()
        hasher.verify(kept, PASSWORD)
        hashes.append(time.perf_counter() - began)
        person = Person(url, "person0")
        token = await person.form()
        log_ins.append(await timed(person.log_in(token)))
        page = await person.config()
        await person.close()
    one, of_ours = statistics.median(hashes), statistics.median(log_ins)
    told = f"argon2id alone {1e3 * one:.0f} ms, a log-in with nobody else there {1e3 * of_ours:.0f}"
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: hasher.verify(kept, PASSWORD), range(20)))
    each_s = (time.perf_counter() - began) / 20
    return page, f"{told} ms: {of_ours / one:.1f} times that", each_s


def table(steps: dict[str, Outcomes], base: Medians | None) -> Medians:
    """Print it; gives the medians."""
    more = ("| as a ratio ", "---|") if base else ("", "")
    print(f"| step | done | refused | lost | median, s | p95, s {more[0]}|")
    print(f"|---|---|---|---|---|---|{more[1]}")
    medians: Medians = {}
    for name in (*WANTED, *sorted(set(steps) - set(WANTED))):
        found = steps.get(name, Outcomes())
        ordered = sorted(found.took_s) or [float("nan")]
        medians[name] = statistics.median(ordered)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        told = f"{len(found.took_s)} | {found.refused} | {found.lost}"
        ratio = f"| {medians[name] / base.get(name, float('nan')):.2f} " if base else ""
        print(f"| {name} | {told} | {medians[name]:.2f} | {p95:.2f} {ratio}|")
    return medians


# --- people ----------------------------------------------------------------------------------


async def visit(number: int, crowd: Crowd) -> None:
    """One person, from the log-in to the last verdict."""
    luck, person = random.Random(number), Person(crowd.site.url, f"person{number}")  # noqa: S311
    think_s = crowd.options.think_s
    crowd.people.append(person)
    with contextlib.suppress(CutOffError, GoneError, RefusedError):
        await told_to_come_back(lambda: step(crowd, "log in", come_in(person)))
        crowd.in_s = time.perf_counter() - crowd.began_s
        await step(crowd, "open the page", person.open(crowd.page))
        judged = 0
        for _ in range(crowd.options.clips):
            await asyncio.sleep(luck.uniform(0.5, 1.5) * think_s)
            judged += await hear(person, crowd)
        crowd.kill.with_a_verdict += judged == crowd.options.clips
        await asyncio.sleep(luck.uniform(0.5, 1.5) * think_s)
    await person.close()


async def told_to_come_back(work: Callable[[], Awaitable[object]]) -> None:
    """Do it again where the answer is a sentence that says so."""
    for _ in range(TRIES):
        try:
            await work()
        except RefusedError:
            await asyncio.sleep(BUSY_WAIT_S)
        else:
            return
    raise RefusedError


async def come_in(person: Person) -> None:
    await person.log_in(await person.form())


async def hear(person: Person, crowd: Crowd) -> bool:
    """Upload a clip and wait for its verdict, again where a process was killed."""
    for tries in range(TRIES):
        try:
            if tries:  # which the page says, or does by itself
                crowd.kill.reloads += 1
                await person.open(crowd.page)
            path = await step(crowd, "upload", person.upload(f"{uuid.uuid4()}.wav", crowd.clip))
            await listen(person, crowd, path)
        except (CutOffError, GoneError, RefusedError):
            if not crowd.kill.name:
                raise
            crowd.kill.failed += 1
            crowd.kill.noticed.setdefault(person.name, time.perf_counter())
            await asyncio.sleep(1)
        else:
            return True
    return False


async def listen(person: Person, crowd: Crowd, path: object) -> None:
    began = time.perf_counter()

    def judged() -> None:
        now = time.perf_counter()
        crowd.steps.setdefault("verdict", Outcomes()).took_s.append(now - began)
        if person.name in crowd.kill.noticed:
            crowd.kill.again_s.append(now - crowd.kill.noticed.pop(person.name))

    await step(crowd, "the whole page", person.listen(crowd.page, str(path), judged))


async def step(crowd: Crowd, name: str, work) -> object:
    """The answer of a step, which is counted."""
    outcomes, began = crowd.steps.setdefault(name, Outcomes()), time.perf_counter()
    try:
        answer = await work
    except RefusedError:
        outcomes.refused += 1
        raise
    except (CutOffError, GoneError) as error:
        if not crowd.kill.name:
            outcomes.lost += 1
            print(f"lost at “{name}”: {type(error).__name__} {error}")
        raise
    outcomes.took_s.append(time.perf_counter() - began)
    return answer


@contextlib.asynccontextmanager
async def idle_pages(url: str, page: Page, number: int, people: int):
    """So many pages, of so many people, on which nobody does anything; gives their heartbeats."""
    turns, browsers = asyncio.Semaphore(OPENED_AT_ONCE), {}
    async with contextlib.AsyncExitStack() as stack:

        async def look(tab: int) -> asyncio.Task[None] | None:
            async with turns:
                name = f"person{tab % people}"
                person = Person(url, name, browsers.get(name))
                stack.push_async_callback(person.close)
                if name not in browsers:
                    await come_in(person)
                    browsers[name] = person.client.cookies
                await person.open(page)
                return person.beat

        yield await asyncio.gather(*(look(tab) for tab in range(number)))


async def watch(crowd: Crowd) -> None:
    """Ask for light pages all the while."""
    person = Person(crowd.site.url, "")
    while True:
        for path in ("/healthz", "/login"):
            with contextlib.suppress(CutOffError, GoneError, RefusedError):
                await step(crowd, f"{path}, meanwhile", person.see(path))
        await asyncio.sleep(0.25)


# --- a process is killed ---------------------------------------------------------------------


async def kill(crowd: Crowd, number: int) -> None:
    """Kill one of the processes when half of the people have their first verdict."""
    while len(crowd.steps.get("verdict", Outcomes()).took_s) < number / 2:
        await asyncio.sleep(0.05)
    name = max(crowd.site.processes())
    crowd.kill.there = {person.name for person in crowd.people if person.server == name}
    crowd.kill.name = name
    crowd.site.kill(name)


def tell_of_kill(crowd: Crowd, number: int) -> int:
    """Print what became of people; gives how many have no verdict in the end."""
    found, lost = crowd.kill, number - crowd.kill.with_a_verdict
    again = sorted(found.again_s) or [float("nan")]
    print(
        f"\nserver {found.name} was killed, with {len(found.there)} of {number} people on it: "
        f"{found.failed} requests failed, {len(found.again_s)} people noticed and tried again, "
        f"{found.reloads} loaded the page again; their next verdict came "
        f"{statistics.median(again):.1f} s later, {again[-1]:.1f} s at most; lost: {lost}"
    )
    return lost


if __name__ == "__main__":
    main()
