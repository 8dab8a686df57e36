"""What open pages cost that nobody does anything on, and whether it is given back.

    python benchmarks/idle.py [--pages 1000] [--rounds 3]

Starts the app as people do, opens pages for some accounts as a browser does (the page, its first
events, a heartbeat that stays), closes all of them, and waits. Prints a table of the memory of the
server's process, without that of its workers. The first round also warms up threads and caches.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
from servers import PASSWORD, URL, server, sign_up

API = f"{URL}/app/gradio_api"
PEOPLE = 10
AT_ONCE = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kept-s", default="20", help="how long a page that was left is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sign_up(Path(folder), PEOPLE)
        with server(Path(folder), GENREGENIE_PAGE_SECONDS=options.kept_s):
            for _ in range(options.rounds):
                asyncio.run(measure(options.pages, float(options.kept_s)))


async def measure(pages: int, kept_s: float) -> None:
    pid = server_process()
    browsers = [await log_in(number) for number in range(PEOPLE)]
    config = (await browsers[0].get("/app/config")).json()
    loads = [d for d in config["dependencies"] if any(t[1] == "load" for t in d["targets"])]
    first = megabytes(pid)
    leave = asyncio.Event()
    turns = asyncio.Semaphore(AT_ONCE)
    is_open = [asyncio.Event() for _ in range(pages)]
    left = [
        asyncio.create_task(page(browsers[n % PEOPLE], loads, turns, is_open[n], leave))
        for n in range(pages)
    ]
    for opened in is_open:
        await opened.wait()
    most = megabytes(pid)
    leave.set()
    await asyncio.gather(*left)
    await asyncio.sleep(kept_s + 10)
    last = megabytes(pid)
    began = time.perf_counter()
    await browsers[0].get("/healthz")
    answered_s = time.perf_counter() - began
    print(f"\n{pages} pages, {PEOPLE} people, {os.cpu_count()} cores\n")
    print("| | MB | more | a page, kB |")
    print("|---|---|---|---|")
    for name, now in (("none", first), ("all open", most), ("all left", last)):
        print(f"| {name} | {now:.0f} | {now - first:+.0f} | {(now - first) * 1e3 / pages:.0f} |")
    print(f"\n/healthz then: {1e3 * answered_s:.0f} ms")


def server_process() -> int:
    """The one that this process has started."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return next(int(c) for c in children if "app.py" in Path(f"/proc/{c}/cmdline").read_text())


def megabytes(pid: int) -> float:
    """Memory that a process has."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1e3


async def log_in(number: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    browser = httpx.AsyncClient(base_url=URL, timeout=60, limits=limits)
    form = await browser.get("/login", headers={"accept": "text/html"})
    token = form.text.split('name="token" value="')[1].split('"')[0]
    fields = {"token": token, "username": f"person{number}", "password": PASSWORD}
    await browser.post("/login", data=fields)
    return browser


async def page(
    browser: httpx.AsyncClient,
    loads: list[dict[str, Any]],
    turns: asyncio.Semaphore,
    is_open: asyncio.Event,
    leave: asyncio.Event,
) -> None:
    name = uuid.uuid4().hex[:12]
    async with turns:
        await browser.get("/app/", headers={"accept": "text/html"})
        for handler in loads:
            values = [None] * len(handler["inputs"])
            body = {"data": values, "fn_index": handler["id"], "session_hash": name}
            answer = await browser.post(f"{API}/queue/join", json=body)
            answer.raise_for_status()
        async with browser.stream("GET", f"{API}/queue/data?session_hash={name}") as events:
            async for line in events.aiter_lines():
                if line.startswith("data: ") and json.loads(line[6:])["msg"] == "close_stream":
                    break
    async with browser.stream("GET", f"{API}/heartbeat/{name}") as heartbeat:
        lines = heartbeat.aiter_lines()
        await anext(lines)
        is_open.set()
        await leave.wait()


if __name__ == "__main__":
    main()
