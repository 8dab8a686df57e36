"""Several processes serve: on one machine, and as two servers with PostgreSQL behind nginx."""

import contextlib
import os
import re
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Request, Response, expect

from genregenie.storage.database import SQLITE_NAME
from genregenie.web.security.cookies import SERVER
from genregenie.web.ui.examples import EXAMPLES_DIR
from tests import machine, warm
from tests.accounts.conftest import database_like, postgres, postgres_with_tables  # noqa: F401
from tests.machine import free_port
from tests.web import pages, proxies
from tests.web.servers import GOOD, Browser

pytestmark = pytest.mark.slow

JAZZ, METAL = (EXAMPLES_DIR / f"{genre}.mp3" for genre in ("jazz", "metal"))


class Process:
    """``genregenie serve`` with some environment, in a process of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.port = int(environment.pop("port", free_port()))
        self.log = folder / "log"
        given = {
            "GENREGENIE_DATA_DIR": str(folder),
            "GENREGENIE_GATE": "on",
            "GRADIO_SERVER_PORT": str(self.port),
            **environment,
        }
        command = ("-m", "genregenie", "serve", *arguments)
        with self.log.open("wb") as log:
            self.process = warm.start(*command, environment=given, output=log)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> "Process":
        for _ in range(1800):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/healthz").status_code == 200:
                    return self
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def workers(self) -> dict[str, int]:
        """The processes that serve, by the names of their servers."""
        found = {}
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for child in children.read_text().split():
            with contextlib.suppress(OSError):
                variables = Path(f"/proc/{child}/environ").read_text().split("\0")
                given = dict(one.split("=", 1) for one in variables if "=" in one)
                found[given["GENREGENIE_SERVER_NAME"]] = int(child)
        return found

    def end(self, how: int = signal.SIGTERM) -> int:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        return self.process.wait(40)


def staying_with(page: Page) -> str:
    """The server that a browser is to stay with."""
    (value,) = [c["value"] for c in page.context.cookies() if SERVER in c["name"]]
    return value.partition(".")[0]


class Watch:
    """Notes what a page is refused, and what it still waits for."""

    def __init__(self, page: Page) -> None:
        self.refused: list[str] = []
        self._page, self._open = page, set[Request]()
        page.on("request", lambda one: self._open.add(one))
        for ends in ("requestfinished", "requestfailed"):
            page.on(ends, lambda one: self._open.discard(one))
        page.on("response", self._note)

    def _note(self, answer: Response) -> None:
        if answer.status >= 400:
            self.refused.append(f"{answer.status} {answer.url}")

    def rest(self) -> None:
        """Wait until nothing is asked for: what is at work on a server dies with it."""
        quiet = 0
        for _ in range(600):
            busy = [one for one in self._open if "/heartbeat/" not in one.url]
            quiet = 0 if busy else quiet + 1
            if quiet == 10:
                return
            self._page.wait_for_timeout(100)
        raise AssertionError([one.url for one in self._open])


def is_kept(page: Page) -> None:
    """Wait until a result is kept, which is asked for after the verdict; until then it may go."""
    expect(page.locator("#keep-note")).to_contain_text(re.compile("Kept|Gone when you leave"))


# --- on one machine --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    found = Process(tmp_path_factory.mktemp("workers"), "--workers", "2", GENREGENIE_GATE="demo")
    yield found
    found.end(signal.SIGKILL)


@pytest.fixture
def at_rest(two_workers: Process, chromium: Chromium) -> Iterator[tuple[Page, Watch]]:
    """A guest's page that shows a result and asks for nothing more."""
    two_workers.wait()
    with chromium.new_context() as context:
        page = context.new_page()
        watch = Watch(page)
        page.goto(two_workers.url)
        page.get_by_role("button", name=re.compile("Try")).first.click()
        expect(page.locator("#listen-button")).to_be_visible()
        pages.judged(page, JAZZ)
        is_kept(page)
        watch.rest()
        yield page, watch


def test_a_page_goes_on_when_its_process_is_killed(
    two_workers: Process, at_rest: tuple[Page, Watch]
) -> None:
    page, watch = at_rest
    assert watch.refused == []
    name = staying_with(page)
    os.kill(two_workers.workers()[name], signal.SIGKILL)
    pages.start_again(page)
    pages.judged(page, METAL)
    expect(page.locator("#verdict")).to_contain_text("metal", ignore_case=True)
    is_kept(page)
    watch.rest()
    expect(page.locator("#started-again")).to_contain_text("started again")
    assert watch.refused == []
    assert pages.serious_faults(page) == []
    page.locator("#started-again button").click()
    is_loaded(page)
    expect(page.locator("#started-again")).to_have_count(0)
    pages.open_tab(page, "My music")  # a guest's, whom both know
    expect(page.get_by_role("button", name="Corner Table").first).to_be_visible()


def test_a_page_does_not_wait_for_what_went_with_a_process(
    at_rest: tuple[Page, Watch],
) -> None:
    page, _ = at_rest
    # A process takes an event, says so, and is gone before anybody hears more of it.
    taken = {"status": 200, "json": {"event_id": "of-the-killed"}}
    page.route("**/queue/join*", lambda route: route.fulfill(**taken), times=1)
    page.evaluate("window.isAsItWas = true")
    page.get_by_role("button", name="Another song").click()
    page.wait_for_function("() => !window.isAsItWas")  # it has loaded itself again
    is_loaded(page)
    pages.judged(page, METAL)
    expect(page.locator("#verdict")).to_contain_text("metal", ignore_case=True)


def test_numbers_are_those_of_all(two_workers: Process) -> None:
    two_workers.wait()
    deadline = time.monotonic() + 60
    while True:
        told = httpx.get(f"{two_workers.url}/metrics").text
        started = dict(
            re.findall(r'^process_start_time_seconds\{server="(\d)"\} (.*)$', told, re.M)
        )
        if set(started) == {"1", "2"} or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert set(started) == {"1", "2"}
    assert told.count("# TYPE genregenie_clips_total counter") == 1


def test_they_end_together_and_leave_nothing(tmp_path: Path) -> None:
    scratch = Path(tempfile.mkdtemp())  # a short path: there are sockets in it
    found = Process(tmp_path, "--workers", "2", TMPDIR=str(scratch)).wait()
    workers = found.workers()
    assert set(workers) == {"1", "2"}
    with Browser(found.url) as ada:
        ada.sign_up("Ada")
    assert found.end() == 0
    assert not any(Path(f"/proc/{number}").exists() for number in workers.values())
    assert list(scratch.iterdir()) == []
    assert b"Ada" in (tmp_path / SQLITE_NAME).read_bytes()  # and not in a log beside it
    assert "Traceback" not in found.log.read_text()


def test_what_stands_in_the_way_is_said_once(tmp_path: Path) -> None:
    found = Process(
        tmp_path, "--workers", "2", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing"
    )
    assert found.process.wait(60) == 1
    said = found.log.read_text()
    assert "The database that DATABASE_URL names cannot be used" in said
    assert "Traceback" not in said
    assert said.count("\n") <= 6


def test_a_number_that_makes_no_sense() -> None:
    told = machine.genregenie("serve", GENREGENIE_WORKERS="many")
    assert told.returncode == 1
    assert "GENREGENIE_WORKERS must be a whole number, 1 to 64." in told.stderr


# --- two servers, PostgreSQL and nginx -------------------------------------------------------

ROUND = """
upstream in_turn {
    server 127.0.0.1:7861;
    server 127.0.0.1:7862;
}
server {
    listen 443 ssl;
    ssl_certificate /etc/ssl/music.example.org.pem;
    ssl_certificate_key /etc/ssl/music.example.org.key;
    client_max_body_size 600m;
    location / {
        proxy_pass http://in_turn;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_buffering off;
        proxy_read_timeout 1h;
    }
}
"""
"""Each request to the next server, which no proxy should do."""


class Site:
    """Two servers, each with a folder of its own, and both ways in."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder, self._database = folder, database
        self.ports = {name: free_port() for name in "ab"}
        self.sticky, self.in_turn = free_port(), free_port()
        self.servers: dict[str, Process] = {}

    def begin(self) -> None:
        """Have both servers, whichever was killed."""
        for name in self.ports:
            if name not in self.servers or self.servers[name].process.poll() is not None:
                self.servers[name] = self._start(name)
        for server in self.servers.values():
            server.wait()

    def _start(self, name: str) -> Process:
        folder, port = self._folder / name, str(self.ports[name])
        folder.mkdir(exist_ok=True)
        return Process(
            folder,
            port=port,
            GENREGENIE_SERVER_NAME=name,
            GENREGENIE_SERVER_ADDRESS=f"http://127.0.0.1:{port}",
            GENREGENIE_SECRET_KEY="one key for both of them, and for nobody else",
            GENREGENIE_TRUSTED_PROXIES="127.0.0.1",
            DATABASE_URL=self._database,
        )

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        self.begin()
        here = {
            "127.0.0.1:7861": f"127.0.0.1:{self.ports['a']}",
            "127.0.0.1:7862": f"127.0.0.1:{self.ports['b']}",
        }
        sticky = proxies.configuration("nginx", "Two servers")
        with proxies.nginx((self.sticky, sticky, here)), proxies.nginx((self.in_turn, ROUND, here)):
            yield


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Site]:
    server, template = map(request.getfixturevalue, ("postgres", "postgres_with_tables"))
    with database_like(server, template) as url:
        found = Site(tmp_path_factory.mktemp("site"), url)
        try:
            with found.open():
                yield found
        finally:
            for server in found.servers.values():
                server.end(signal.SIGKILL)


def is_loaded(page: Page) -> None:
    """Wait for the page; the last result may be on it again."""
    expect(page.locator("#listen-button, #another").filter(visible=True).first).to_be_visible()


def log_in(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#listen-button")).to_be_visible()


def sign_up(url: str, name: str) -> None:
    with Browser(url) as client:
        client.sign_up(name)


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    with chromium.new_context(ignore_https_errors=True) as context:
        yield context.new_page()


def test_requests_spread_over_two_servers_all_succeed(site: Site, page: Page) -> None:
    site.begin()
    sign_up(site.servers["a"].url, "Turn")
    watch = Watch(page)
    log_in(page, f"https://localhost:{site.in_turn}", "Turn")
    for clip in (JAZZ, METAL):
        pages.judged(page, clip)
        watch.rest()
        pages.start_again(page)
    page.reload()
    is_loaded(page)
    pages.open_tab(page, "My music")
    expect(page.get_by_role("button", name="Corner Table").first).to_be_visible()
    assert watch.refused == []


def test_a_browser_walks_on_while_a_server_is_killed(site: Site, page: Page) -> None:
    site.begin()
    sign_up(site.servers["a"].url, "Walker")
    watch = Watch(page)
    log_in(page, f"https://localhost:{site.sticky}", "Walker")
    pages.judged(page, JAZZ)
    is_kept(page)
    watch.rest()
    theirs = staying_with(page)
    site.servers[theirs].end(signal.SIGKILL)
    pages.start_again(page)
    pages.judged(page, METAL)
    is_kept(page)
    expect(page.locator("#started-again")).to_be_visible()
    watch.rest()
    page.locator("#started-again button").click()
    is_loaded(page)
    assert staying_with(page) != theirs
    expect(page.locator("#bar")).to_contain_text("Walker")
    pages.open_tab(page, "My music")
    for title in ("Corner Table", "Iron Tide"):
        expect(page.get_by_role("button", name=title).first).to_be_visible()
