"""Takes the pictures in docs/images from the running app: ``make screenshots``."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
EXAMPLE = "Corner Table"


@contextlib.contextmanager
def running_app() -> Iterator[str]:
    """The app on a free port, its gate off, its data in a folder that goes away."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as data:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        settings = {"GENREGENIE_GATE": "off", "GENREGENIE_DATA_DIR": data}
        app = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")],
            env=os.environ | settings | {"GRADIO_SERVER_PORT": port},
        )
        try:
            for _ in range(600):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/app/"
        finally:
            app.terminate()
            app.wait()


def listened(page: Page, url: str) -> None:
    """Open the page and let it judge an example."""
    page.goto(url)
    page.get_by_role("button", name=EXAMPLE).click()
    page.wait_for_selector("#save-card", timeout=60_000)
    page.wait_for_timeout(1_500)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with running_app() as url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        wide = chromium.new_page(viewport={"width": 1100, "height": 1000})
        listened(wide, url)
        wide.screenshot(path=IMAGES / "listen.png")
        wide.get_by_role("tab", name="Models").click()
        wide.wait_for_timeout(1_000)
        wide.screenshot(path=IMAGES / "models.png")
        phone = chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        listened(phone, url)
        phone.screenshot(path=IMAGES / "phone.png")
        chromium.close()


if __name__ == "__main__":
    main()
