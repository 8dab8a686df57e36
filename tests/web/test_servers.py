"""Behind nginx and Caddy as ``docs/servers.md`` has them, at the root and under a path."""

import contextlib
import itertools
import re
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Request, expect
from starlette.requests import HTTPConnection

from genregenie.web.security.cookies import SERVER, Cookies
from genregenie.web.ui.examples import EXAMPLES
from tests import machine, warm
from tests.machine import free_port
from tests.web import pages, proxies
from tests.web.servers import GOOD, HTML

pytestmark = pytest.mark.slow

APP = "127.0.0.1:7860"
HERE = "127.0.0.1:786"
SMALL = "200k"  # less than an example has


class Site(NamedTuple):
    """How people get to the app: at which port, and under which path."""

    port: int
    path: str = ""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}{self.path}"


class App:
    """The app as a process of its own, which can be ended and started again."""

    def __init__(self, folder: Path, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self._log = folder / f"log-{self.port}"
        self._environment = {
            "GENREGENIE_DATA_DIR": str(folder),
            "GENREGENIE_TRUSTED_PROXIES": "127.0.0.1",
            "GENREGENIE_GATE": "on",
            "GRADIO_SERVER_PORT": str(self.port),
            **environment,
        }
        self.begin()

    def begin(self) -> None:
        with self._log.open("ab") as log:
            self._process = warm.start(
                "-m", "genregenie", "serve", environment=self._environment, output=log
            )

    def wait(self) -> None:
        for _ in range(1200):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200:
                    return
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.05)
        raise AssertionError("the server did not come up")

    def end(self, how: int = signal.SIGTERM) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
        self._process.wait(30)


@pytest.fixture(scope="module")
def at_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = App(tmp_path_factory.mktemp("root"))
    yield app
    app.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def under_a_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = App(tmp_path_factory.mktemp("path"), GENREGENIE_ROOT_PATH="/genre")
    yield app
    app.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def sites(at_root: App, under_a_path: App) -> Iterator[dict[str, Site]]:
    """Every way in; both web servers run for all tests, each where it is installed."""
    at_root.wait()
    under_a_path.wait()
    to_root = {APP: f"127.0.0.1:{at_root.port}"}
    to_path = {APP: f"127.0.0.1:{under_a_path.port}"}
    found = {
        name: Site(free_port(), "/genre" if "path" in name else "")
        for name in ("nginx", "nginx path", "nginx path off", "nginx small", "caddy", "caddy path")
    }
    plain, path = proxies.configuration("nginx"), proxies.configuration("nginx", "Under a path")
    with_nginx = proxies.nginx(
        (found["nginx"].port, plain, to_root),
        (found["nginx path"].port, path, to_path),
        (found["nginx path off"].port, path, {f"{APP};": f"{to_path[APP]}/;"}),
        (found["nginx small"].port, plain, {**to_root, "600m": SMALL}),
    )
    with_caddy = proxies.caddy(
        (found["caddy"].port, proxies.configuration("caddy"), to_root),
        (found["caddy path"].port, proxies.configuration("caddy", "Under a path"), to_path),
    )
    with with_nginx, with_caddy:
        yield found


numbers = itertools.count()


def sign_up(client: httpx.Client) -> str:
    """Make an account with forms; gives its name."""
    name = f"person-{next(numbers)}"
    form = client.get("/signup", headers=HTML)
    assert form.status_code == 200
    found = re.search(r'name="token" value="([^"]+)"', form.text)
    assert found
    fields = {"token": found[1], "username": name, "email": "", "password": GOOD}
    own = {**HTML, "origin": str(client.base_url.join("/")).rstrip("/")}
    assert client.post("/signup", data=fields, headers=own).status_code == 200
    return name


@pytest.mark.parametrize("way", ["nginx", "nginx path", "nginx path off", "caddy", "caddy path"])
def test_addresses_are_those_people_have_and_cookies_are_secure(
    sites: dict[str, Site], way: str
) -> None:
    site = sites[way]
    with proxies.visitor(site.url) as client:
        to_login = client.get("/app/", headers=HTML)
        assert to_login.headers["location"] == f"{site.path}/login"
        sign_up(client)
        cookies = list(client.cookies.jar)
        assert cookies
        assert {(one.secure, one.path) for one in cookies} == {(True, f"{site.path}/")}
        root = client.get("/app/config").json()["root"]
        assert root == f"{site.url}/app"
        # Whoever says otherwise of oneself is not believed by the web server in front.
        lie = {"x-forwarded-proto": "http", "x-forwarded-host": "evil.example"}
        assert client.get("/app/config", headers=lie).json()["root"] == root
        # The address of a person is known, or all would be one.
        body = Path(EXAMPLES[0].path).read_bytes()
        given = client.post("/app/gradio_api/upload", files=[("files", ("a.mp3", body))])
        assert client.get(f"/app/gradio_api/file={given.json()[0]}").content == body


@pytest.mark.parametrize("way", ["nginx", "nginx path", "caddy", "caddy path"])
def test_events_come_while_they_are_made(sites: dict[str, Site], way: str) -> None:
    with proxies.visitor(sites[way].url) as client:
        sign_up(client)
        with client.stream("GET", "/app/gradio_api/heartbeat/abc") as stream:
            assert next(stream.iter_raw())  # held back, it would come at the end, which is never


def test_a_stranger_who_says_https_gets_http(at_root: App) -> None:
    at_root.wait()
    # Not from 127.0.0.1, which this server trusts: every address of that network is this machine.
    strange = httpx.HTTPTransport(local_address="127.0.0.9")
    with httpx.Client(transport=strange, base_url=f"http://127.0.0.1:{at_root.port}") as client:
        lie = {"x-forwarded-proto": "https", "x-forwarded-host": "evil.example"}
        client.headers.update(lie)
        sign_up(client)
        assert client.get("/app/config").json()["root"] == f"http://127.0.0.1:{at_root.port}/app"
        assert not any(cookie.secure for cookie in client.cookies.jar)


def let_in(page: Page, site: Site) -> None:
    with proxies.visitor(site.url) as client:
        name = sign_up(client)
    page.goto(f"{site.url}/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#bar").get_by_text(name)).to_be_visible()


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    with chromium.new_context(ignore_https_errors=True) as context:
        yield context.new_page()


LEADS = """() => [...document.querySelectorAll("a[href], form[action], [src]")]
    .map((one) => one.href || one.action || one.src)"""


@pytest.mark.parametrize("way", ["nginx", "nginx path", "caddy path"])
def test_a_browser_logs_in_and_sees_a_verdict(page: Page, sites: dict[str, Site], way: str) -> None:
    site, asked, failed = sites[way], [], []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    let_in(page, site)
    pages.judged(page, EXAMPLES[0].path)
    pages.open_tab(page, "My music")
    expect(page.get_by_role("link", name="Save as CSV").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV").first.click()
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("When (UTC)")
    own = f"{site.url}/"
    leads = [link for link in page.evaluate(LEADS) if "open.spotify.com" not in link]
    assert {url for url in asked + leads if not url.startswith((own, "data:", "blob:"))} == set()
    assert failed == []


def test_what_the_web_server_refuses_is_explained(page: Page, sites: dict[str, Site]) -> None:
    let_in(page, sites["nginx small"])
    pages.choose(page, EXAMPLES[0].path)
    toast = page.locator(".toast-body.error")
    expect(toast).to_contain_text("more than the web server in front of GenreGenie takes")
    expect(toast).to_contain_text("client_max_body_size")
    expect(toast).not_to_contain_text("<html>")


def test_a_restart_is_told_and_got_over(page: Page, sites: dict[str, Site], at_root: App) -> None:
    let_in(page, sites["nginx"])
    at_root.end(signal.SIGKILL)
    try:
        pages.choose(page, EXAMPLES[0].path)
        told = page.locator(".toast-body.error").filter(has_text="The server is away for a moment")
        expect(told.first).to_be_visible()
        expect(page.locator(".toast-body", has_text="<html>")).to_have_count(0)
        expect(page.locator("#listen .wrap.generating, #listen .wrap.translucent")).to_have_count(0)
    finally:
        at_root.begin()
        at_root.wait()
    page.reload()
    pages.judged(page, EXAMPLES[0].path)


class Named(BaseHTTPRequestHandler):
    """Says its server's name, gives it as a cookie, and says who it was asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("set-cookie", f"genregenie-server={self.server.name}.sig; Path=/")
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def named(name: str, port: int) -> Iterator[None]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", port), Named)
    server.name = name
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


COMPOSED = (machine.ROOT / "contrib" / "Caddyfile").read_text(encoding="utf-8")


def cookie_name(profile: str, root_path: str = "") -> str:
    """What the app calls the cookie that names a server."""
    browser = HTTPConnection({"type": "http", "headers": [], "scheme": "http"})
    return Cookies(profile, root_path).store(browser, SERVER, "")[1].partition("=")[0]


NAMES_OF_COOKIE = [cookie_name("http"), cookie_name("https"), cookie_name("https", "/genre")]


@pytest.mark.parametrize(
    ("program", "text", "servers"),
    [
        (program, proxies.configuration(program.__name__, "Two servers"), (f"{HERE}1", f"{HERE}2"))
        for program in (proxies.nginx, proxies.caddy)
    ]
    + [(proxies.caddy, COMPOSED.replace("{$SITE}", proxies.NAME), ("a:7860", "b:7860"))],
    ids=["nginx", "caddy", "compose"],
)
def test_people_stay_with_their_server_while_it_is_there(
    program: Any, text: str, servers: tuple[str, str]
) -> None:
    a, b, port = free_port(), free_port(), free_port()
    ports = {there: f"127.0.0.1:{here}" for there, here in zip(servers, (a, b), strict=True)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(program((port, text, ports)))
        client = stack.enter_context(proxies.visitor(f"https://localhost:{port}"))
        stack.enter_context(named("b", b))
        with named("a", a):
            for cookie in NAMES_OF_COOKIE:
                assert answers(client, f"{cookie}=a.1.sig") == {"a"}
                assert answers(client, f"x=1; {cookie}=b-2.1.sig; y=2") == {"b"}
            assert answers(client, "not-genregenie-server=a.sig") == {"a", "b"}
            assert answers(client, "genregenie-server=ab.sig; x=a.") == {"a", "b"}
            first = client.get("/").text
            assert {client.get("/").text for _ in range(8)} == {first}
        # Its people go to the other one.
        assert answers(client, "genregenie-server=a.sig") == {"b"}


def answers(client: httpx.Client, cookie: str) -> set[str]:
    """Which servers answer somebody who has this cookie and keeps no other."""
    told = []
    for _ in range(12):
        client.cookies.clear()
        told.append(client.get("/", headers={"cookie": cookie}).text)
    client.cookies.clear()
    return set(told)
