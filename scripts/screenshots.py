"""Takes the pictures in docs/images from the running app: ``make screenshots``."""

import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from genregenie.accounts import open_accounts, sqlite_url
from genregenie.audio import RATE_HZ, AudioFile
from genregenie.common import resources, settings
from genregenie.inference.classifier import Classifier
from genregenie.recommend.indexing import index_folder
from genregenie.recommend.library_index import Library
from genregenie.recommend.library_map import write_map
from genregenie.recommend.songs import Songs
from genregenie.web.saved_results import as_result
from genregenie.web.ui.examples import EXAMPLES

IMAGES = resources.docs() / "images"
EXAMPLE = "Corner Table"
NAME, PASSWORD = "Ada", "a calm indigo morning"
WIDE = {"width": 1100, "height": 1000}
DOOR = {"width": 1100, "height": 720}
MAP = {"width": 1100, "height": 900}
PHONE = {"width": 390, "height": 844}
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
LIVE_S, FRAME_S, ANIMATED = 10.0, 0.25, 320


def fill(data: Path) -> None:
    """An account that has listened to the examples now and then over two months."""
    now = datetime.now(UTC)
    then = now
    accounts = open_accounts(sqlite_url(data), clock=lambda: then)
    accounts.people.sign_up(NAME, "", PASSWORD)
    person = accounts.people.log_in(NAME, PASSWORD)[0].id
    heard = [(e.name, Classifier.load().predict(e.path)) for e in EXAMPLES]
    for number in range(40):
        then = now - timedelta(days=60 - 1.5 * number)
        name, prediction = heard[(number * number + number // 3) % len(heard)]
        accounts.results.keep(person, as_result(prediction, name))
    accounts.close()


@contextlib.contextmanager
def running_app() -> Iterator[str]:
    """The app on a free port, its data in a folder that goes away."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as data:
        fill(Path(data))
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        settings = {"GENREGENIE_DATA_DIR": data, "GRADIO_SERVER_PORT": port}
        app = subprocess.Popen(
            [sys.executable, "-m", "genregenie", "serve"], env=os.environ | settings
        )
        try:
            for _ in range(600):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait()


def inside(chromium: Browser, url: str, size: dict[str, int], scheme: str) -> Page:
    """The page after log-in, with an example judged."""
    page = chromium.new_page(base_url=url, viewport=size, color_scheme=scheme)
    page.goto("/login")
    page.get_by_label("User name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=EXAMPLE).click()
    page.wait_for_selector("#sounds-like li", timeout=60_000)
    page.wait_for_timeout(1_500)
    return page


def live_listening(playwright: Playwright, url: str) -> None:
    """Ten seconds of live listening on a phone, as an animated picture."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "microphone.wav"
        with AudioFile(next(e.path for e in EXAMPLES if e.name == EXAMPLE)) as audio:
            blocks = [block for s in audio.stretches() for block in s.blocks]
        soundfile.write(wave, np.concatenate(blocks), RATE_HZ)
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                *ARGUMENTS,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={wave}",
            ],
        )
        page = chromium.new_page(base_url=url, viewport=PHONE)
        page.goto("/")
        page.get_by_role("button", name="Try without an account").click()
        page.wait_for_selector("#mic .record-button", state="attached")
        page.wait_for_timeout(1_000)
        frames, begun = [page.screenshot()], time.monotonic()
        page.locator("#listen-button").click()
        while time.monotonic() - begun < LIVE_S:
            page.wait_for_timeout(1_000 * FRAME_S)
            frames.append(page.screenshot())
        page.locator("#listen-button").click()
        page.wait_for_selector("#verdict [data-state=result]")
        page.wait_for_timeout(1_000)
        frames += [page.screenshot()] * 6
        chromium.close()
    first, *others = (
        Image.open(io.BytesIO(frame)).convert("RGB").resize((ANIMATED, ANIMATED * 844 // 390))
        for frame in frames
    )
    first.save(
        IMAGES / "live.webp",
        save_all=True,
        append_images=others,
        duration=round(1_000 * LIVE_S / (len(frames) - 6)),
        loop=0,
        quality=60,
        method=6,
    )


def library_map(chromium: Browser) -> None:
    """The map of the music that models are tried on, with one song told about."""
    music = settings.training_data_dir()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "music"
        for part in ("outside/music", "gtzan/audio"):
            shutil.copytree(music / part, library / part)
        made = index_folder(library)
        model = Classifier.load().model
        songs = Songs.of(Library.load(made.path, model.catalogue.likeness))
        write_map(library / "map.html", songs, model, str(library))
        page = chromium.new_page(viewport=MAP)
        page.goto((library / "map.html").as_uri())
        page.wait_for_selector("#rows tr")
        told = next(i for i, e in enumerate(songs.entries) if e.genre == "country" and e.is_sure)
        page.evaluate("i => tell(i)", told)
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / "map.png")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with running_app() as url, sync_playwright() as playwright:
        live_listening(playwright, url)
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        library_map(chromium)
        door = chromium.new_page(viewport=DOOR)
        door.goto(url)
        door.screenshot(path=IMAGES / "landing.png")
        wide = inside(chromium, url, WIDE, "light")
        wide.screenshot(path=IMAGES / "listen.png")
        shared = share(wide)
        for tab in ("My music", "About", "Spotify's numbers", "How good it is", "Earlier systems"):
            wide.get_by_role("tab", name=tab, exact=True).click()
            wide.wait_for_timeout(2_500)
            if tab != "About":  # the three after it are inside
                name = tab.lower().replace(" ", "-").replace("'", "")
                wide.screenshot(path=IMAGES / f"{name}.png")
        wide.get_by_role("tab", name="Many songs", exact=True).click()
        wide.set_input_files("#many-files input[type=file]", [e.path for e in EXAMPLES])
        wide.wait_for_selector("#many [data-state=over]", timeout=60_000)
        wide.wait_for_timeout(1_000)
        wide.screenshot(path=IMAGES / "many-songs.png", full_page=True)
        stranger = chromium.new_page(viewport=WIDE)
        stranger.goto(shared)
        stranger.screenshot(path=IMAGES / "shared.png")
        phone = inside(chromium, url, PHONE, "dark")
        phone.screenshot(path=IMAGES / "phone.png")
        chromium.close()


def share(page: Page) -> str:
    """A link to the result that is shown."""
    page.locator("#share-menu > button").click()
    page.get_by_role("button", name="Share a link").click()
    page.wait_for_selector("#keep-link input")
    return page.locator("#keep-link input").input_value()


if __name__ == "__main__":
    main()
