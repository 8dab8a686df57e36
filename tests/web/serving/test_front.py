"""Whom the app believes about how it was asked for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from genregenie.web.config import WebConfig
from genregenie.web.security.cookies import SESSION, Cookies
from genregenie.web.serving.front import Front

PROXY, STRANGER = "10.0.0.5", "203.0.113.9"
SAID = {
    "x-forwarded-proto": "https",
    "x-forwarded-host": "music.example.org",
    "x-forwarded-for": "198.51.100.7",
}


async def ask(front: Front, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await front(scope, receive, send)
    return sent


def seen(
    client: str,
    headers: dict[str, str],
    answer: Callable[[Request], Response] | None = None,
    **options: Any,
) -> tuple[Request, Any]:
    """What the app sees of a request that comes from an address, and what comes back."""
    requests = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        requests.append(Request(scope))
        response = answer(requests[-1]) if answer else Response("here")
        await response(scope, receive, send)

    raw = [(k.encode(), v.encode()) for k, v in {"host": "up:7860", **headers}.items()]
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/app/",
        "raw_path": b"/app/",
        "query_string": b"",
        "headers": raw,
        "client": (client, 1234),
        "server": ("up", 7860),
    }
    front = Front(app, proxies=(f"{PROXY}/32",), **options)
    with ThreadPoolExecutor(1) as pool:  # a browser keeps a loop running in the tests' own thread
        start = pool.submit(anyio.run, ask, front, scope).result()[0]
    return requests[0], dict(start["headers"])


def test_a_proxy_that_is_trusted_is_believed() -> None:
    request, _ = seen(PROXY, SAID)
    assert str(request.url) == "https://music.example.org/app/"
    assert request.client is not None
    assert request.client.host == "198.51.100.7"
    assert WebConfig().address(request.url) == "https://music.example.org"


def test_a_stranger_is_not(caplog: pytest.LogCaptureFixture) -> None:
    request, _ = seen(STRANGER, SAID | {"x-gradio-server": "https://evil.example"})
    assert str(request.url) == "http://up:7860/app/"
    assert request.client is not None
    assert request.client.host == STRANGER
    # Gradio would believe them.
    assert not {"x-forwarded-proto", "x-forwarded-host", "x-gradio-server"} & set(request.headers)
    # Whoever may see how the server is still knows that this was passed on.
    assert "x-forwarded-for" in request.headers
    assert "GENREGENIE_TRUSTED_PROXIES" in caplog.text
    assert STRANGER not in caplog.text


@pytest.mark.parametrize("host", ["evil.example/x", "a b", "", "a@b", "[::1", "x:999999"])
def test_what_is_no_host_is_not_taken_for_one(host: str) -> None:
    request, _ = seen(PROXY, SAID | {"x-forwarded-host": host})
    assert request.url.netloc == "up:7860"


def test_of_several_hosts_the_first_is_what_was_asked_for() -> None:
    request, _ = seen(PROXY, SAID | {"x-forwarded-host": "[2001:db8::1]:8443, inner"})
    assert request.url.netloc == "[2001:db8::1]:8443"


def test_what_the_operator_says_needs_no_proxy() -> None:
    public = "https://music.example.org/genre"
    request, _ = seen(STRANGER, {"host": "music.example.org"}, public_url=public)
    assert request.url.scheme == "https"
    request, _ = seen(STRANGER, {"host": "localhost:7860"}, public_url=public)
    assert request.url.scheme == "http"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("/login", "/genre/login"),
        ("/", "/genre/"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
        ("//elsewhere.example/x", "//elsewhere.example/x"),
        ("", ""),
    ],
)
def test_redirects_stay_under_the_path(where: str, told: str) -> None:
    def away(_request: Request) -> Response:
        return RedirectResponse(where)

    _, headers = seen(STRANGER, {}, away, root_path="/genre")
    assert headers[b"location"].decode() == told


@pytest.mark.parametrize(
    ("profile", "client", "root", "cookie"),
    [
        ("http", STRANGER, "", "genregenie=x; Path=/; HttpOnly; SameSite=Lax"),
        ("http", PROXY, "", "__Host-genregenie=x; Path=/; HttpOnly; Secure; SameSite=Lax"),
        ("https", STRANGER, "", "__Host-genregenie=x; Path=/; HttpOnly; Secure; SameSite=Lax"),
        ("http", STRANGER, "/a/b", "genregenie.a.b=x; Path=/a/b/; HttpOnly; SameSite=Lax"),
        (
            "http",
            PROXY,
            "/a",
            "__Secure-genregenie.a=x; Path=/a/; HttpOnly; Secure; SameSite=Lax",
        ),
    ],
)
def test_cookies_are_secure_where_the_connection_is(
    profile: str, client: str, root: str, cookie: str
) -> None:
    kept = Cookies(profile, root)

    def answer(request: Request) -> Response:
        response = Response()
        response.headers.append(*kept.store(request, SESSION, "x"))
        return response

    _, headers = seen(client, SAID, answer)
    assert headers[b"set-cookie"].decode() == cookie
    request, _ = seen(client, SAID | {"cookie": cookie})
    assert kept.read(request, SESSION) == "x"
