"""The guide, as it is read in the app."""

import re
from urllib.parse import urljoin

import pytest

from genregenie.web.portal.guide import guide_paths
from tests import machine
from tests.web.servers import HTML, Server

DOCS = machine.ROOT / "docs"


def addresses(html: str, attribute: str) -> list[str]:
    return [a for a in re.findall(rf'{attribute}="([^"]+)"', html) if not a.startswith("http")]


def test_every_page_and_picture_is_there_without_a_session(server: Server) -> None:
    assert {f"/guide/{f.stem}" for f in DOCS.glob("*.md")} - {"/guide/guide"} < guide_paths()
    with server.browser() as nobody:
        for path in guide_paths():
            answer = nobody.show(path)
            assert answer.status_code == 200, path
            assert answer.headers["content-type"].startswith(("text/html", "image/"))


def test_links_and_pictures_lead_somewhere(server: Server) -> None:
    with server.browser() as nobody:
        for path in guide_paths():
            if "/images/" in path:
                continue
            html = nobody.show(path).text
            article = html[html.index("<article>") : html.index("</article>")]
            assert "<h1>" in article
            for found in addresses(article, "href") + addresses(article, "src"):
                target = urljoin(path, found.partition("#")[0])
                assert target in guide_paths(), f"{path} names {found}"


@pytest.mark.parametrize(
    "path", ["/guide/nothing", "/guide/images/nothing.png", "/guide/../app/", "/guide/%2e%2e/app"]
)
def test_what_is_no_page_of_it_stays_shut(server: Server, path: str) -> None:
    with server.browser() as nobody:
        assert nobody.get(path, headers={"accept": "*/*"}).status_code in (401, 404)
        assert nobody.get(path, headers=HTML).status_code in (303, 404)
