"""Fixtures of the web tests; what they are made of is in `servers`."""

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright

from genregenie.accounts import open_accounts
from genregenie.accounts.core import User
from genregenie.accounts.passwords import HashCost
from genregenie.common.limits import SignupRules, UploadLimits
from genregenie.storage.database import sqlite_url
from genregenie.web.config import WebConfig
from genregenie.web.server import create_app
from tests.web.programs import Program, Programs, somebody
from tests.web.servers import (
    CHEAP,
    Browser,
    NewTab,
    OpenChromium,
    Server,
    Start,
    Window,
    build_test_page,
    end_all,
    running,
)

# A busy machine takes its time; a page that never comes right fails all the same.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a server with the given configuration; all stop at the end of the tests."""
    with contextlib.ExitStack() as stack:

        def begin(
            config: WebConfig | None = None,
            cost: HashCost = CHEAP,
            page: Callable[[], gr.Blocks] | None = build_test_page,
            signup: SignupRules = SignupRules(an_hour=10_000),  # noqa: B008
            **options: Any,
        ) -> Server:
            accounts = open_accounts(sqlite_url(tmp_path_factory.mktemp("data")), cost)
            stack.callback(accounts.close)
            # Tests bring more people from one address than an hour has.
            given = config or WebConfig()
            # All tests on one server are one person, who uploads more than people do.
            is_usual = given.uploads == UploadLimits()
            uploads = UploadLimits(100_000, 100_000, 100_000) if is_usual else given.uploads
            roomy = replace(given, signup=signup, uploads=uploads)
            app = create_app(page, roomy, accounts)
            port = stack.enter_context(running(app, **options))
            scheme = "https" if "ssl_certfile" in options else "http"
            return Server(app, accounts, f"{scheme}://localhost:{port}")

        yield begin
        end_all()


@pytest.fixture(scope="session")
def server(start: Start) -> Server:
    """The usual one: the gate on, on a laptop."""
    return start()


@pytest.fixture(scope="session")
def app(start: Start) -> Server:
    """The page itself, with the gate off."""
    return start(WebConfig(gate="off"), page=None)


@pytest.fixture(scope="session")
def gated_app(start: Start) -> Server:
    """The page itself, behind a gate that guests may pass."""
    return start(WebConfig(gate="demo"), page=None)


@pytest.fixture(autouse=True)
def gradio_folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio looks up its folder in the environment, which the last server made has changed."""
    servers = ("server", "app", "gated_app", "called_app")
    used = [name for name in servers if name in request.fixturenames]
    folder = request.getfixturevalue(used[-1]).folder if used else tmp_path / "gradio"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))


@pytest.fixture
def browser(server: Server) -> Iterator[Browser]:
    with server.browser() as client:
        yield client


@pytest.fixture(name="somebody")
def newcomer(server: Server, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A client of somebody who has just signed up."""
    with server.browser() as client:
        yield client.newcomer(f"user{abs(hash(request.node.name))}")


@pytest.fixture
def programs(server: Server) -> Iterator[Programs]:
    """Start a program of somebody new, or of somebody given."""
    opened: list[Program] = []

    def begin(*scopes: str, user: User | None = None, on: Server = server) -> Program:
        opened.append(Program(on, user or somebody(on), *scopes))
        return opened[-1]

    yield begin
    for program in opened:
        program.close()


# --- a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def open_chromium() -> Iterator[OpenChromium]:
    """Start Debian's chromium, or its shell without windows, with the given arguments on top."""
    whole = shutil.which("chromium")
    if whole is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        opened: list[Chromium] = []

        def begin(*arguments: str, windowless: bool = False) -> Chromium:
            program = (windowless and shutil.which("chromium-headless-shell")) or whole
            quiet = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
            opened.append(
                playwright.chromium.launch(executable_path=program, args=[*quiet, *arguments])
            )
            return opened[-1]

        yield begin
        for chromium in opened:
            chromium.close()


@pytest.fixture(scope="session")
def chromium(open_chromium: OpenChromium) -> Chromium:
    """One for all tests that ask nothing special of it; without windows it costs less than half."""
    # What one tab has compiled, the next one runs.
    return open_chromium("--process-per-site", windowless=True)


@pytest.fixture(scope="session")
def windows(chromium: Chromium) -> Callable[[Server], Window]:
    """The browser's window for each server, which keeps what it has fetched and compiled."""
    return functools.cache(lambda server: Window(chromium, server))


@pytest.fixture
def new_tab(windows: Callable[[Server], Window]) -> Iterator[NewTab]:
    """Open a tab that knows nobody and remembers nothing; it closes at the end of the test.

    Loading Gradio's page costs a third of what it costs in a context of its own. Tabs of one test
    share cookies.
    """
    used: set[Window] = set()

    def begin(server: Server, width: int = 1280, height: int = 720) -> Page:
        window = windows(server)
        used.add(window)
        page = window.context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        return page

    yield begin
    for window in used:
        window.forget()
