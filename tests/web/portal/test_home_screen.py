"""The app on a phone's home screen: what its browser asks for before anybody has logged in."""

import io

from PIL import Image

from tests.web.servers import Browser, Server


def test_a_stranger_gets_the_manifest_and_every_icon_it_names(browser: Browser) -> None:
    moved = browser.get("/manifest.json")
    assert moved.status_code == 301
    address = browser.base_url.join(moved.headers["location"])
    answer = browser.get(address)
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert manifest["display"] == "standalone"
    assert answer.url.join(manifest["start_url"]).path == "/app/"
    assert answer.url.join(manifest["scope"]).path == "/"
    for icon in manifest["icons"]:
        found = browser.get(answer.url.join(icon["src"]))
        assert found.status_code == 200
        assert found.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            width, height = Image.open(io.BytesIO(found.content)).size
            assert icon["sizes"] == f"{width}x{height}"
    purposes = {icon["purpose"] for icon in manifest["icons"]}
    assert purposes == {"any", "maskable"}


def test_a_maskable_icon_has_no_corner_to_lose(browser: Browser) -> None:
    icon = Image.open(io.BytesIO(browser.get("/portal/icon-maskable-512.png").content))
    assert {icon.convert("RGB").getpixel((x, y)) for x in (0, 511) for y in (0, 511)} == {
        (0x4F, 0x46, 0xE5)
    }


def test_the_pages_name_it(browser: Browser, app: Server) -> None:
    assert 'rel="manifest" href="/portal/manifest.json' in browser.get("/").text
    with app.browser() as inside:
        page = inside.get("/app/").text
        assert 'rel="manifest" href="../portal/manifest.json"' in page
        assert 'rel="icon" href="../portal/logo.svg"' in page
        assert 'href="/manifest.json"' not in page
        assert "../portal/icon-192.png" in page


def test_the_page_is_sent_small_and_comes_out_whole(app: Server) -> None:
    with app.browser() as inside:
        small = inside.get("/app/", headers={"accept-encoding": "gzip"})
        plain = inside.get("/app/", headers={"accept-encoding": "identity"})
        assert small.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert int(small.headers["content-length"]) < len(plain.content) / 4
        assert small.text.count("<script") == plain.text.count("<script")
        # A form's secret and what a stranger may choose stand in one page: that is not compressed.
        assert "content-encoding" not in inside.get("/guide").headers
