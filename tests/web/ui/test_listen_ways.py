"""Ways into the Listen tab: formats, keyboard, telephone; waiting, cancelling."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from genregenie.audio import AUDIO_SUFFIXES, AudioFile
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web import analysis
from genregenie.web.ui import turns
from genregenie.web.ui.examples import EXAMPLES
from tests import machine, sounds
from tests.web.pages import (
    VERDICT_MS,
    choose,
    expect_state,
    judged,
    open_tab,
    serious_faults,
    start_again,
)
from tests.web.servers import NewTab, Server

# The first to ask has librosa loaded and compiled, which alone is seconds of work.
COMPARED_MS = 60_000


@pytest.fixture
def page(new_tab: NewTab, app: Server) -> Page:
    return opened(new_tab(app))


def opened(page: Page, address: str = "/app/") -> Page:
    page.goto(address)
    expect(page.locator("#listen-button")).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("suffix", "container", "codec"),
    [("wav", "wav", "pcm_s16le"), ("mp3", "mp3", "libmp3lame"), ("m4a", "ipod", "aac")],
)
def test_every_usual_format(
    page: Page, gtzan: Path, tmp_path: Path, suffix: str, container: str, codec: str
) -> None:
    with AudioFile(gtzan / "audio/full/reggae.00001.flac") as audio:
        samples = np.concatenate([b for s in audio.stretches() for b in s.blocks])
    clip = tmp_path / f"Ünder 100% (live) #1 & more.{suffix}"
    clip.write_bytes(sounds.encode(samples[np.newaxis], 22_050, container, codec))
    judged(page, clip)
    sentence = Headline.of(Classifier.load().predict(clip)).title
    expect(page.locator("#verdict h2")).to_have_text(sentence)
    expect(page.locator("#verdict")).to_contain_text("Ünder 100% (live) #1")


def test_clips_that_a_browser_takes_for_no_audio(page: Page, tmp_path: Path) -> None:
    """Gradio's own component refuses them; here the server hears them, or says why not."""
    tune = sounds.tune(3.0, 44_100)
    clips = {
        "one.dsf": (sounds.dsf(0.5 * tune, 44_100), "result"),
        "two.caf": (sounds.encode(tune, 44_100, "caf", "pcm_s16be"), "result"),
        "three": (sounds.encode(tune, 44_100), "result"),
        "four.mov": (sounds.encode(tune, 44_100, "mov", "nellymoser"), "error: nellymoser"),
        "five.txt": (b"words", "error: This is not audio"),
    }
    for name, (content, said) in clips.items():
        path = tmp_path / name
        path.write_bytes(content)
        choose(page, path)
        state, _, words = said.partition(": ")
        expect_state(page, *(["error"] if state == "error" else ["result", "nothing"]))
        expect(page.locator("#verdict")).to_contain_text(words)
        start_again(page)
    accepted = page.locator("#clip input[type=file]")
    accepted.dispatch_event("click")
    assert set(AUDIO_SUFFIXES) <= set((accepted.get_attribute("accept") or "").split(","))


def test_a_dropped_clip_of_any_kind(page: Page) -> None:
    page.evaluate(
        """(bytes) => {
          const dropped = new DataTransfer();
          dropped.items.add(new File([new Uint8Array(bytes)], "tune.mpc"));
          const zone = document.querySelector("#examples-title");
          zone.dispatchEvent(
            new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true })
          );
        }""",
        list((machine.TESTS / "files/tune.mpc").read_bytes()),
    )
    expect_state(page, "result", "nothing")


def test_a_second_clip_replaces_the_first(page: Page, gtzan: Path) -> None:
    for genre in ("metal", "classical"):
        clip = gtzan / f"audio/full/{genre}.00001.flac"
        if genre == "classical":
            start_again(page)
            expect(page.locator("#result")).to_be_hidden()
            expect(page.locator("#feedback")).to_be_hidden()
        choose(page, clip)
        sentence = Headline.of(Classifier.load().predict(clip)).title
        expect(page.locator("#verdict h2")).to_have_text(sentence, timeout=VERDICT_MS)
        expect(page.locator("#sounds-like li")).to_have_count(6)
        rows = page.locator("#compare-answer tbody tr")
        expect(rows).to_have_count(0)  # of the first clip nothing is left
        if genre == "metal":
            page.get_by_role("button", name="Compare with earlier systems").click()
            expect(rows).to_have_count(15, timeout=COMPARED_MS)
            expect(rows.filter(has_text="the shipped model")).to_contain_text("Metal")
            expect(rows.filter(has_text="E: LSTM")).to_contain_text("ms")
            assert serious_faults(page) == []


def test_the_keyboard_alone_gets_a_verdict(page: Page) -> None:
    example = EXAMPLES[1]
    reached = None
    for _ in range(40):
        page.keyboard.press("Tab")
        reached = page.evaluate("document.activeElement.textContent.trim()")
        if reached.startswith(example.name):
            break
    assert reached.startswith(example.name)
    page.keyboard.press("Enter")
    sentence = Headline.of(Classifier.load().predict(example.path)).title
    expect(page.locator("#verdict h2")).to_have_text(sentence, timeout=VERDICT_MS)
    # Both come after the verdict, in either order; what is not there yet cannot be tabbed to.
    expect(page.locator("#sounds-like li")).to_have_count(6)
    page.locator("#verdict h2").focus()
    wanted = {"share-menu", "save-card", "save-csv", "like"}
    for _ in range(60):
        page.keyboard.press("Tab")
        reached = page.evaluate(
            "(e => [e.id || e.closest('[id]')?.id, e.dataset.act])(document.activeElement)"
        )
        wanted -= set(reached)
        if reached[0] in ("share-menu", "save-menu"):
            page.keyboard.press("Enter")
            expect(page.locator(":focus")).to_have_attribute("aria-expanded", "true")
            opened = page.locator(f"#{reached[0]} .sm").first
            expect(opened).to_be_enabled()
        if not wanted:
            break
    assert wanted == set()
    outline = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{outline}.outlineStyle !== 'none' || {outline}.boxShadow !== 'none'")


@pytest.mark.parametrize(("widths", "has_touch"), [((375, 768), True), ((1440,), False)])
def test_nothing_sticks_out(
    chromium: Chromium, app: Server, gtzan: Path, widths: tuple[int, ...], has_touch: bool
) -> None:
    context = chromium.new_context(base_url=app.url, has_touch=has_touch)
    page = context.new_page()
    for width in widths:
        page.set_viewport_size({"width": width, "height": 812})
        opened(page)
        page.set_input_files(
            "#clip input[type=file]",
            {
                "name": f"{'Averyveryverylongnamewithoutanyblanks' * 4}.flac",
                "mimeType": "audio/flac",
                "buffer": (gtzan / "audio/full/rock.00001.flac").read_bytes(),
            },
        )
        expect(page.locator("#sounds-like li")).to_have_count(6, timeout=VERDICT_MS)
        for tab in ("Listen", "Many songs", "My music", "About"):
            open_tab(page, tab)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, tab
    context.close()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Listening that takes until the event is set, and tells how far it is meanwhile."""
    go, listen = threading.Event(), analysis.listen

    def listen_slowly(clip: analysis.Clip) -> Iterator[Any]:
        heard_s = 0.0
        while not go.wait(0.3):
            heard_s += 30.0
            yield heard_s
        return (yield from listen(clip))

    monkeypatch.setattr(analysis, "listen", listen_slowly)
    yield go
    go.set()


def test_waiting_shows_the_place_in_the_queue_and_can_be_cancelled(
    new_tab: NewTab,
    app: Server,
    gtzan: Path,
    slow: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With the gate off all these pages are one person's, who may have half of the places.
    monkeypatch.setattr(turns, "_half", lambda places: places)
    clip = gtzan / "audio/full/rock.00001.flac"
    pages = [opened(new_tab(app), app.page_for(n)) for n in range(analysis.WORKERS + 2)]
    first, second, *others, third, fourth = pages
    expect(first.locator("#cancel")).to_be_hidden()
    for page in (first, second, *others):
        choose(page, clip)
        expect(page.locator("#verdict")).to_contain_text("heard so far", timeout=VERDICT_MS)
    for page in (third, fourth):
        choose(page, clip)
        expect(page.locator("#verdict")).to_contain_text("queue:", timeout=VERDICT_MS)
    for page in (first, third):
        page.locator("#cancel").click()
        expect(page.locator("#listen-button")).to_be_visible()
        expect(page.locator("#clip input[type=file]")).to_be_attached()
        expect(page.locator("#cancel")).to_be_hidden()
        expect(page.locator("#verdict")).not_to_contain_text("Error")
        # What was on its way when it was cancelled comes late, and nobody is left with that.
        page.locator("#verdict [data-state]").evaluate("e => { e.dataset.state = 'working' }")
        expect(page.locator("#listen-button")).to_be_visible()
        expect(page.locator("#clip")).to_be_visible()
        expect(page.locator("#verdict [data-state]")).to_be_hidden()
    # Cancelling made room for who waited.
    expect(fourth.locator("#verdict")).to_contain_text("heard so far", timeout=VERDICT_MS)
    slow.set()
    for page in (second, fourth):
        expect(page.locator("#verdict")).to_contain_text("Rock", timeout=VERDICT_MS)
    # Who cancelled can go on.
    choose(first, clip)
    expect(first.locator("#verdict")).to_contain_text("Rock", timeout=VERDICT_MS)


def test_too_large_a_file_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    big = tmp_path / "album.wav"
    with big.open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    choose(page, big)
    expect(page.get_by_text("exceed the maximum allowed size of 50")).to_be_visible()


def test_programs_with_a_session_use_the_endpoints(gated_app: Server, gtzan: Path) -> None:
    server = gated_app
    token = server.guest()
    clip = gtzan / "audio/full/rock.00001.flac"
    with pytest.raises(ValueError, match="credentials were not provided"):
        Client(f"{server.url}/app/", verbose=False)
    client = Client(f"{server.url}/app/", headers={"cookie": f"genregenie={token}"}, verbose=False)
    heard = client.predict(handle_file(clip), api_name="/classify")
    found = client.predict(handle_file(clip), "", "", "any", api_name="/recommend")
    client.close()
    assert heard["genre"] == found["genre"] == "rock"
    assert len(found["neighbours"]) == 6
