"""Takes the pictures in docs/images from the running app: ``make screenshots``."""

import contextlib
import os
import re
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

from playwright.sync_api import Browser, Page, sync_playwright

from genregenie.accounts import open_accounts, sqlite_url
from genregenie.common import resources
from genregenie.inference.classifier import Classifier
from genregenie.web.saved_results import as_result
from genregenie.web.ui.examples import EXAMPLES

IMAGES = resources.docs() / "images"
EXAMPLE = "Corner Table"
NAME, PASSWORD = "Ada", "a calm indigo morning"
WIDE = {"width": 1100, "height": 1000}
DOOR = {"width": 1100, "height": 720}
PHONE = {"width": 390, "height": 844}


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
    page.wait_for_selector("#share-menu", timeout=60_000)
    page.wait_for_selector("#on-spotify section", timeout=60_000)
    page.wait_for_timeout(1_500)
    return page


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with running_app() as url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        door = chromium.new_page(viewport=DOOR)
        door.goto(url)
        door.screenshot(path=IMAGES / "landing.png")
        wide = inside(chromium, url, WIDE, "light")
        wide.screenshot(path=IMAGES / "listen.png")
        wide.locator("#share-menu > button").click()
        wide.get_by_role("button", name="Share a link").click()
        shared = wide.locator("#keep-link input, .share-link input").first.input_value()
        for tab in ("My music", "From Spotify features", "Models", "Model lab"):
            wide.get_by_role("tab", name=tab, exact=True).click()
            wide.wait_for_timeout(2_500)
            wide.screenshot(path=IMAGES / f"{re.sub(' ', '-', tab.lower())}.png")
        stranger = chromium.new_page(viewport=WIDE)
        stranger.goto(shared)
        stranger.screenshot(path=IMAGES / "shared.png")
        phone = inside(chromium, url, PHONE, "dark")
        phone.screenshot(path=IMAGES / "phone.png")
        chromium.close()


if __name__ == "__main__":
    main()
