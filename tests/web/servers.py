"""Real servers on free ports of this machine, and clients that behave like browsers."""

import contextlib
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import anyio
import gradio as gr
import httpx
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from genregenie.accounts import Accounts
from genregenie.accounts.passwords import HashCost
from genregenie.common.limits import GuestLimits
from genregenie.web.ui.session_bar import session_bar
from tests.machine import free_port

CHEAP = HashCost(memory_kib=16, passes=1)
GOOD = "a calm indigo morning"
NEW = "seven loud orange evenings"
HTML = {"accept": "text/html,application/xhtml+xml", "sec-fetch-dest": "document"}


def build_test_page() -> gr.Blocks:
    """A page with an upload, a result that is a file, one that grows, and a file for everybody."""

    def make(text: str) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
            file.write(str(text))
        return file.name

    def grow(text: str) -> Iterator[tuple[str, str]]:
        for number in range(3):
            yield make(f"{text} {number}"), f"{text} {number}"

    def whoami(request: gr.Request) -> str:
        return str(request.username)

    with gr.Blocks(title="Behind the gate", analytics_enabled=False) as page:
        bar = gr.HTML(elem_id="bar")
        page.load(session_bar, None, bar, api_visibility="private")
        gr.Markdown("The inner room")
        gr.File(value=make("for everybody"), label="For everybody")
        file = gr.File(label="A file")
        size = gr.Textbox(label="Size in bytes", elem_id="size")
        file.upload(lambda path: str(Path(path).stat().st_size), file, size, api_name="size")
        text = gr.Textbox(label="Text")
        result = gr.File(label="Result")
        text.submit(make, text, result, api_name="make")
        text.change(grow, text, [result, size], api_name="grow")
        text.blur(whoami, None, size, api_name="whoami")
    return page


class Server:
    """A running app and where it is."""

    def __init__(self, app: FastAPI, accounts: Accounts, url: str) -> None:
        self.app, self.accounts, self.url = app, accounts, url
        self.port = int(url.rpartition(":")[2])
        self.folder: Path = app.state.portal.ownership.folder

    def browser(self) -> "Browser":
        return Browser(self.url)

    def guest(self) -> str:
        """The token of a guest, of whom tests bring more than people may."""
        return self.accounts.guests.add(GuestLimits(at_once=10_000))[1]

    def page_for(self, tab: int) -> str:
        """The address of Gradio's page for one of many tabs that are open at once.

        A browser keeps six connections open to a host, and each tab holds two of them.
        """
        return f"http://{tab // 2}.localhost:{self.port}/app/"


class Browser(httpx.Client):
    """A client with cookies that says what a browser says, and fills in forms."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, timeout=30)

    def show(self, path: str) -> httpx.Response:
        return self.get(path, headers={**HTML, "sec-fetch-site": "none"})

    def token(self, path: str) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.show(path).text)
        assert found, f"no form on {path}"
        return found[1]

    def fill(
        self, path: str, page: str | None = None, headers: dict[str, str] | None = None, **f: str
    ) -> httpx.Response:
        """Fill in the form of `page` and send it to `path`."""
        given = f.pop("token", None)
        fields = {"token": given if given is not None else self.token(page or path), **f}
        own = {**HTML, "sec-fetch-site": "same-origin"} if headers is None else headers
        return self.post(path, data=fields, headers=own)

    def sign_up(self, name: str, password: str = GOOD, email: str = "") -> list[str]:
        answer = self.fill("/signup", username=name, email=email, password=password)
        assert answer.status_code == 200, answer.text
        return re.findall(r"<code>([^<]+)</code>", answer.text)

    def log_in(self, name: str, password: str = GOOD) -> httpx.Response:
        return self.fill("/login", username=name, password=password)

    def newcomer(self, name: str) -> "Browser":
        self.sign_up(name)
        return self

    def stranger(self) -> "Browser":
        """The same, knowing nobody."""
        self.cookies.clear()
        return self


_running: list[uvicorn.Server] = []


def end_all() -> None:
    """Have all servers end at the same time: each takes its seconds."""
    for server in _running:
        server.should_exit = True


@contextlib.contextmanager
def running(app: Any, **options: Any) -> Iterator[int]:
    """Serve an ASGI app from a thread; gives the port."""
    port = options.setdefault("port", free_port())
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _running.append(server)
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        _running.remove(server)
        thread.join(10)


def in_a_loop(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run what is async in a thread, since a browser keeps a loop running in the tests' own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, function, *arguments).result()


class Window:
    """A browser's window for one server: tabs in it share a cache, and whatever they remember."""

    def __init__(self, chromium: Chromium, server: Server) -> None:
        self.context = chromium.new_context(base_url=server.url)
        # It stays open, so that the process which draws this site's tabs does too.
        self._first = self.context.new_page()
        self._first.goto("/healthz")

    def forget(self) -> None:
        """Close all other tabs; what they remember goes with them."""
        for page in self.context.pages:
            if page is not self._first:
                page.close()
        self.context.clear_cookies()
        self.context.clear_permissions()
        self._first.evaluate("localStorage.clear()")


def let_in(page: Page, server: Server) -> Page:
    """Somebody new signs up, and logs in at this tab."""
    name = f"new-{secrets.token_hex(4)}"
    server.accounts.people.sign_up(name, "", GOOD)
    page.goto("/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/app/"))
    return page


NewTab = Callable[..., Page]
Scheme = Literal["light", "dark"]
Start = Callable[..., Server]
OpenChromium = Callable[..., Chromium]
