"""Many people at once, as they are: each logs in, opens the page, uploads a clip, reads, waits.

    python benchmarks/load.py [--people 20 100] [--idle 100] [--think-s 2]

Starts the app as people do (gate, argon2id at its real cost, SQLite on disk) and asks it over real
HTTP from this process, on the same cores, so a machine of its own would be quicker. A person logs
in, opens the page, thinks, uploads ten seconds of music, waits for the verdict, and thinks again.
Others have a page open and do nothing. Prints one table for each number of people; asserts nothing,
and ends with status 1 if anybody was lost: cut off, or answered without a sentence.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from idle import megabytes, server_process
from servers import PASSWORD, URL, server, sign_up

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.audio.samples import as_wav
from genregenie.web.ui.examples import EXAMPLES

API = "/app/gradio_api"
CLIP_S = 10
PATIENCE_S = 300
# All who come here come from one address, which is more than an address may have.
ROOM = {"GENREGENIE_CONNECTIONS": "20000", "GENREGENIE_CONNECTIONS_AN_ADDRESS": "10000"}
HTML = {"accept": "text/html", "sec-fetch-dest": "document"}


@dataclass
class Outcomes:
    """What became of one kind of step."""

    took_s: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0


class RefusedError(Exception):
    """A 429 or 503 with a sentence."""


class LostError(Exception):
    """Anything else that is no answer."""


Steps = dict[str, Outcomes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--idle", type=int, default=100, help="people on pages they only look at")
    parser.add_argument("--think-s", type=float, default=2.0)
    options = parser.parse_args()
    clip, lost = music(), 0
    with tempfile.TemporaryDirectory() as folder:
        sign_up(Path(folder), max(*options.people, 1))
        for people in options.people:
            with server(Path(folder), **ROOM):
                lost += asyncio.run(measure(people, options.idle, options.think_s, clip))
    raise SystemExit(bool(lost))


def music() -> bytes:
    """Ten seconds of an example, as a WAV."""
    with AudioFile(EXAMPLES[0].path) as audio:
        blocks = [block for stretch in audio.stretches() for block in stretch.blocks]
    samples = np.concatenate(blocks)[: CLIP_S * RATE_HZ]
    return as_wav((32_767 * samples).astype(np.int16), RATE_HZ)


async def measure(people: int, idle: int, think_s: float, clip: bytes) -> int:
    """One table; gives how many steps were lost."""
    pid = server_process()
    steps: Steps = {}
    empty = megabytes(pid)
    leave = asyncio.Event()
    are_open = [asyncio.Event() for _ in range(idle)]
    idlers = [asyncio.create_task(look(n % people, e, leave)) for n, e in enumerate(are_open)]
    for is_open in are_open:
        await is_open.wait()
    with_idle = megabytes(pid)
    watching = asyncio.create_task(watch(steps))
    began = time.perf_counter()
    await asyncio.gather(*(visit(n, think_s, clip, steps) for n in range(people)))
    took_s, most = time.perf_counter() - began, megabytes(pid)
    watching.cancel()
    leave.set()
    gone = sum(1 for told in await asyncio.gather(*idlers, return_exceptions=True) if told)
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(
        f"\n{people} people at once, {idle} more on idle pages; {os.cpu_count()} cores, load {load}"
    )
    print(f"{took_s:.0f} s in all, think time {think_s:g} s\n")
    print("| step | done | refused | lost | median, s | p95, s |")
    print("|---|---|---|---|---|---|")
    for name, found in sorted(steps.items()):
        ordered = sorted(found.took_s) or [float("nan")]
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        told = f"{len(found.took_s)} | {found.refused} | {found.lost}"
        print(f"| {name} | {told} | {statistics.median(ordered):.2f} | {p95:.2f} |")
    print(
        f"\nidle pages lost: {gone}; memory an idle page: {(with_idle - empty) / max(idle, 1):.2f}"
    )
    print(
        f"MB, a person: {(most - with_idle) / people:.2f} MB; in all {most:.0f} MB, workers apart"
    )
    return gone + sum(found.lost for found in steps.values())


async def visit(number: int, think_s: float, clip: bytes, steps: Steps) -> None:
    """One person, from the log-in to the verdict."""
    luck = random.Random(number)  # noqa: S311

    async def think() -> None:
        await asyncio.sleep(luck.uniform(0.5, 1.5) * think_s)

    async with browser() as client:
        if not await tried(steps, "1 log in", log_in(client, number)):
            return
        if not await tried(steps, "2 open the page", open_page(client)):
            return
        await think()
        path = await tried(steps, "3 upload", upload(client, clip))
        if path:
            await tried(steps, "4 verdict", classify(client, path))
        await think()


async def tried(steps: Steps, name: str, step) -> object:
    """The answer of a step, which is counted; None where there was none."""
    outcomes, began = steps.setdefault(name, Outcomes()), time.perf_counter()
    try:
        answer = await step
    except RefusedError:
        outcomes.refused += 1
    except (LostError, httpx.HTTPError, ValueError, KeyError):
        outcomes.lost += 1
    else:
        outcomes.took_s.append(time.perf_counter() - began)
        return answer or True
    return None


def browser() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=6)
    return httpx.AsyncClient(base_url=URL, timeout=PATIENCE_S, limits=limits)


def fits(answer: httpx.Response, status: int = 200) -> httpx.Response:
    """The answer, if it is the one that was hoped for."""
    if answer.status_code == status:
        return answer
    if answer.status_code in (429, 503) and "try again" in answer.text.lower():
        raise RefusedError
    raise LostError(f"{answer.request.url}: {answer.status_code}")


async def log_in(client: httpx.AsyncClient, number: int) -> None:
    form = fits(await client.get("/login", headers=HTML)).text
    token = form.split('name="token" value="')[1].split('"')[0]
    fields = {"token": token, "username": f"person{number}", "password": PASSWORD}
    fits(await client.post("/login", data=fields, headers=HTML), 303)


async def open_page(client: httpx.AsyncClient) -> None:
    fits(await client.get("/app/", headers=HTML))
    fits(await client.get("/app/config"))
    fits(await client.get("/app/theme.css"))


async def upload(client: httpx.AsyncClient, clip: bytes) -> str:
    files = {"files": (f"{uuid.uuid4()}.wav", clip)}
    return fits(await client.post(f"{API}/upload", files=files)).json()[0]


async def classify(client: httpx.AsyncClient, path: object) -> None:
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    asked = fits(await client.post(f"{API}/call/classify", json={"data": [file]})).json()
    told = fits(await client.get(f"{API}/call/classify/{asked['event_id']}")).text
    answer = json.loads([x[6:] for x in told.splitlines() if x.startswith("data: ")][-1])
    if "verdict" not in answer[0]:
        raise LostError(told)


async def look(number: int, is_open: asyncio.Event, leave: asyncio.Event) -> bool:
    """Somebody who has a page open and does nothing; whether that ended before its time."""
    async with browser() as client:
        await log_in(client, number)
        await open_page(client)
        address = f"{API}/heartbeat/{uuid.uuid4().hex[:11]}"
        async with client.stream("GET", address) as beating:
            is_open.set()
            reading, leaving = (
                asyncio.create_task(drained(beating)),
                asyncio.create_task(leave.wait()),
            )
            await asyncio.wait((reading, leaving), return_when=asyncio.FIRST_COMPLETED)
            ended = reading.done()
            reading.cancel()
            leaving.cancel()
            return ended


async def drained(answer: httpx.Response) -> None:
    async for _ in answer.aiter_raw():
        pass


async def watch(steps: Steps) -> None:
    """Ask for light pages all the while."""
    async with browser() as client:
        while True:
            for path in ("/healthz", "/login"):
                await tried(steps, f"5 {path}, meanwhile", seen(client, path))
            await asyncio.sleep(0.25)


async def seen(client: httpx.AsyncClient, path: str) -> None:
    fits(await client.get(path, headers=HTML))


if __name__ == "__main__":
    main()
