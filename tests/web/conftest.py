"""Fixtures of the web tests; what they are made of is in `servers`."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from genregenie.accounts import open_accounts
from genregenie.accounts.passwords import HashCost
from genregenie.storage.database import sqlite_url
from genregenie.web.config import WebConfig
from genregenie.web.server import create_app
from tests.web.servers import CHEAP, Browser, OpenChromium, Server, Start, build_test_page, running


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a server with the given configuration; all stop at the end of the tests."""
    with contextlib.ExitStack() as stack:

        def begin(
            config: WebConfig | None = None,
            cost: HashCost = CHEAP,
            page: Callable[[], gr.Blocks] | None = build_test_page,
            **options: Any,
        ) -> Server:
            accounts = open_accounts(sqlite_url(tmp_path_factory.mktemp("data")), cost)
            stack.callback(accounts.close)
            app = create_app(page, config or WebConfig(), accounts)
            port = stack.enter_context(running(app, **options))
            scheme = "https" if "ssl_certfile" in options else "http"
            return Server(app, accounts, f"{scheme}://localhost:{port}")

        yield begin


@pytest.fixture(scope="session")
def server(start: Start) -> Server:
    """The usual one: the gate on, on a laptop."""
    return start()


@pytest.fixture(autouse=True)
def gradio_folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio looks up its folder in the environment, which the last server made has changed."""
    used = [name for name in ("server", "app") if name in request.fixturenames]
    folder = request.getfixturevalue(used[-1]).folder if used else tmp_path / "gradio"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))


@pytest.fixture
def browser(server: Server) -> Iterator[Browser]:
    with server.browser() as client:
        yield client


@pytest.fixture(scope="module")
def open_chromium() -> Iterator[OpenChromium]:
    """Start Debian's chromium with the given arguments on top."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        opened: list[Chromium] = []

        def begin(*arguments: str) -> Chromium:
            quiet = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
            opened.append(
                playwright.chromium.launch(executable_path=program, args=[*quiet, *arguments])
            )
            return opened[-1]

        yield begin
        for chromium in opened:
            chromium.close()


@pytest.fixture(scope="module")
def chromium(open_chromium: OpenChromium) -> Chromium:
    return open_chromium()
