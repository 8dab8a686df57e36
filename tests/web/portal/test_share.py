"""Shared results over real HTTP: open to whoever has the link, and to nobody without."""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import unquote

import httpx
import pytest
from cachetools import TTLCache
from PIL import Image

from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Prediction
from genregenie.web.config import WebConfig
from genregenie.web.paths import is_shared
from genregenie.web.portal import share
from genregenie.web.saved_results import as_result
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.views import sentences
from tests.web.servers import GOOD, HTML, Server, Start

NAME = 'Ein "langes" Lied & <mehr>'


@pytest.fixture(scope="module")
def heard() -> Prediction:
    return replace(Classifier.load().predict(EXAMPLES[0].path), artist=None, title=None)


@pytest.fixture
def person(server: Server) -> Iterator[int]:
    who, _ = server.accounts.people.sign_up("Sharing-Ada", "", GOOD)
    yield who.id
    server.accounts.people.delete(who)


def keep(server: Server, person: int, heard: Prediction) -> int:
    number = server.accounts.results.keep(person, as_result(heard, NAME))
    assert number is not None
    return number


def link(server: Server, person: int, number: int) -> str:
    token = server.accounts.shares.make(person, number, server.app.state.portal.config.key)
    assert token is not None
    return f"/s/{token}"


def test_a_shared_result_is_there_without_a_session(
    server: Server, person: int, heard: Prediction
) -> None:
    path = link(server, person, keep(server, person, heard))
    with server.browser() as client:
        answer = client.show(path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert client.head(path).status_code == 200
        assert client.post(path).status_code == 405
    html = answer.text
    assert Headline.of(heard).title in html
    assert sentences.timeline_sentence(heard) in html
    assert html.count("https://open.spotify.com/search/") == 6
    assert '<a class="button primary big" href="/">Try it with a song of yours</a>' in html
    assert "data:image/jpeg" not in html
    assert html.count('class="percent"') == 10
    assert "<svg" in html
    for absent in ("Sharing-Ada", "<audio", "<script", "/account", "/app/", "<mehr>"):
        assert absent not in html
    headers = answer.headers
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]


def test_previews_find_their_picture(server: Server, person: int, heard: Prediction) -> None:
    path = link(server, person, keep(server, person, heard))
    with server.browser() as client:
        html = client.show(path).text
        found = dict(
            re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)">', html)
        )
        assert found["og:url"] == server.url + path
        assert found["og:image"] == found["twitter:image"] == f"{server.url}{path}/card.png"
        assert found["twitter:card"] == "summary_large_image"
        title = f"Ein &#34;langes&#34; Lied &amp; &lt;mehr&gt;: {Headline.of(heard).sentence}"
        assert found["og:title"] == found["twitter:title"] == title
        assert found["og:image:alt"] == title
        answer = client.get(f"{path}/card.png")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        picture = Image.open(io.BytesIO(answer.content))
        size = (int(found["og:image:width"]), int(found["og:image:height"]))
        assert picture.size == size == (1200, 630)


def test_a_cover_is_on_the_page_and_its_picture_while_its_owner_shows_it(
    server: Server, person: int, heard: Prediction
) -> None:
    number = keep(server, person, heard)
    path = link(server, person, number)
    buffer = io.BytesIO()
    Image.new("RGB", (320, 320), (255, 0, 255)).save(buffer, "JPEG")

    def shown() -> tuple[bool, bool]:
        html = httpx.get(server.url + path).text
        with Image.open(io.BytesIO(httpx.get(f"{server.url}{path}/card.png").content)) as card:
            red, green, blue = card.getpixel((200, 200))  # type: ignore[misc]
        return "data:image/jpeg" in html, red > 240 > 15 > green and blue > 240

    assert shown() == (False, False)
    server.accounts.shares.show_cover(person, number, buffer.getvalue())
    assert shown() == (True, True)
    server.accounts.shares.show_cover(person, number, None)
    assert shown() == (False, False)


def test_the_public_address_is_the_one_in_previews(start: Start, heard: Prediction) -> None:
    running = start(WebConfig(public_url="https://music.example.org"))
    who, _ = running.accounts.people.sign_up("Ada", "", GOOD)
    path = link(running, who.id, keep(running, who.id, heard))
    html = httpx.get(running.url + path).text
    assert f'<meta property="og:image" content="https://music.example.org{path}/card.png">' in html
    assert running.url not in html


def test_what_is_not_music_can_be_shared(server: Server, person: int, heard: Prediction) -> None:
    noise = replace(heard, genre=None, verdict="not music")
    path = link(server, person, keep(server, person, noise))
    answer = httpx.get(server.url + path)
    assert answer.status_code == 200
    assert "Not music, as far as I can hear" in answer.text
    assert httpx.get(f"{server.url}{path}/card.png").status_code == 200


def test_dead_and_made_up_links_give_one_and_the_same_page(
    server: Server, heard: Prediction
) -> None:
    accounts = server.accounts
    who, _ = accounts.people.sign_up("Leaving-Ada", "", GOOD)
    taken_back, deleted, orphaned = (keep(server, who.id, heard) for _ in range(3))
    paths = [link(server, who.id, n) for n in (taken_back, deleted, orphaned)]
    assert all(httpx.get(server.url + path).status_code == 200 for path in paths)
    accounts.shares.take_back(who.id, taken_back)
    accounts.results.delete(who.id, deleted)
    accounts.people.delete(who)
    paths += ["/s/x", f"/s/{'A' * 43}", f"/s/{'A' * 100}", f"/s/{'A' * 43}/card.png"]
    paths += [f"{path}/card.png" for path in paths[:3]]
    answers = [httpx.get(server.url + path, headers=HTML) for path in paths]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "nothing behind this link" in answers[0].text
    ignored = ("date", "content-length", "x-request-id")
    heads = [{k: v for k, v in a.headers.items() if k not in ignored} for a in answers]
    assert all(head == heads[0] for head in heads)


@pytest.mark.parametrize(
    "path",
    ["/s", "/s/", "/s/a/", "/s/a/card.png/", "/s/a/b", "/s/a/../b", "/s/a%2Fb", "/S/a", "/s/%C3%A9",
     "/s/a\n", "/s/" + "a" * 101, "/s//card.png", "/app/s/a", "/s/a.b", "/s/a;b", "//s/a"],
)  # fmt: skip
def test_nothing_else_is_open(server: Server, path: str) -> None:
    assert not is_shared(unquote(path))
    if "\n" in path:
        return
    # Not httpx, which would tidy the path up before it is sent.
    with contextlib.closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as client:
        client.request("GET", path)
        assert client.getresponse().status == 401


def test_a_card_that_was_drawn_is_forgotten_in_time(
    server: Server, person: int, heard: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(share, "_cards", TTLCache(64, 600, timer=lambda: now[0]))
    number = keep(server, person, heard)
    path = link(server, person, number)
    with server.browser() as client:
        assert client.show(f"{path}/card.png").status_code == 200
    drawn = share._cards.currsize
    server.accounts.results.delete(person, number)
    with server.browser() as client:  # in no process, from now on
        assert client.show(f"{path}/card.png").status_code == 404
    now[0] = 601.0
    share.forget_cards()
    assert (drawn, len(share._cards)) == (1, 0)
