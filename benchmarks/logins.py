"""Many people logging in at once: how long they wait, and whether everybody else notices.

    python benchmarks/logins.py [--people 50]

Starts the server as people do (argon2id at its real cost, SQLite on disk) and asks it from this
process, on the same cores. Prints tables; asserts nothing.
"""

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from servers import PASSWORD, URL, server, sign_up

LIGHT = {"log-in page": "/login", "inside page (with a session)": "/app/theme.css"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=50)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as folder:
        sign_up(Path(folder), people)
        with server(Path(folder)):
            asyncio.run(_measure(people))


async def _measure(people: int) -> None:
    limits = httpx.Limits(max_connections=None)
    clients = [
        httpx.AsyncClient(base_url=URL, timeout=60, limits=limits) for _ in range(people + 2)
    ]
    observer, visitor = clients.pop(), clients.pop()
    tokens = [await _token(c) for c in clients]
    # One after the other first: what a log-in takes with nobody else there.
    alone = [await _timed(lambda: _log_in(observer, "person0", None)) for _ in range(10)]
    watchers = dict(zip(LIGHT, (visitor, observer), strict=True))
    idle = await _poll_while(watchers, asyncio.sleep(3))

    begun = time.perf_counter()
    rush = asyncio.gather(
        *(
            _timed(lambda c=c, n=n: _log_in(c, f"person{n}", tokens[n]))
            for n, c in enumerate(clients)
        )
    )
    busy = await _poll_while(watchers, rush)
    together, total = rush.result(), time.perf_counter() - begun

    print(f"\n{people} people logging in at once, {os.cpu_count()} cores, milliseconds\n")
    print("| what | n | median | p95 | longest | median, as a ratio |")
    print("|---|---|---|---|---|---|")
    _row("log-in, nobody else there", alone, alone)
    _row(f"log-in, {people} at once", together, alone)
    for name in LIGHT:
        _row(f"{name}, nobody logging in", idle[name], idle[name])
        _row(f"{name}, during the rush", busy[name], idle[name])
    one = statistics.median(alone)
    print(
        f"\nAll were in after {total:.2f} s: {people / total:.0f} a second, "
        f"{total / (people * one):.2f} of the time they would take one after the other."
    )
    for client in [observer, visitor, *clients]:
        await client.aclose()


async def _poll_while(
    watchers: dict[str, httpx.AsyncClient], work: Awaitable[object]
) -> dict[str, list[float]]:
    """Look at light pages again and again until the work is done; latencies by page."""
    times: dict[str, list[float]] = {name: [] for name in LIGHT}
    running = asyncio.ensure_future(work)
    while not running.done():
        for name, path in LIGHT.items():
            times[name].append(await _timed(lambda name=name, path=path: watchers[name].get(path)))
        await asyncio.sleep(0.02)
    await running
    return times


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


async def _token(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', (await client.get("/login")).text)
    if found is None:  # logged in already: the page of the session has a form as well
        found = re.search(r'name="token" value="([^"]+)"', (await client.get("/logout")).text)
    if found is None:
        raise SystemExit("The log-in page has no form.")
    return found[1]


async def _log_in(client: httpx.AsyncClient, name: str, token: str | None) -> None:
    fields = {"token": token or await _token(client), "username": name, "password": PASSWORD}
    answer = await client.post("/login", data=fields)
    if answer.status_code != 303:
        raise SystemExit(f"A log-in was answered with {answer.status_code}.")


def _row(name: str, times: list[float], base: list[float]) -> None:
    ordered = sorted(t * 1000 for t in times)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    ratio = statistics.median(times) / statistics.median(base)
    print(
        f"| {name} | {len(ordered)} | {statistics.median(ordered):.0f} | {p95:.0f} "
        f"| {ordered[-1]:.0f} | {ratio:.1f} |"
    )


if __name__ == "__main__":
    main()
