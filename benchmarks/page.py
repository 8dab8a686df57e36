"""From a tap, a drop or an address to what the page says: in a browser, and many people at once.

    python benchmarks/page.py [--people 20] [--live 1 5 10 20]

Starts the app as people do, gate included, and asks it from this process, on the same cores. The
clips are three-minute MP3s made of the example clips; who listens live sends seconds of them as a
browser does. Prints tables; asserts nothing, but stops if somebody gets what is not theirs.
"""

import argparse
import asyncio
import contextlib
import io
import json
import os
import re
import shutil
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import httpx
import numpy as np
import soundfile
from playwright.sync_api import Browser, Page, sync_playwright
from servers import PASSWORD, server, sign_up

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.audio.samples import as_wav
from genregenie.inference.classifier import Classifier
from genregenie.web.ui.examples import EXAMPLES

LENGTH_S: Final = 180
ROUNDS: Final = 9
LIVE_S: Final = 15
SLOW: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 125_000,
    "uploadThroughput": 125_000,
}
API: Final = "/app/gradio_api"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--live", type=int, nargs="*", default=[1, 5, 10, 20])
    options = parser.parse_args()
    clips = [song(n) for n in range(options.people)]
    engine = [alone(clip) for clip in clips for _ in range(3)]
    people = max(options.people, *options.live, 1)
    with tempfile.TemporaryDirectory() as folder:
        sign_up(Path(folder), people)
        with server(Path(folder)) as url:
            from_far = over_a_slow_network(url)
            page, card = in_a_browser(url, clips[0], Path(folder))
            tapped = at_the_microphone(url, Path(folder))
            together = asyncio.run(at_once(url, clips))
            live = {count: asyncio.run(listen_together(url, count)) for count in options.live}
    floor = statistics.median(engine)
    print(f"\nThree-minute MP3s of {len(clips[0]) / 1e6:.1f} MB, {os.cpu_count()} cores\n")
    print("| what | n | median | longest | median, as a ratio |")
    print("|---|---|---|---|---|")
    for name, times in (
        ("the engine alone (floor)", engine),
        ("one person, from the drop to the verdict on the page", page),
        ("the same, to the whole card with neighbours and table", card),
        ("one person, from the tap to the first verdict (3 s of sound in it)", tapped),
        (f"{options.people} people at once, from upload to answer", together),
        ("150 ms, 1 Mbit/s: from the address to the landing page's button", from_far[0]),
        ("150 ms, 1 Mbit/s: from there to the big button", from_far[1]),
    ):
        print(
            f"| {name} | {len(times)} | {statistics.median(times):.2f} s | {max(times):.2f} s "
            f"| {statistics.median(times) / floor:.1f} |"
        )
    print("\n| listening live | lag, median | lag, 95 % | server CPU a listener |")
    print("|---|---|---|---|")
    for count, (lags, cpu) in live.items():
        late = sorted(lags)[int(0.95 * len(lags))]
        print(f"| {count} | {statistics.median(lags):.2f} s | {late:.2f} s | {100 * cpu:.0f} % |")


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


@contextlib.contextmanager
def browser(*arguments: str) -> Iterator[Browser]:
    """Chromium, without what it asks the internet by itself."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking", *arguments],
        )
        yield chromium
        chromium.close()


def over_a_slow_network(url: str) -> tuple[list[float], list[float]]:
    """Seconds to the landing page's button, and from pressing it to the big one."""
    first, second = [], []
    with browser() as chromium:
        for _ in range(3):
            context = chromium.new_context(base_url=url, viewport={"width": 375, "height": 812})
            page = context.new_page()
            network = context.new_cdp_session(page)
            network.send("Network.enable")
            network.send("Network.emulateNetworkConditions", SLOW)
            begun = time.perf_counter()
            page.goto("/", wait_until="commit")
            attempt = page.get_by_role("button", name="Try without an account")
            attempt.wait_for()
            first.append(time.perf_counter() - begun)
            page.wait_for_load_state()
            begun = time.perf_counter()
            attempt.click()
            page.wait_for_selector("#listen-button")
            second.append(time.perf_counter() - begun)
            context.close()
    return first, second


def enter(chromium: Browser, url: str) -> Page:
    """The Listen tab of somebody who has logged in."""
    page = chromium.new_page(base_url=url)
    page.goto("/login")
    page.get_by_label("User name").fill("person0")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector("#mic .record-button", state="attached")
    return page


def in_a_browser(url: str, clip: bytes, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds from the drop to the verdict, and to the whole card, in Chromium."""
    verdicts, cards = [], []
    with browser() as chromium:
        page = enter(chromium, url)
        for number in range(ROUNDS):
            name = f"song {number}"
            file = folder / f"{name}.mp3"
            file.write_bytes(clip)
            begun = time.perf_counter()
            page.set_input_files("#clip input[type=file]", file)
            page.locator("#verdict [data-judged]").get_by_text(name, exact=True).wait_for()
            verdicts.append(time.perf_counter() - begun)
            page.wait_for_selector("#sounds-like li")
            page.wait_for_selector("#table [style*=gradient]")
            cards.append(time.perf_counter() - begun)
            page.wait_for_timeout(1_000)
            page.get_by_role("button", name="Another song").click()
            page.wait_for_selector("#listen-button")
    return verdicts, cards


def at_the_microphone(url: str, folder: Path) -> list[float]:
    """Seconds from the tap to a genre."""
    wave = folder / "microphone.wav"
    soundfile.write(wave, np.concatenate(list(_seconds_of(0, 30))), RATE_HZ)
    times = []
    arguments = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with browser(*arguments, f"--use-file-for-fake-audio-capture={wave}") as chromium:
        page = enter(chromium, url)
        for _ in range(3):
            begun = time.perf_counter()
            page.locator("#listen-button").click()
            page.wait_for_selector("#live .gg-bars li", state="attached")
            times.append(time.perf_counter() - begun)
            page.locator("#listen-button").click()
            page.wait_for_selector("#verdict [data-over]")
            page.wait_for_timeout(1_000)
            page.get_by_role("button", name="Another song").click()
            page.wait_for_selector("#listen-button")
    return times


def _seconds_of(number: int, length_s: int) -> Iterator[np.ndarray]:
    with AudioFile(EXAMPLES[number % len(EXAMPLES)].path) as audio:
        once = np.concatenate([block for s in audio.stretches() for block in s.blocks])
    samples = np.resize(np.roll(once, -number * RATE_HZ // 3), length_s * RATE_HZ)
    yield from samples.reshape(length_s, RATE_HZ)


async def listen_together(url: str, people: int) -> tuple[list[float], float]:
    """Lags behind the sound in seconds, and the server's share of a core for each listener."""
    clients = [httpx.AsyncClient(base_url=url, timeout=60) for _ in range(people)]
    for number, client in enumerate(clients):
        await log_in(client, f"person{number}")
    before, begun = server_cpu_s(), time.perf_counter()
    lags = await asyncio.gather(*map(listen_live, clients, range(people)))
    cpu = (server_cpu_s() - before) / (time.perf_counter() - begun) / people
    for client in clients:
        await client.aclose()
    return [lag for of_one in lags for lag in of_one], cpu


def server_cpu_s() -> float:
    """CPU time of the app and its workers, in seconds."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for pid in children(os.getpid()):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def children(pid: int) -> list[int]:
    """All processes that this one has started, and those that they have."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text(encoding="utf-8").split():
                found += [int(child), *children(int(child))]
    return found


async def listen_live(client: httpx.AsyncClient, number: int) -> list[float]:
    """Send a second of sound each second, as Gradio's page does; how late each answer is."""
    config = (await client.get("/app/config")).json()
    (event,) = (d for d in config["dependencies"] if any(t[1] == "stream" for t in d["targets"]))
    about = {
        "fn_index": event["id"],
        "trigger_id": event["targets"][0][0],
        "session_hash": uuid.uuid4().hex[:11],
        "event_data": None,
    }
    await asyncio.sleep(number / 20)  # people do not tap at the same moment
    sent: dict[int, float] = {}
    lags: dict[int, float] = {}
    reading: asyncio.Task[None] | None = None
    event_id, begun = "", time.perf_counter()
    for second, samples in enumerate(_seconds_of(number, LIVE_S), 1):
        await asyncio.sleep(max(begun + second - time.perf_counter(), 0))
        sent[second] = time.perf_counter()
        wav = as_wav((32_767 * samples).astype(np.int16), RATE_HZ)
        (path,) = (await client.post(f"{API}/upload", files={"files": ("audio.wav", wav)})).json()
        file = {"path": path, "meta": {"_type": "gradio.FileData"}, "is_stream": True}
        body = about | {"data": [file, None]}
        if not event_id:
            event_id = (await client.post(f"{API}/queue/join", json=body)).json()["event_id"]
            reading = asyncio.create_task(read_lags(client, about["session_hash"], sent, lags))
        else:
            await client.post(f"{API}/stream/{event_id}", json=body)
    await asyncio.sleep(3)
    await client.post(f"{API}/stream/{event_id}/close")
    if reading is not None:
        reading.cancel()
    return [lag for second, lag in lags.items() if second >= 3]


async def read_lags(
    client: httpx.AsyncClient, session: str, sent: dict[int, float], lags: dict[int, float]
) -> None:
    """Note when each second's answer comes."""
    address = f"{API}/queue/data"
    async with client.stream("GET", address, params={"session_hash": session}) as answer:
        async for line in answer.aiter_lines():
            for heard in re.findall(r'data-heard=\\"(\d+)', line):
                second = int(heard)
                if second in sent:
                    lags.setdefault(second, time.perf_counter() - sent[second])


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
