import contextlib
import itertools
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from genregenie.accounts import open_accounts
from genregenie.storage.database import DatabaseError, sqlite_url
from genregenie.web.config import WebConfig
from genregenie.web.paths import PUBLIC, is_shared
from genregenie.web.portal.guide import guide_paths
from genregenie.web.server import create_app
from tests.web.servers import (
    CHEAP,
    HTML,
    Browser,
    Server,
    Start,
    build_test_page,
    in_a_loop,
)

pytestmark = pytest.mark.slow

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
# What is for whoever runs it answers this machine: tests/web/serving has who else is told nothing.
FOR_OPERATORS = {"/readyz", "/metrics"}
OPEN = PUBLIC | FOR_OPERATORS | {"/healthz", "/favicon.ico", "/manifest.json"} | guide_paths()
PORTAL_FILES = ("portal.css", "portal.js", "landing.css", "share.css", "logo.svg")


def all_paths(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    """The path of every route, those of mounted apps included, with something for each field."""
    for route in routes:
        path = prefix + str(getattr(route, "path", ""))
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if inner:
            yield from all_paths(list(inner), path if isinstance(route, Mount) else prefix)
        elif isinstance(route, APIRoute) or hasattr(route, "path"):
            filled = path
            while "{" in filled:
                start, end = filled.index("{"), filled.index("}")
                filled = filled[:start] + "x1" + filled[end + 1 :]
            yield filled


def spellings(path: str) -> set[str]:
    """Ways to write a path that some router, proxy or file system takes for the same."""
    first = path[1:2]
    return {
        path,
        path + "/",
        path.rstrip("/") or "/",
        path.upper(),
        "/" + path,
        path.replace("/", "//"),
        path.replace("/", "/./"),
        "/portal/.." + path,
        "/login/.." + path,
        "/login/%2e%2e" + path,
        "/login;x=" + path,
        path + ";/login",
        path + "?next=/login",
        path + "%00/login",
        path + "%ff%fe%",
        "/" + f"%{ord(first):02x}" + path[2:] if first else path,
        "/" + quote(path[1:], safe=""),
        path[0] + path[1:].replace("/", "%2F"),
        path.replace("/", "\\") if path.count("/") > 1 else path,
    }


def test_every_route_of_the_running_app_is_shut(demo: Server) -> None:
    """To who is neither a person nor a guest, where guests are welcome."""
    server = demo
    paths = {*all_paths(list(server.app.routes)), "/app", "/nothing", "/openapi.json", "/docs"}
    gradio = {p for p in paths if p.startswith("/app/gradio_api/")}
    # The walk sees Gradio's inside: uploads, queue, files, event streams, calls.
    for part in ("upload", "queue/join", "queue/data", "file=x1", "heartbeat/x1", "call/x1"):
        assert f"/app/gradio_api/{part}" in gradio
    assert {"/app/config", "/app/theme.css", "/app/monitoring/x1", "/account"} <= paths
    assert {"/s/x1", "/s/x1/card.png", "/history/results.csv", "/history/results.json"} <= paths
    assert len(paths) > 90
    asked, open_to_all = 0, set()
    # Not httpx, which would tidy the spellings up before they are sent.
    with contextlib.closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as client:
        for path in sorted(paths):
            for variant in sorted(spellings(path)):
                plain = unquote(variant.partition("?")[0])
                if plain in OPEN:
                    continue
                allowed = {401}
                if is_shared(plain):  # it leads nowhere, and that is all anybody learns
                    open_to_all.add(plain)
                    allowed = {404, 405}
                # Every method on the path itself, the two that matter most on its spellings.
                for method in METHODS if variant == path else ("GET", "POST"):
                    client.request(method, variant)
                    answer = client.getresponse()
                    answer.read()
                    assert answer.status in allowed, (method, variant, answer.status)
                    asked += 1
    assert open_to_all == {"/s/x1", "/s/x1/card.png"}
    assert asked > 2000


@pytest.fixture(scope="module")
def demo(start: Start) -> Server:
    return start(WebConfig(gate="demo"))


@pytest.mark.parametrize("gate", ["on", "demo"])
def test_the_front_door_answers_everybody_and_opens_nothing(start: Start, gate: str) -> None:
    running = start(WebConfig(gate=gate))
    with running.browser() as client:
        for accept in ("*/*", "text/html", "application/json", "", "image/png;q=0.1"):
            for method in ("GET", "HEAD"):
                answer = client.request(method, "/", headers={"accept": accept})
                assert answer.status_code == 200
                assert answer.headers["content-type"].startswith("text/html")
        assert "genregenie" not in client.cookies
        assert client.get("/app/config").status_code == 401
        for method in set(METHODS) - {"GET", "HEAD"}:
            assert client.request(method, "/").status_code == 405
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_sessions_of_guests_end_and_open_nothing_any_more(start: Start) -> None:
    running = start(WebConfig(gate="demo"))
    token = running.guest()
    with running.browser() as client:
        client.cookies.set("genregenie", token)
        assert client.get("/app/config").status_code == 200
        running.accounts.guests.clear(everybody=True)
        assert client.get("/app/config").status_code == 401
        assert client.get("/").status_code == 200


def test_where_guests_are_no_longer_welcome_they_are_gone(tmp_path: Path) -> None:
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP)
    guest, _ = accounts.guests.add()
    who, _ = accounts.people.sign_up("Ada", "", GOOD_BUT_WRONG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", "")
        create_app(build_test_page, WebConfig(gate="demo"), accounts)
        assert accounts.people.living() == {guest.id, who.id}
        create_app(build_test_page, WebConfig(gate="on"), accounts)
    assert accounts.people.living() == {who.id}
    accounts.close()


@pytest.mark.parametrize("path", ["/app/", "/app/gradio_api/info", "/account", "/nothing"])
def test_pages_are_sent_to_log_in_and_nothing_else_is(server: Server, path: str) -> None:
    with server.browser() as client:
        answer = client.show(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")
        for headers in ({}, {"accept": "application/json"}, {**HTML, "sec-fetch-dest": "image"}):
            refused = client.get(path, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("cookie", ["", "nonsense", "a" * 43, "é", "x" * 5000, "../../etc"])
def test_made_up_cookies_open_nothing(server: Server, cookie: str) -> None:
    headers = {"cookie": f"genregenie={cookie}".encode()}
    answer = httpx.get(server.url + "/app/config", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401


def test_what_needs_no_session(server: Server) -> None:
    with server.browser() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for path in ("/login", "/signup", "/reset"):
            assert client.show(path).status_code == 200
        for name in PORTAL_FILES:
            assert client.get(f"/portal/{name}").status_code == 200
        for name in ("../context.py", "templates", "%2e%2e/context.py", ""):
            assert client.get(f"/portal/{name}").status_code == 401


@pytest.mark.parametrize(
    ("known", "origin", "status"), [(False, "{own}", 401), (True, "https://evil.example", 403)]
)
@pytest.mark.parametrize("extension", [True, False])
def test_websockets_are_refused_before_they_are_accepted(
    start: Start, known: bool, origin: str, status: int, extension: bool
) -> None:
    running = start()
    app, token = running.app, running.guest() if known else "nonsense"
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/app/gradio_api/queue/join",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"cookie", f"genregenie={token}".encode()),
            (b"origin", origin.format(own="http://localhost").encode()),
        ],
        "extensions": {"websocket.http.response": {}} if extension else {},
    }
    in_a_loop(app, scope, receive, send)
    assert sent[0]["type"] == "websocket.http.response.start" if extension else "websocket.close"
    assert sent[0].get("status", status) == status
    assert "websocket.accept" not in {message["type"] for message in sent}


def test_with_a_session_the_app_is_there(browser: Browser) -> None:
    browser.newcomer("inside-ada")
    assert "gradio" in browser.show("/app/").text
    assert browser.show("/app").headers["location"] == "/app/"
    assert browser.show("/").headers["location"] == "/app/"
    assert browser.get("/app/config").status_code == 200
    assert browser.show("/nothing").status_code == 404
    assert browser.get("/app/nothing").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "monitoring", "monitoring/summary", "login", "gradio_api/proxy=https://x.hf.space/",
        "gradio_api/file=https://example.org/", "gradio_api/vibe-code", "gradio_api/deep_link",
        "gradio_api/process_recording", "gradio_api/component_server", "gradio_api/file/etc/passwd",
        "gradio_api/run-history/buckets", "gradio_api/dev/reload",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_doors_the_page_does_not_use_stay_shut_inside(
    server: Server, path: str, method: str
) -> None:
    with server.browser() as client:
        _as_somebody(server, client)
        answer = client.request(method, f"/app/{path}", headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 404


def _as_somebody(server: Server, client: httpx.Client) -> None:
    client.cookies.set("genregenie", server.guest())


FOREIGN: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "nonsense"},
    {"sec-fetch-site": "cross-site", "origin": "{own}"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:1"},
    {"origin": "{own}.evil.example"},
    {"origin": "http://[broken"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    "path", ["/login", "/signup", "/reset", "/logout", "/account/delete", "/app/gradio_api/upload"]
)
def test_other_sites_can_change_nothing(server: Server, path: str, headers: dict[str, str]) -> None:
    with server.browser() as client:
        _as_somebody(server, client)
        sent = {k: v.format(own=server.url) for k, v in headers.items()}
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert client.request(method, path, headers=sent).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": "{own}"}]
)
def test_our_own_pages_can(server: Server, headers: dict[str, str]) -> None:
    with server.browser() as client:
        sent = {k: v.format(own=server.url) for k, v in {**HTML, **headers}.items()}
        answer = client.fill("/login", headers=sent, username="nobody", password=GOOD_BUT_WRONG)
        assert answer.status_code == 401


GOOD_BUT_WRONG = "nine green mondays in a row"


def test_a_link_from_another_site_still_opens_the_page(server: Server) -> None:
    with server.browser() as client:
        answer = client.get("/login", headers={**HTML, "sec-fetch-site": "cross-site"})
        assert answer.status_code == 200


def test_security_headers(server: Server, start: Start) -> None:
    login = httpx.get(server.url + "/login").headers
    policy = login["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert login["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in login
    for answer in (login, httpx.get(server.url + "/app/config").headers):
        assert answer["x-content-type-options"] == "nosniff"
        assert answer["referrer-policy"] == "same-origin"
        assert "content-security-policy" in answer
    space = start(WebConfig(cookies="space"))
    framed = httpx.get(space.url + "/login").headers
    assert "frame-ancestors https://huggingface.co" in framed["content-security-policy"]
    assert "x-frame-options" not in framed
    assert framed["strict-transport-security"]


@pytest.mark.parametrize(
    ("profile", "name", "flags"),
    [
        ("http", "genregenie", {"HttpOnly", "SameSite=Lax"}),
        ("https", "__Host-genregenie", {"HttpOnly", "SameSite=Lax", "Secure"}),
        ("space", "__Host-genregenie", {"HttpOnly", "SameSite=None", "Secure", "Partitioned"}),
    ],
)
def test_cookies_are_marked_for_the_place(
    start: Start, profile: str, name: str, flags: set[str]
) -> None:
    running = start(WebConfig(cookies=profile))
    running.accounts.people.sign_up("Ada", "", GOOD_BUT_WRONG)
    visitor = httpx.get(running.url + "/login")
    cookie = visitor.headers["set-cookie"].split(";")[0]
    token = visitor.text.split('name="token" value="')[1].split('"')[0]
    answer = httpx.post(
        running.url + "/login",
        data={"token": token, "username": "Ada", "password": GOOD_BUT_WRONG},
        headers={"cookie": cookie},
    )
    session = next(
        c for c in answer.headers.get_list("set-cookie") if c.startswith(f"{name}=")
    ).split("; ")
    assert len(session[0]) == len(name) + 1 + 43
    assert set(session[1:]) == {*flags, "Path=/", f"Max-Age={90 * 86400}"}


def test_a_database_that_is_away_gives_503_and_not_the_app(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start()

    def fail(*_args: Any) -> None:
        raise DatabaseError(RuntimeError("SELECT secret"))

    monkeypatch.setattr(running.accounts.sessions, "user_of", fail)
    monkeypatch.setattr(running.accounts.people, "log_in", fail)
    answer = httpx.get(running.url + "/app/config", headers={"cookie": "genregenie=x"})
    assert answer.status_code == 503
    assert "secret" not in answer.text
    with running.browser() as client:
        answer = client.log_in("Ada")
        assert answer.status_code == 503
        assert "secret" not in answer.text
        assert "try again" in answer.text


def test_the_gate_off_lets_everybody_in_and_has_no_portal(start: Start) -> None:
    running = start(WebConfig(gate="off"))
    with running.browser() as client:
        assert client.show("/app/").status_code == 200
        assert client.get("/app/config").status_code == 200
        assert client.show("/").headers["location"] == "/app/"
        for path in itertools.chain(PUBLIC, ["/account", "/account/data", "/logout"]):
            assert client.show(path).headers["location"] == "/app/"
        refused = client.post("/app/gradio_api/upload", headers={"sec-fetch-site": "cross-site"})
        assert refused.status_code == 403
