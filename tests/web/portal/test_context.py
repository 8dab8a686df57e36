"""What all pages of the portal have in common."""

import re

import httpx
import pytest

from genregenie.web.config import WebConfig
from tests.web.servers import HTML, Server, Start

pytestmark = pytest.mark.slow


def test_the_portal_says_when_accounts_do_not_last(start: Start, server: Server) -> None:
    space = start(WebConfig(ephemeral=True))
    for path in ("/", "/login", "/signup"):
        assert "until its next restart" in httpx.get(space.url + path).text
        assert "until its next restart" not in httpx.get(server.url + path).text


def test_in_a_frame_a_new_tab_is_offered(server: Server) -> None:
    with server.browser() as client:
        framed = client.get("/login", headers={**HTML, "sec-fetch-dest": "iframe"})
        assert 'target="_blank"' in framed.text
        assert 'target="_blank"' not in client.show("/login").text


@pytest.mark.parametrize("path", ["/login", "/signup", "/reset"])
def test_pages_are_made_for_people_and_their_tools(server: Server, path: str) -> None:
    html = httpx.get(server.url + path).text
    assert '<html lang="en">' in html
    assert "Names the genre of a song, and says how sure it is." in html
    assert "portal for" not in html
    assert 'name="viewport"' in html
    for name in re.findall(r'<input id="([^"]+)"', html):
        assert f'<label for="{name}">' in html
    assert 'autocomplete="username"' in html
    expected = "current-password" if path == "/login" else "new-password"
    assert f'autocomplete="{expected}"' in html
    assert not re.search(r"<script(?! src=)|\son\w+=|style=|javascript:|https?://", html)
