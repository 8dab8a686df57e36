"""The page as people meet it: a real server, a real browser, real clips."""

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.ui.examples import EXAMPLES
from tests import sounds
from tests.web.pages import choose, judged, open_tab, serious_faults, start_again
from tests.web.servers import NewTab, Scheme, Server


@pytest.fixture
def page(new_tab: NewTab, app: Server) -> Page:
    opened = new_tab(app)
    opened.goto("/app/")
    expect(opened.locator("#listen-button")).to_be_visible()
    return opened


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp3"
    path.write_bytes(sounds.encode(sounds.tune(8.0, 44_100), 44_100, "mp3", "libmp3lame"))
    return path


def test_a_clip_gets_its_verdict(page: Page, clip: Path) -> None:
    judged(page, clip)
    sentence = Headline.of(Classifier.load().predict(clip)).title
    expect(page.locator("#verdict h2")).to_have_text(sentence)
    expect(page.locator("#verdict h2")).to_be_focused()


def test_a_real_clip_fills_table_and_plot(page: Page, gtzan: Path) -> None:
    judged(page, gtzan / "audio/full/metal.00001.flac")
    expect(page.locator("#verdict")).to_contain_text("Metal")
    cells = page.locator("#table [role=gridcell]")
    expect(cells.first).to_contain_text("Metal")
    expect(page.locator("#table")).to_contain_text("Classical")
    # The bar is in the cell: as long as the number says.
    bar = page.locator("#table [style*=gradient]").first.get_attribute("style") or ""
    share = float(re.findall(r"([0-9.]+)%", bar)[0])
    assert float(cells.nth(1).inner_text()) == pytest.approx(share, abs=0.051)
    expect(page.locator("#timeline svg rect").first).to_be_attached()
    expect(page.locator("#sounds-like li")).to_have_count(6)


def test_the_player_and_its_ribbon_are_one(page: Page, gtzan: Path) -> None:
    judged(page, gtzan / "audio/full/metal.00001.flac")
    strip, audio = (
        page.get_by_role("slider", name="Place in the clip"),
        page.locator("#player audio"),
    )
    expect(audio).to_have_js_property("readyState", 4)
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": box["width"] / 2, "y": 10})
    page.wait_for_function("Math.abs(document.querySelector('#player audio').currentTime - 15) < 1")
    expect(page.locator("#timeline .gg-cursor")).to_be_visible()
    expect(page.locator("#timeline .gg-now")).to_have_text("Metal")
    at_s = audio.evaluate("audio => audio.currentTime")
    strip.press("ArrowRight")
    page.wait_for_function(
        "at => Math.abs(document.querySelector('#player audio').currentTime - at - 5) < 0.5",
        arg=at_s,
    )
    expect(strip).to_have_attribute("aria-valuetext", "0:20, Metal")
    assert float(strip.get_attribute("aria-valuenow") or 0) == pytest.approx(20.0, abs=0.5)


def test_a_bad_file_gets_a_sentence_and_the_next_one_works(
    page: Page, clip: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "broken.mp3"
    bad.write_bytes(b"this is not a song")
    assert serious_faults(page) == []  # the start
    choose(page, bad)
    expect(page.locator("#verdict")).to_contain_text("not audio", timeout=20_000)
    assert serious_faults(page) == []  # an error
    expect(page.locator("#player audio")).to_be_hidden()
    start_again(page)
    judged(page, clip)


def test_an_example_plays_and_is_judged(page: Page) -> None:
    example = EXAMPLES[0]
    page.get_by_role("button", name=example.name).click()
    sentence = Headline.of(Classifier.load().predict(example.path)).title
    expect(page.locator("#verdict h2")).to_have_text(sentence, timeout=20_000)
    expect(page.locator("#player audio")).to_be_visible()


def test_nothing_is_fetched_from_elsewhere(chromium: Chromium, app: Server, clip: Path) -> None:
    context = chromium.new_context(base_url=app.url)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/app/")
    judged(page, clip)
    context.close()
    elsewhere = [u for u in asked if not u.startswith((app.url, "data:", "blob:"))]
    assert elsewhere == []
    assert asked


@pytest.mark.slow
def test_the_named_endpoint_answers_programs(app: Server, clip: Path) -> None:
    client = Client(f"{app.url}/app/", verbose=False)
    answer = client.predict(handle_file(clip), api_name="/classify")
    client.close()
    prediction = Classifier.load().predict(clip)
    assert answer["verdict"] == prediction.verdict
    assert answer["confidences"] == pytest.approx(prediction.confidences)


@pytest.mark.slow
def test_too_large_a_file_is_refused(app: Server, tmp_path: Path) -> None:
    big = bytes(51 * 1024 * 1024)
    answer = httpx.post(f"{app.url}/app/gradio_api/upload", files={"files": ("big.wav", big)})
    assert answer.status_code == 413


@pytest.fixture(scope="module")
def with_a_verdict(chromium: Chromium, app: Server) -> Iterator[Callable[[Scheme], Page]]:
    """A page with a verdict on it, one for each scheme and all tests."""
    context = chromium.new_context(base_url=app.url)

    @functools.cache
    def open_in(scheme: Scheme) -> Page:
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)
        page.goto("/app/")
        tune = sounds.encode(sounds.tune(8.0, 44_100), 44_100, "mp3", "libmp3lame")
        clip = {"name": "clip.mp3", "mimeType": "audio/mpeg", "buffer": tune}
        judged(page, clip)
        expect(page.locator("#was-it-right h3")).to_be_visible()
        page.wait_for_timeout(1_000)  # what comes after it comes in gently
        return page

    yield open_in
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tab", [["Listen"], ["Many songs"], ["About", "How good it is"]])
def test_axe_finds_no_serious_fault(
    with_a_verdict: Callable[[Scheme], Page], tab: list[str], scheme: Scheme
) -> None:
    page = with_a_verdict(scheme)
    open_tab(page, *tab)
    assert serious_faults(page) == []
