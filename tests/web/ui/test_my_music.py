"""The My music tab: over HTTP where browsers must not be believed, in Chromium for the rest."""

import html
import io
import json
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import APIC, ID3
from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect

from genregenie.accounts.results import Audio, Result, Results
from genregenie.common.limits import GuestLimits
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Prediction
from genregenie.web.batch import hear_all
from genregenie.web.config import WebConfig
from genregenie.web.saved_results import as_result
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.page import build_page
from tests.web.pages import serious_faults
from tests.web.servers import GOOD, Browser, NewTab, Scheme, Server

API = "/app/gradio_api"
UNFILTERED = (None, "", None, None)  # what a session keeps is not for the caller to say
HOSTILE = "<img src=x onerror=alert(1)>"
EMPTY = "Your songs will appear here. Listen to one."


@pytest.fixture(scope="module")
def app(gated_app: Server) -> Server:
    return gated_app


@pytest.fixture(scope="module")
def heard() -> Prediction:
    return replace(Classifier.load().predict(EXAMPLES[0].path), artist=None, title=None)


class Tab:
    """The tab's handlers as a program would call them that has a session and no scruples."""

    def __init__(self, client: Browser) -> None:
        self._client = client
        self._session = uuid.uuid4().hex
        config = client.get("/app/config").json()
        self._names = {c["id"]: c["props"].get("elem_id") for c in config["components"]}
        self._labels = {c["id"]: c["props"].get("label") for c in config["components"]}
        self._events = config["dependencies"]

    def on(self, name: str, event: str) -> dict[str, Any]:
        """The event of the component with this name, or of the tab with this label."""
        (found,) = (
            e
            for e in self._events
            for target, kind in e["targets"]
            if kind == event and name in (self._names.get(target), self._labels.get(target))
        )
        return dict(found)

    def after(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the page does next."""
        return next(dict(e) for e in self._events if e["trigger_after"] == event["id"])

    def fire(self, event: dict[str, Any], *data: object, **event_data: object) -> dict[str, Any]:
        """Run a handler; gives what it says, by the names of the components."""
        body = {
            "data": list(data) or [None] * len(event["inputs"]),
            "event_data": event_data or None,
            "fn_index": event["id"],
            "session_hash": self._session,
        }
        answer = self._client.post(f"{API}/queue/join", json=body)
        assert answer.status_code == 200, answer.text
        stream = self._client.get(f"{API}/queue/data", params={"session_hash": self._session}).text
        told = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
        (done,) = (m for m in told if m["msg"] == "process_completed")
        assert done["success"], done
        return dict(
            zip(map(self._names.get, event["outputs"]), done["output"]["data"], strict=True)
        )

    def click(self, act: str, number: int) -> dict[str, Any]:
        """A click in the list."""
        return self.fire(self.on("past-list", "select"), *UNFILTERED, index=number, value=act)

    def open(self, number: int) -> dict[str, Any]:
        """A click on a result's name, and what follows."""
        clicked = self.on("past-list", "select")
        self.fire(clicked, *UNFILTERED, index=number, value="open")
        return self.fire(self.after(clicked))


def person_of(app: Server, name: str) -> int:
    return app.accounts.people.log_in(name, GOOD)[0].id


@pytest.fixture
def people(app: Server) -> Iterator[tuple[Browser, int, Browser, int]]:
    mark = uuid.uuid4().hex[:8]
    with app.browser() as ada, app.browser() as eve:
        ada.newcomer(f"ada-{mark}")
        eve.newcomer(f"eve-{mark}")
        yield ada, person_of(app, f"ada-{mark}"), eve, person_of(app, f"eve-{mark}")


def keep(app: Server, person: int, heard: Prediction, name: str = "Ada's song") -> int:
    number = app.accounts.results.keep(person, as_result(heard, name))
    assert number is not None
    return number


@pytest.mark.slow
def test_by_another_number_nobody_gets_what_is_not_theirs(
    app: Server, people: tuple[Browser, int, Browser, int], heard: Prediction
) -> None:
    ada, ada_id, eve, eve_id = people
    number = keep(app, ada_id, heard)
    keep(app, eve_id, heard, "Eve's own")
    app.accounts.results.keep_audio(ada_id, number, Audio(b"RIFF", ".wav"))
    app.accounts.shares.make(ada_id, number, app.app.state.portal.config.key)

    mine = Tab(ada).open(number)
    assert "Ada's song" in html.unescape(mine["past-verdict"])
    assert mine["past-clip"]["value"]["path"].endswith(".wav")

    tab = Tab(eve)
    theirs = tab.open(number)
    assert "no longer there" in theirs["past-note"]
    assert "Ada" not in json.dumps(theirs)
    assert "no longer there" in tab.click("delete", number)["past-note"]
    tab.click("unshare", number)
    # Sharing and deleting what is open takes the number from this session alone, where none is.
    about, cover = None, True
    for name, event in (("past-share", "click"), ("past-cover", "input")):
        assert "/s/" not in json.dumps(tab.fire(tab.on(name, event), number, about, cover))
    assert "/s/" not in json.dumps(tab.fire(tab.on("past-link", "undo"), number))
    tab.fire(tab.on("past-drop-audio", "click"), number)
    tab.fire(tab.on("past-delete", "click"), number)
    tab.fire(tab.on("past-yes", "click"))
    assert app.accounts.results.count(eve_id) == 0
    kept = app.accounts.results.open(ada_id, number)
    assert kept is not None
    assert kept.summary.audio_bytes == 4
    assert kept.summary.shared_at is not None
    # Nor is the clip, laid out for its owner to play, for others.
    path = mine["past-clip"]["value"]["path"]
    assert ada.get(f"{API}/file={path}").content == b"RIFF"
    assert eve.get(f"{API}/file={path}").status_code == 403


def test_a_link_is_taken_back_from_the_list(
    app: Server, people: tuple[Browser, int, Browser, int], heard: Prediction
) -> None:
    ada, ada_id, *_ = people
    number = keep(app, ada_id, heard)
    token = app.accounts.shares.make(ada_id, number, app.app.state.portal.config.key)
    assert token is not None
    tab = Tab(ada)
    wanted = tab.on("past-list", "select")
    assert "Take the link back" in tab.click("page", 0)["past-list"]
    told = tab.fire(wanted, None, "shared", None, None, index=number, value="unshare")
    assert "leads nowhere" in told["past-note"]
    assert "None like this" in told["past-list"]
    assert app.accounts.shares.find(token) is None


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, -5, 2**40, 1.5, "1", None, [1]])
def test_numbers_that_make_no_sense(
    app: Server, people: tuple[Browser, int, Browser, int], heard: Prediction, index: object
) -> None:
    ada, ada_id, *_ = people
    keep(app, ada_id, heard)
    tab = Tab(ada)
    for act in ("delete", "page", "unshare", "share", "genre", "nonsense", "open"):
        tab.click(act, index)  # type: ignore[arg-type]
    tab.fire(tab.after(tab.on("past-list", "select")))
    assert app.accounts.results.count(ada_id) == 1


def test_files_hold_ones_own_results(
    app: Server, people: tuple[Browser, int, Browser, int], heard: Prediction
) -> None:
    ada, ada_id, eve, _ = people
    keep(app, ada_id, heard)
    keep(app, ada_id, replace(heard, genre=None, verdict="not music"), "noise")
    assert len(ada.get("/history/results.csv").text.splitlines()) == 3
    one = ada.get("/history/results.csv", params={"verdict": "not music"})
    assert [row.split(",")[1] for row in one.text.splitlines()] == ["Clip", "noise"]
    assert one.headers["content-disposition"].endswith('"genregenie-results.csv"')
    assert [r["name"] for r in ada.get("/history/results.json").json()] == ["noise", "Ada's song"]
    assert eve.get("/history/results.json").json() == []
    assert ada.get("/history/results.json", params={"genre": "\0"}).json() == []
    assert ada.get("/history/results.json", params={"only": "shared"}).json() == []
    assert len(ada.get("/history/results.json", params={"only": "nonsense"}).json()) == 2
    with app.browser() as nobody:
        assert nobody.get("/history/results.csv").status_code == 401


def test_guests_have_music_until_they_leave(app: Server, heard: Prediction) -> None:
    token = app.guest()
    who = app.accounts.sessions.user_of(token)
    assert who is not None
    with app.browser() as guest:
        guest.cookies.set("genregenie", token)
        tab = Tab(guest)
        empty = tab.fire(tab.on("My music", "select"), *UNFILTERED[:3])
        told = empty["past-note"]
        assert "Your songs will appear here. Listen to one." in empty["past-summary"]
        assert "<path" in empty["past-map"]
        assert 'Gone when you leave. <a href="../signup">Create an account to keep them.' in told
        number = keep(app, who.id, heard, "A guest's song")
        told = tab.fire(tab.on("My music", "select"), *UNFILTERED[:3])
        assert "A guest's song" in html.unescape(told["past-list"])
        assert "Gone when you leave." in told["past-note"]
        assert 'data-act="share"' not in told["past-list"]
        shared = tab.click("share", number)
        assert "needs an account" in shared["past-note"]
        assert shared["past-row-link"] == ""
        opened = tab.open(number)
        assert not opened["past-share"]["visible"]
        assert 'needs an account. <a href="../signup">' in opened["past-link"]
        # Nor does it help to click what is not there.
        told = tab.fire(tab.on("past-share", "click"), number, None, False)
        assert "needs an account" in told["past-link"]
        assert app.accounts.shares.token(who.id, number, app.app.state.portal.config.key) is None


def test_with_the_gate_off_my_music_says_so_and_nothing_can_be_shared() -> None:
    page = build_page(None, WebConfig(gate="off"))
    values = [str(getattr(block, "value", "")) for block in page.blocks.values()]
    assert any("My music needs an account" in value for value in values)
    assert not any("Share a link" in value for value in values)


def test_each_of_many_clips_is_kept(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"nothing")
    kept: list[tuple[str, Prediction]] = []
    paths = [str(EXAMPLES[0].path), str(bad)]
    list(hear_all(paths, lambda name, result: kept.append((name, result))))
    ((name, result),) = kept
    assert name == EXAMPLES[0].path.stem
    assert result.statistics.count > 1000


def test_guests_have_so_many_clips_whatever_way_they_bring_them(app: Server) -> None:
    token = app.guest()
    who = app.accounts.sessions.user_of(token)
    assert who is not None
    for _ in range(29):
        app.accounts.guests.count_clip(who.id, GuestLimits())
    with app.browser() as guest:
        guest.cookies.set("genregenie", token)
        with EXAMPLES[0].path.open("rb") as file:
            path = guest.post(f"{API}/upload", files={"files": ("clip.mp3", file)}).json()[0]
        uploaded = {"path": path, "meta": {"_type": "gradio.FileData"}}
        tab = Tab(guest)
        shown = tab.fire(tab.on("many-files", "upload"), [uploaded, uploaded])
        table = guest.get(f"{API}/file={shown['many-csv']['value']['path']}").text
        _, first, second = table.splitlines()
        assert "not heard" not in first
        assert ",not heard,,,,,Guests may listen to 30 clips. Create an account" in second
        told = tab.fire(tab.on("clip", "upload"), uploaded, None)["verdict"]
        assert "Guests may listen to 30 clips." in told
        assert '<a href="../signup">Create an account.</a>' in told
        for name, more in (("classify", []), ("recommend", ["", "", "any"])):
            call = guest.post(f"{API}/call/{name}", json={"data": [uploaded, *more]})
            stream = guest.get(f"{API}/call/{name}/{call.json()['event_id']}").text
            assert "event: error" in stream
            assert "Guests may listen to 30 clips." in stream
        assert app.accounts.results.count(who.id) == 1


# --- in Chromium ------------------------------------------------------------------------------


def entered(page: Page, app: Server, name: str) -> Page:
    """The page of somebody who has just come in."""
    app.accounts.people.sign_up(name, "", GOOD)
    token = app.accounts.people.log_in(name, GOOD)[1]
    page.context.add_cookies([{"name": "genregenie", "value": token, "url": app.url}])
    page.goto("/app/")
    return page


def go_to_music(page: Page) -> None:
    tab = page.get_by_role("tab", name="My music")
    more = page.locator(".overflow-menu > button")
    expect(tab.or_(more).first).to_be_visible()
    if tab.count() and tab.is_visible():
        tab.click()
    else:  # narrow pages keep some tabs behind a button
        more.click()
        page.locator(".overflow-dropdown button", has_text="My music").click()


def with_cover(clip: Path, folder: Path) -> Path:
    """The same song in a file with a cover."""
    path = folder / clip.name
    shutil.copy(clip, path)
    buffer = io.BytesIO()
    Image.new("RGB", (500, 400), (255, 0, 255)).save(buffer, "PNG")
    tags = ID3(path)
    tags.add(APIC(3, "image/png", 3, "Cover", buffer.getvalue()))
    tags.save()
    return path


# What telephones have, and this browser has not.
TELEPHONE = """() => {
  const real = window.matchMedia;
  window.matchMedia = (query) => query.includes("coarse") ? { matches: true } : real(query);
  navigator.canShare = ({ files }) => files.length === 1;
  navigator.share = async ({ files, text, url }) => {
    window.handed = [files[0].name, files[0].type, files[0].size > 10_000, text, url];
  };
}"""


def test_from_a_clip_to_my_music_and_a_link(
    chromium: Chromium, new_tab: NewTab, app: Server, heard: Prediction, tmp_path: Path
) -> None:
    page = entered(new_tab(app), app, "clip-ada")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    go_to_music(page)
    expect(page.locator("#past-summary")).to_have_text(EMPTY)
    expect(page.locator(".song-map path")).to_have_count(10)
    expect(page.locator("#past-list")).to_be_hidden()
    page.get_by_role("tab", name="Listen").click()
    page.set_input_files("#clip input[type=file]", with_cover(EXAMPLES[0].path, tmp_path))
    sentence = Headline.of(heard).title
    expect(page.locator("#verdict")).to_contain_text(sentence, timeout=20_000)
    expect(page.locator("#keep-note")).to_contain_text("without the audio")
    page.get_by_label("Keep the audio with it").check()
    expect(page.locator("#keep-note")).to_contain_text("with the audio")
    # On paper it is one page.
    expect(page.locator("#sounds-like li")).to_have_count(6)
    assert b"/Count 1\n" in page.pdf(format="A4")

    words = f"{Headline.of(heard).short}: {EXAMPLES[0].name}. What do you hear?"
    menu = page.locator("#share-menu > button")
    menu.click()
    expect(menu).to_have_attribute("aria-expanded", "true")
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture", exact=True).click()
    assert download.value.suggested_filename == "genregenie.png"
    with Image.open(download.value.path()) as card:
        assert card.size == (1200, 630)
        assert card.convert("RGB").getpixel((200, 200)) == pytest.approx((255, 0, 255), abs=12)
    page.get_by_role("button", name="Copy the text").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == words
    page.get_by_label("Show the cover").check()
    page.get_by_role("button", name="Share a link").click()
    shared = page.get_by_label("Link to this result")
    expect(shared).to_be_focused()
    expect(page.locator("#keep-link")).to_contain_text("its cover")
    expect(shared).to_have_value(re.compile(re.escape(app.url) + "/s/"))
    link = shared.input_value()
    page.get_by_role("button", name="Copy the link").click()
    expect(page.locator("#keep-link [data-copied]")).to_have_text("Copied.")
    assert serious_faults(page) == []
    page.evaluate(TELEPHONE)
    page.get_by_role("button", name="Upright picture").click()
    page.wait_for_function("window.handed")
    handed = ["genregenie-upright.png", "image/png", True, words, link]
    assert page.evaluate("window.handed") == handed
    page.keyboard.press("Escape")
    expect(menu).to_have_attribute("aria-expanded", "false")
    expect(menu).to_be_focused()

    go_to_music(page)
    expect(page.locator("#past-list li")).to_have_count(1)
    expect(page.locator("#past-list li")).to_contain_text("audio kept")
    page.locator(".past-open").click()
    expect(page.locator("#past-verdict")).to_contain_text(sentence)
    expect(page.locator("#past-table [style*=gradient]").first).to_be_attached()
    expect(page.locator("#past-timeline svg rect").first).to_be_attached()
    expect(page.locator("#past-sounds-like li")).to_have_count(6)
    expect(page.locator("#past-clip audio")).to_be_visible()
    expect(page.locator("#past-link input")).to_have_value(link)
    expect(page.locator("#past-link").get_by_role("link", name="See it")).to_have_attribute(
        "href", link
    )
    expect(page.locator("#past-back")).to_be_focused()
    assert serious_faults(page) == []

    context = chromium.new_context()
    friend, asked = context.new_page(), []
    friend.on("request", lambda request: asked.append(request.url))
    errors: list[str] = []
    friend.on("console", lambda said: errors.append(said.text))
    answer = friend.goto(link)
    assert answer is not None
    assert answer.status == 200
    expect(friend.get_by_role("heading", name=sentence)).to_be_visible()
    expect(friend.get_by_role("img", name="Cover")).to_be_visible()
    expect(friend.get_by_role("link", name="Try it with a song of yours")).to_be_visible()
    assert serious_faults(friend) == []
    assert all(url.startswith(app.url) for url in asked)
    page.get_by_role("button", name="Take the link back").click()
    expect(page.get_by_text("The link is taken back")).to_be_visible()
    again = friend.goto(link)
    assert again is not None
    assert again.status == 404
    assert [e for e in errors if "404" not in e] == []
    context.close()

    page.locator("#past-drop-audio").click()
    expect(page.locator("#past-clip")).to_have_count(0)
    page.locator("#past-delete").click()
    expect(page.locator("#past-summary")).to_have_text(EMPTY)
    expect(page.locator(".map-song")).to_have_count(0)


def keep_then(app: Server, person: int, result: Result, days_ago: int) -> None:
    """Keep a result as if it had been heard some days ago."""
    core = app.accounts.results._core
    then = core.clock() - timedelta(days=days_ago)
    Results(replace(core, clock=lambda: then)).keep(person, result)


def tap(song: Locator) -> None:
    song.dispatch_event("pointerdown", {"pointerType": "touch"})
    song.dispatch_event("click")


@pytest.mark.parametrize(("scheme", "width", "height"), [("light", 1280, 900), ("dark", 375, 812)])
def test_many_songs(
    new_tab: NewTab, app: Server, heard: Prediction, scheme: Scheme, width: int, height: int
) -> None:
    """All that can be done with them, in one visit: map, genres, list, menus, files, deletion."""
    page = new_tab(app, width, height)
    page.emulate_media(color_scheme=scheme)
    entered(page, app, f"long-{scheme}")
    person = person_of(app, f"long-{scheme}")
    for number in range(44):
        odd = replace(heard, genre="rock", title=f"Song {number}", artist=HOSTILE)
        noise = replace(heard, genre=None, verdict="not music")
        result = as_result(noise, "noise") if number % 11 == 0 else as_result(odd)
        keep_then(app, person, result, 44 - number)
    keep_then(app, person, as_result(heard, "x" * 290), 0)
    keep_then(app, person, as_result(heard, "x" * 290), 0)

    go_to_music(page)
    rows, songs = page.locator("#past-list li"), page.locator(".map-song:visible")
    expect(page.locator("#past-summary")).to_contain_text("41 songs, and 1 clip that is not music")
    expect(page.get_by_role("heading", name="Songs (1 to 20 of 42)")).to_be_visible()
    expect(rows).to_have_count(20)
    expect(rows.first).to_contain_text("heard 2 times")
    expect(songs).to_have_count(41)
    expect(page.locator("#past-taste svg g")).to_have_count(7)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = page.locator("#past-list li").evaluate_all("all => all.map(e => e.offsetHeight)")
    assert set(heights) == {48}
    sheet = page.locator(".song-map").bounding_box()
    assert sheet is not None
    assert sheet["height"] / sheet["width"] == pytest.approx(0.58 if width > 640 else 1.2, abs=0.01)
    assert page.evaluate("document.querySelectorAll('#past-map img, #past-list img').length") == 0
    page.get_by_role("button", name="Share my music").click()
    expect(page.locator("#music-share-words")).to_contain_text("My music: 41 songs, and 1 clip")
    with page.expect_download() as download:
        page.locator("#music-save-upright").click()
    assert download.value.suggested_filename == "my-music-upright.png"
    with Image.open(download.value.path()) as card:
        assert card.size == (1080, 1920)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_faults(page) == []
    page.keyboard.press("Escape")

    # The map: one stop for the Tab key, arrows, what it is about, and the way there and back.
    page.locator(".past-chip").last.focus()
    page.keyboard.press("Tab")
    tip = page.locator(".map-tip")
    expect(tip).to_be_visible()
    at = page.evaluate("document.activeElement.dataset.title")
    expect(tip).to_contain_text(at)
    reached = {at}
    page.keyboard.press("Home")
    for _ in range(41):
        reached.add(page.evaluate("document.activeElement.dataset.title"))
        page.keyboard.press("ArrowRight")
    assert len(reached) == 41
    expect(page.locator('.map-song[tabindex="0"]')).to_have_count(1)
    expect(tip).to_contain_text(HOSTILE if "Song" in tip.inner_text() else "x" * 290)
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    title = page.evaluate("document.activeElement.dataset.title")
    page.keyboard.press("Enter")
    expect(page.locator("#past-verdict")).to_contain_text(title)
    page.get_by_role("button", name="Back to the list").click()
    expect(page.locator("#past-list button").first).to_be_focused()

    # A genre, chosen above it, is chosen for the list too.
    page.get_by_role("button", name="Reggae 1").click()
    expect(rows).to_have_count(1)
    expect(songs).to_have_count(1)
    expect(page.get_by_role("button", name="Reggae 1")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".song-map path:not(.map-off)")).to_have_count(1)
    songs.first.hover()
    expect(tip).to_contain_text("x" * 290)
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    tap(songs.first)  # a finger is told what it points at, and opens it when it taps again
    expect(tip).to_contain_text("x" * 290)
    expect(page.locator("#past-back")).to_be_hidden()
    tap(songs.first)
    page.locator("#past-back").click()
    page.get_by_role("button", name="All 42").click()
    expect(rows).to_have_count(20)
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_role("heading", name="Songs (21 to 40 of 42)")).to_be_visible()
    page.get_by_role("button", name="Older").click()
    expect(rows).to_have_count(2)
    expect(page.locator("#past-list .past-open").first).to_be_focused()

    # A row's menu: by keyboard it opens, closes, shares, saves and deletes.
    page.get_by_role("button", name="All 42").click()
    expect(rows).to_have_count(20)
    first = page.locator(".past-menu").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(first.get_by_role("button", name="Share a link")).to_be_visible()
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    expect(first.get_by_role("button", name="Share a link")).to_be_hidden()
    expect(first.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    first.get_by_role("button", name="Share a link").click()
    link = page.get_by_label("Link to this result")
    expect(link).to_have_value(re.compile(re.escape(app.url) + "/s/"))
    expect(link).to_be_focused()
    page.get_by_role("button", name="Take the link back").click()
    expect(page.locator("#past-note")).to_contain_text("leads nowhere")
    first.locator("summary").click()
    with page.expect_download() as download:
        first.get_by_role("link", name="Save as CSV").click()
    assert len(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()) == 3
    first.locator("summary").click()
    first.get_by_role("button", name="Delete, all 2 times").click()
    expect(page.locator("#past-note")).to_contain_text("Deleted: xxx")
    expect(page.locator(".past-menu summary").first).to_be_focused()
    assert app.accounts.results.count(person) == 44

    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="Not music").click()
    expect(page.get_by_role("heading", name="Songs (1)")).to_be_visible()
    page.locator(".past-open").first.click()
    expect(page.locator("#past-verdict")).to_contain_text("Not music, as far as I can hear")
    assert serious_faults(page) == []
    page.get_by_role("button", name="Back to the list").click()

    page.get_by_role("button", name="Delete all results").click()
    expect(page.locator("#past-question")).to_contain_text("Delete all 44 results")
    expect(page.get_by_role("button", name="Keep them")).to_be_focused()
    page.get_by_role("button", name="Keep them").click()
    expect(page.locator("#past-question")).to_have_count(0)
    assert app.accounts.results.count(person) == 44
    page.get_by_role("button", name="Delete all results").click()
    page.locator("#past-yes").click()
    expect(page.locator("#past-summary")).to_have_text(EMPTY)
    assert app.accounts.results.count(person) == 0
