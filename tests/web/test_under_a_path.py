"""The whole app under a path of its host: no link, form, script or picture leads out of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from genregenie.common import settings
from genregenie.common.settings import SettingsError
from genregenie.inference.classifier import Classifier
from genregenie.web.config import WebConfig
from genregenie.web.saved_results import as_result
from genregenie.web.server import create_app
from genregenie.web.ui.examples import EXAMPLES
from tests.web.servers import GOOD, Browser, Server, Start, build_test_page

ROOT = "/genre"
ADDRESSES = {"href", "src", "action", "formaction", "poster", "content"}
# Spotify's search, and what Gradio's page says of itself to those who show previews.
ELSEWHERE = {"open.spotify.com", "raw.githubusercontent.com", "huggingface.co", "gradio.app"}


class Links(HTMLParser):
    """Every address in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            is_one = name in ADDRESSES and value and not value.startswith(("data:", "#"))
            if is_one and (name != "content" or value.startswith(("/", "http"))):
                self.found.append(value)


def texts(value: Any) -> Iterator[str]:
    """Every text in parsed JSON."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def addresses(page: httpx.Response) -> set[str]:
    """Where a page leads, also by the pieces of HTML in Gradio's settings."""
    found = re.search(r"window\.gradio_config = (\{.*?\});\s*</script>", page.text, re.DOTALL)
    pieces = [text for text in texts(json.loads(found[1])) if "<" in text] if found else []
    return {
        urljoin(str(page.url), link) for text in (page.text, *pieces) for link in Links(text).found
    }


@pytest.fixture(scope="module")
def server(start: Start) -> Server:
    return start(WebConfig(gate="demo", root_path=ROOT), page=None, proxy_headers=False)


@pytest.fixture
def ada(server: Server) -> Iterator[Browser]:
    """Somebody who looks after the server and knows it by its whole address."""
    with Browser(f"{server.url}{ROOT}") as client:
        client.sign_up("Ada")
        server.accounts.admin.promote("Ada")
        yield client
        server.accounts.admin.demote("Ada")
        assert client.fill("/account/delete", "/account", current=GOOD).status_code == 303


def shared(server: Server, client: Browser) -> str:
    """The token of a link to a result of somebody's."""
    person = server.accounts.sessions.user_of(client.cookies["genregenie.genre"])
    assert person is not None
    heard = replace(Classifier.load().predict(EXAMPLES[0].path), artist=None, title=None)
    number = server.accounts.results.keep(person.id, as_result(heard, 'A "song" <href="/x">'))
    assert number is not None
    token = server.accounts.shares.make(person.id, number, server.app.state.portal.config.key)
    assert token is not None
    return token


@pytest.mark.slow
def test_no_page_leads_out(server: Server, ada: Browser) -> None:
    open_to_all = ["/", "/login", "/signup", "/reset", "/reset/link", "/guide", "/nowhere"]
    open_to_all += [f"/s/{shared(server, ada)}", "/s/none"]
    seen: set[str] = set()
    with Browser(f"{server.url}{ROOT}") as stranger:
        for path in open_to_all:
            seen |= addresses(stranger.show(path))
    for path in ["/account", "/admin", "/app/", "/logout"]:
        page = ada.show(path)
        assert page.status_code == 200
        seen |= addresses(page)
    here = {link for link in seen if urlsplit(link).hostname not in ELSEWHERE}
    assert len(here) > 40
    assert {link for link in here if not link.startswith(f"{server.url}{ROOT}/")} == set()
    for link in sorted(here):
        answer = ada.get(link.partition("#")[0], headers={"accept": "text/html"})
        # What only a form may ask for is not there for a look.
        assert answer.status_code in (200, 303, 405), link
        assert answer.headers.get("location", ROOT).startswith(ROOT)


@pytest.mark.parametrize("prefix", ["", ROOT])
def test_it_works_whether_or_not_a_proxy_takes_the_path_off(server: Server, prefix: str) -> None:
    with httpx.Client(base_url=f"{server.url}{prefix}/") as proxy:
        assert proxy.get("healthz").status_code == 200
        entered = proxy.get("app/?x=1", headers={"accept": "text/html"})
        assert entered.headers["location"] == f"{ROOT}/login?next=/app/%3Fx%3D1"
        assert proxy.get("portal/manifest.json").status_code == 200
        assert f'action="{ROOT}/login"' in proxy.get("login").text
        odd = proxy.get("app/%2e%2e/account%3F", headers={"accept": "text/html"})
        assert odd.headers["location"].startswith(f"{ROOT}/login?next=/app/")


def test_the_path_itself_leads_to_its_front_door(server: Server) -> None:
    moved = httpx.get(f"{server.url}{ROOT}?a=b")
    assert (moved.status_code, moved.headers["location"]) == (308, f"{ROOT}/?a=b")
    assert httpx.get(f"{server.url}/%67enre/healthz").status_code == 200
    other = httpx.get(f"{server.url}{ROOT}x/login", headers={"accept": "text/html"})
    assert other.headers["location"] == f"{ROOT}/login?next={ROOT}x/login"


def test_gradio_gives_addresses_under_the_path(server: Server, ada: Browser) -> None:
    ada.show("/app/")
    assert ada.get("/app/config").json()["root"] == f"{server.url}{ROOT}/app"
    given = ada.post("/app/gradio_api/upload", files=[("files", ("a.txt", b"a"))]).json()
    assert ada.get(f"/app/gradio_api/file={given[0]}").content == b"a"


def test_cookies_are_for_the_path_alone(server: Server) -> None:
    with Browser(f"{server.url}{ROOT}") as client:
        client.show("/login")
        (cookie,) = client.cookies.jar
        assert (cookie.name, cookie.path) == ("genregenie-visitor.genre", f"{ROOT}/")
        # Another app of ours at the root of the host would be sent along by a browser.
        client.cookies.set("genregenie-visitor", "another", path="/")
        assert client.log_in("Nobody-Here").status_code == 401


def test_a_path_may_not_be_one_of_ours() -> None:
    with pytest.raises(SettingsError, match="cannot begin with /app"):
        create_app(build_test_page, WebConfig(root_path="/app/x"))


@pytest.mark.parametrize(
    ("root", "public", "path", "address"),
    [
        ("", "", "", None),
        ("/genre", "", "/genre", None),
        ("/genre/", "https://a.example", "/genre", "https://a.example/genre"),
        ("/genre", "https://a.example/genre/", "/genre", "https://a.example/genre"),
        ("", "https://a.example/some/genre", "/some/genre", "https://a.example/some/genre"),
        ("/", "", "", None),
    ],
)
def test_the_path_is_said_in_one_place_or_two(
    monkeypatch: pytest.MonkeyPatch, root: str, public: str, path: str, address: str | None
) -> None:
    monkeypatch.setenv("GENREGENIE_ROOT_PATH", root)
    monkeypatch.setenv("GENREGENIE_PUBLIC_URL", public)
    assert settings.root_path() == path
    assert settings.public_url() == address


@pytest.mark.parametrize(
    ("root", "public"),
    [
        ("genre", ""),
        ("/a/../b", ""),
        ("/ä", ""),
        ("/a//b", ""),
        ('/"><b>', ""),
        ("/genre", "https://a.example/other"),
        ("", "https://a.example/%67"),
    ],
)
def test_a_path_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, root: str, public: str
) -> None:
    monkeypatch.setenv("GENREGENIE_ROOT_PATH", root)
    monkeypatch.setenv("GENREGENIE_PUBLIC_URL", public)
    with pytest.raises(SettingsError, match="GENREGENIE_"):
        settings.public_url()
