"""The microphone: what is asked of it, what is heard through it, and what is said without one."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
import soundfile
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from genregenie.common.genres import GENRES
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from tests.web.pages import expect_state, serious_faults, start_again
from tests.web.servers import OpenChromium, Server

pytestmark = pytest.mark.browser

LENGTH_S = 12
# Ten tabs record side by side, on as few cores as there are.
READY_MS = 60_000
PLAY = "--use-file-for-fake-audio-capture={}%noloop"
FAKE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
UNPROCESSED = {
    "echoCancellation": False,
    "noiseSuppression": False,
    "autoGainControl": False,
    "channelCount": 1,
}

# Keeps the streams that were handed out, as the page gets them; and stops once the microphone has
# delivered so much sound. No busy machine keeps that clock waiting.
KEEP_TRACKS_AND_STOP_AFTER = """(length_s) => {
  const devices = navigator.mediaDevices, ask = devices.getUserMedia;
  window.tracks = [];
  window.delivered = () => window.tracks.length && window.tracks[0].stats.deliveredFrames;
  devices.getUserMedia = async (asked) => {
    const stream = await ask.call(devices, asked);
    window.tracks.push(...stream.getAudioTracks());
    const wanted = length_s * tracks[0].getSettings().sampleRate;
    const look = setInterval(() => {
      if (delivered() < wanted) return;
      clearInterval(look);
      document.querySelector("#listen-button").click();
    }, 50);
    return stream;
  };
}"""


NOTE_WHAT_IS_SAID = """() => {
  window.said = [];
  const words = document.querySelector("#live-words");
  new MutationObserver(() => {
    const text = words.querySelector("h2")?.textContent;
    if (text && text !== said.at(-1)) said.push(text);
  }).observe(words, { childList: true, subtree: true });
}"""


class Recording(NamedTuple):
    """What was played to the microphone, what was said meanwhile, and what came of it."""

    played: Path
    said: list[str]
    sent: bytes
    shown: str
    settings: dict[str, Any]
    asked: dict[str, Any]


def first_seconds(clip: Path) -> tuple[Any, int]:
    samples, rate = soundfile.read(clip)
    return samples[: LENGTH_S * rate], rate


def at_the_microphone(context: BrowserContext, address: str = "/app/") -> Page:
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#mic .record-button")).to_be_attached(timeout=READY_MS)
    return page


def record(page: Page) -> None:
    page.get_by_role("button", name="Tap and play some music").click()


@pytest.fixture(scope="module")
def recordings(
    open_chromium: OpenChromium, app: Server, gtzan: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Recording]:
    """A clip of each genre, played to a tab of its own; all ten at the same time."""
    wave = tmp_path_factory.mktemp("played") / "microphone.wav"
    with pytest.MonkeyPatch.context() as patch:
        # Made before what sets it for each test, and a server made since has changed it.
        patch.setenv("GRADIO_TEMP_DIR", str(app.folder))
        return record_all(open_chromium(*FAKE, PLAY.format(wave)), app, gtzan, wave)


def record_all(chromium: Chromium, app: Server, gtzan: Path, wave: Path) -> list[Recording]:
    context = chromium.new_context()
    pages: list[tuple[Path, Page]] = []
    for first in range(0, len(GENRES), 2):
        # Two tabs share a process, so both load before they record; others load meanwhile.
        opened = {
            genre: at_the_microphone(context, app.page_for(first)) for genre in GENRES[first:][:2]
        }
        for genre, page in opened.items():
            clip = min((gtzan / "audio/full").glob(f"{genre}.*.flac"))
            page.evaluate(KEEP_TRACKS_AND_STOP_AFTER, LENGTH_S)
            page.evaluate(NOTE_WHAT_IS_SAID)
            # The browser reads the file when a tab begins to listen.
            soundfile.write(wave, *first_seconds(clip))
            record(page)
            page.wait_for_function("delivered() > 0", timeout=READY_MS)
            pages.append((clip, page))
    heard = [heard_from(page, app, clip) for clip, page in pages]
    chromium.close()
    return heard


def heard_from(page: Page, app: Server, clip: Path) -> Recording:
    expect_state(page, "result", "nothing", ms=READY_MS)
    address = page.locator("#player audio").get_attribute("src")
    assert address is not None
    settings, asked = page.evaluate("[tracks[0].getSettings(), tracks[0].getConstraints()]")
    return Recording(
        clip,
        page.evaluate("said"),
        httpx.get(app.url + urlsplit(address).path).content,
        page.locator("#verdict h2").inner_text(),
        settings,
        asked,
    )


@pytest.mark.slow
@pytest.mark.data
def test_a_recording_of_each_genre_is_sent_as_it_sounds_and_judged_as_the_file_is(
    recordings: list[Recording],
) -> None:
    """One test, so that all ten are recorded once, whichever process runs it."""
    judge = Classifier.load().predict
    told = {
        r.played.name: (judge(first_seconds(r.played)).genre, judge(r.sent).genre)
        for r in recordings
    }
    assert len(told) == len(GENRES)
    assert sum(own == recorded for own, recorded in told.values()) >= 9, told
    for recording in recordings:
        assert recording.shown == Headline.of(judge(recording.sent)).title
        assert recording.said[0].startswith("Listening")
        assert len(recording.said) > 1, "a verdict comes while the music plays"
        sent = soundfile.info(io.BytesIO(recording.sent))
        assert sent.samplerate >= 44_100
        # What the encoder is behind with when the recording stops, on a busy machine, is lost.
        assert LENGTH_S - 3 < sent.duration < LENGTH_S + 5
        assert recording.asked == UNPROCESSED
        for name in ("echoCancellation", "noiseSuppression", "autoGainControl"):
            assert recording.settings[name] is False


@pytest.fixture(scope="module")
def soundless(chromium: Chromium, app: Server) -> Iterator[Page]:
    """A browser without sound: it gives back what it was asked for, or fails as it is told to."""
    context = chromium.new_context(base_url=app.url)
    context.add_init_script(
        """navigator.mediaDevices.getUserMedia = async (asked) => {
          if (window.trouble) throw new DOMException("", window.trouble);
          return asked;
        }"""
    )
    yield at_the_microphone(context)
    context.close()


@pytest.fixture
def standin(soundless: Page) -> Iterator[Page]:
    yield soundless
    soundless.evaluate("() => { window.trouble = '' }")
    if soundless.locator("#another").is_visible():
        start_again(soundless)


@pytest.mark.parametrize(
    ("asked", "passed_on"),
    [
        ({"audio": True}, {"audio": UNPROCESSED}),
        ({"audio": {}}, {"audio": UNPROCESSED}),
        (
            {"audio": {"deviceId": {"exact": "line-in"}, "sampleRate": 48_000}},
            {"audio": {"deviceId": {"exact": "line-in"}, "sampleRate": 48_000, **UNPROCESSED}},
        ),
        (
            {"audio": {"echoCancellation": True, "channelCount": {"min": 2}}},
            {"audio": UNPROCESSED},
        ),
        ({"audio": True, "video": {"width": 640}}, {"audio": UNPROCESSED, "video": {"width": 640}}),
        ({"audio": False, "video": True}, {"audio": False, "video": True}),
        ({"video": True}, {"video": True}),
        ({}, {}),
        (None, None),
    ],
)
def test_whatever_is_asked_sound_comes_as_it_is(standin: Page, asked: Any, passed_on: Any) -> None:
    ask = "async (asked) => [await navigator.mediaDevices.getUserMedia(asked)]"
    assert standin.evaluate(ask, asked) == [passed_on]


def test_a_refusal_is_told_in_words_and_a_file_will_do(
    open_chromium: OpenChromium, app: Server
) -> None:
    chromium = open_chromium("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    context = chromium.new_context(base_url=app.url)
    page = at_the_microphone(context)
    record(page)
    expect(page.get_by_role("alert")).to_have_text(
        "GenreGenie may not use the microphone. Allow it beside the address, or drop a file."
    )
    context.grant_permissions(["microphone"])
    record(page)
    expect(page.get_by_role("button", name=re.compile("^Stop"))).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#live-words h2")).to_have_text(re.compile("."))  # the server hears it
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 812})
        page.locator("#theme").click()
        page.wait_for_timeout(500)  # colours change gently
        assert serious_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    expect_state(page, "result", "nothing", "error")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("NotFoundError", "The browser finds no microphone. Connect one, or drop a file."),
        ("NotReadableError", "perhaps another program has it"),
        ("SecurityError", "may not use the microphone"),
        ("OverconstrainedError", "finds no microphone"),
        ("AbortError", "The microphone did not start. Try again, or drop a file."),
    ],
)
def test_each_trouble_has_its_sentence(standin: Page, name: str, sentence: str) -> None:
    standin.evaluate("(name) => { window.trouble = name }", name)
    record(standin)
    expect(standin.get_by_role("alert")).to_contain_text(sentence)


def test_with_a_clip_there_the_trouble_is_over(standin: Page) -> None:
    standin.evaluate("() => { window.trouble = 'NotFoundError' }")
    record(standin)
    expect(standin.get_by_role("alert")).to_be_visible()
    standin.get_by_role("button", name="Corner Table").click()
    expect_state(standin, "result")
    expect(standin.get_by_role("alert")).to_be_hidden()


def test_an_address_that_is_not_secure_is_told_so(open_chromium: OpenChromium, app: Server) -> None:
    chromium = open_chromium(*FAKE, "--host-resolver-rules=MAP music.example 127.0.0.1")
    page = at_the_microphone(chromium.new_context(base_url=f"http://music.example:{app.port}"))
    assert not page.evaluate("isSecureContext")
    record(page)
    expect(page.get_by_role("alert")).to_have_text(
        "Browsers give the microphone only to https pages and to localhost. Drop a file instead."
    )
