"""From clip to verdict on the page: one person in a browser, and many people at once.

    python benchmarks/page.py [--people 20]

Starts the app as people do, gate included, and asks it from this process, on the same cores. The
clips are three-minute MP3s made of the example clips. Prints tables; asserts nothing, but stops if
somebody gets what is not theirs.
"""

import argparse
import asyncio
import io
import json
import os
import re
import shutil
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Final

import av
import httpx
import numpy as np
from playwright.sync_api import sync_playwright
from servers import PASSWORD, server, sign_up

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.inference.classifier import Classifier
from genregenie.web.ui.examples import EXAMPLES

LENGTH_S: Final = 180
ROUNDS: Final = 9
API: Final = "/app/gradio_api"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=20)
    people = parser.parse_args().people
    clips = [song(n) for n in range(people)]
    engine = [alone(clip) for clip in clips for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        sign_up(Path(folder), people)
        with server(Path(folder)) as url:
            page = in_a_browser(url, clips[0], Path(folder))
            together = asyncio.run(at_once(url, clips))
    floor = statistics.median(engine)
    print(f"\nThree-minute MP3s of {len(clips[0]) / 1e6:.1f} MB, {os.cpu_count()} cores\n")
    print("| what | n | median | longest | median, as a ratio |")
    print("|---|---|---|---|---|")
    for name, times in (
        ("the engine alone (floor)", engine),
        ("one person, from the drop to the verdict on the page", page),
        (f"{people} people at once, from upload to answer", together),
    ):
        print(
            f"| {name} | {len(times)} | {statistics.median(times):.2f} s | {max(times):.2f} s "
            f"| {statistics.median(times) / floor:.1f} |"
        )


def song(number: int) -> bytes:
    """Three minutes of MP3, another for each number."""
    with AudioFile(EXAMPLES[number % len(EXAMPLES)].path) as audio:
        once = np.concatenate([block for s in audio.stretches() for block in s.blocks])
    turned = np.roll(once, -number * RATE_HZ // 3)
    samples = np.resize(turned, LENGTH_S * RATE_HZ)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as out:
        stream = out.add_stream("libmp3lame", RATE_HZ, bit_rate=128_000, layout="mono")
        for start in range(0, len(samples), RATE_HZ):
            part = np.ascontiguousarray(samples[np.newaxis, start : start + RATE_HZ], np.float32)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.rate = RATE_HZ
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def alone(clip: bytes) -> float:
    """Seconds that the engine takes for a clip."""
    begun = time.perf_counter()
    Classifier.load().predict(clip)
    return time.perf_counter() - begun


def in_a_browser(url: str, clip: bytes, folder: Path) -> list[float]:
    """Seconds from the drop to the verdict, in Chromium."""
    times = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        page = chromium.new_page(base_url=url)
        page.goto("/login")
        page.get_by_label("User name").fill("person0")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_selector("#clip input[type=file]", state="attached")
        for number in range(ROUNDS):
            name = f"song {number}"
            file = folder / f"{name}.mp3"
            file.write_bytes(clip)
            begun = time.perf_counter()
            page.set_input_files("#clip input[type=file]", file)
            page.locator("#verdict").get_by_text(name, exact=True).wait_for()
            times.append(time.perf_counter() - begun)
            page.wait_for_selector("#on-spotify section")
            page.wait_for_timeout(1_000)
            page.get_by_label("Clear").first.click()
            page.get_by_text("Drop a clip, record one").wait_for()
        chromium.close()
    return times


async def at_once(url: str, clips: list[bytes]) -> list[float]:
    """Seconds from upload to answer for people who all begin together."""
    expected = [Classifier.load().predict(clip).confidences for clip in clips]
    clients = [httpx.AsyncClient(base_url=url, timeout=60) for _ in clips]
    for number, client in enumerate(clients):
        await log_in(client, f"person{number}")
    times = await asyncio.gather(*map(ask, clients, clips, expected))
    for client in clients:
        await client.aclose()
    return times


async def log_in(client: httpx.AsyncClient, name: str) -> None:
    """Open a session."""
    found = re.search(r'name="token" value="([^"]+)"', (await client.get("/login")).text)
    if found is None:
        raise SystemExit("The log-in page has no form.")
    fields = {"token": found[1], "username": name, "password": PASSWORD}
    answer = await client.post("/login", data=fields)
    if answer.status_code != 303:
        raise SystemExit(f"A log-in was answered with {answer.status_code}.")


async def ask(client: httpx.AsyncClient, clip: bytes, expected: dict[str, float]) -> float:
    """Have a clip classified; stops everything if the answer is not this clip's."""
    name = f"{uuid.uuid4()}.mp3"
    begun = time.perf_counter()
    (path,) = (await client.post(f"{API}/upload", files={"files": (name, clip)})).json()
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    started = (await client.post(f"{API}/call/classify", json={"data": [file]})).json()
    stream = (await client.get(f"{API}/call/classify/{started['event_id']}")).text
    took_s = time.perf_counter() - begun
    (answer,) = json.loads([x[6:] for x in stream.splitlines() if x.startswith("data: ")][-1])
    same = all(abs(answer["confidences"][g] - p) < 1e-9 for g, p in expected.items())
    if answer["file"] != name or not same:
        raise SystemExit(f"{name} got the answer of {answer['file']}.")
    return took_s


if __name__ == "__main__":
    main()
