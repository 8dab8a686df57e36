"""Many songs at once: files and archives, good and bad, in the page and below it."""

import io
import zipfile
from collections.abc import Generator
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from genregenie.accounts.errors import GuestLimitError
from genregenie.audio import AudioError
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.web import batch as batch_module
from genregenie.web import uploads
from genregenie.web.batch import Batch, hear_all
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.tabs import batch as tab_module
from genregenie.web.views import batch as views
from tests import sounds
from tests.web.pages import open_tab, serious_faults
from tests.web.servers import NewTab, Scheme, Server


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("album/one.wav", sounds.encode(sounds.tune(3.0, seed=1)))
        packed.writestr("album/", "")
        packed.writestr("__MACOSX/album/._one.wav", b"x")
        packed.writestr(".DS_Store", b"x")
        packed.writestr("notes.txt", "not a song")
        packed.writestr("=two.wav", sounds.encode(sounds.tune(3.0, seed=2)))
    return path


def test_archives_are_opened_and_companions_left_out(archive: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose.wav"
    loose.write_bytes(sounds.encode(sounds.tune(2.0)))
    found = list(uploads.clips([str(loose), str(archive)]))
    assert [c.name for c in found] == ["loose.wav", "album/one.wav", "notes.txt", "=two.wav"]
    assert uploads.count([str(loose), str(archive)]) == 4


@pytest.mark.slow
def test_songs_are_told_one_by_one_and_what_is_no_use_apart(archive: Path) -> None:
    steps = hear_all([str(archive)])
    first = next(steps)
    assert (first.total, first.done, first.hearing) == (3, 0, "album/one.wav")
    *_, heard = steps
    assert heard is first
    assert [row.file for row in heard.rows] == ["album/one.wav", "=two.wav"]
    assert [row.heard.title for row in heard.rows] == ["one", "=two"]
    (notes,) = heard.unused
    assert notes.file == "notes.txt"
    assert notes.reason.startswith("This is not audio")
    # What is opened is what was heard, and its sound is found again in the archive.
    assert heard.prediction(1).confidence == pytest.approx(heard.rows[1].confidence)
    assert heard.clip(0) == sounds.encode(sounds.tune(3.0, seed=1))
    archive.unlink()
    assert heard.clip(0) is None


def test_who_may_hear_no_more_is_told_once_for_all(archive: Path) -> None:
    def admit() -> None:
        raise GuestLimitError("Guests may listen to 30 clips.")

    *_, heard = hear_all([str(archive)], admit=admit)
    assert heard.rows == []
    told = views.could_not_be_used(heard.unused)
    assert told.count("Guests may listen to 30 clips.") == 1
    assert "3 could not be used" in told


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("big.wav", bytes(uploads.MAX_CLIP_BYTES + 1))
    return buffer.getvalue()


def encrypted() -> bytes:
    data = bytearray()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("secret.wav", b"0" * 100)
    data[:] = buffer.getvalue()
    data[6] |= 1  # the flag in the local header, and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def damaged() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("song.wav", sounds.encode(sounds.tune(2.0)))
    data = bytearray(buffer.getvalue())
    data[100:2000] = bytes(1900)
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "message"),
    [(bomb, "larger than 50 MB"), (encrypted, "encrypted"), (damaged, "damaged")],
)
def test_bad_archives_give_a_sentence(content, message, tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    path.write_bytes(content())
    (clip,) = uploads.clips([str(path)])
    assert isinstance(clip.content, AudioError)
    assert message in str(clip.content)


def test_an_empty_archive(tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    (clip,) = uploads.clips([str(path)])
    assert "no files" in str(clip.content)


def test_there_is_a_limit_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for i in range(uploads.MAX_CLIPS + 5):
            packed.writestr(f"{i}.wav", b"x")
    found = list(uploads.clips([str(path)]))
    assert len(found) == uploads.MAX_CLIPS + 1
    assert "Only the first 200" in str(found[-1].content)


def test_nothing_at_all() -> None:
    (batch,) = hear_all([])
    assert batch.done == 0


# --- the page's handlers ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def heard() -> Prediction:
    return Classifier.load().predict(EXAMPLES[3].path)


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch, heard: Prediction) -> tab_module._ManySongs:
    """The tab, in which every song is the same one and takes no time."""
    monkeypatch.setattr(batch_module.analysis, "hear", lambda _: in_no_time(heard))
    with gr.Blocks(analytics_enabled=False):
        return tab_module._ManySongs(None, None, lambda _: None)


def in_no_time(found: Prediction) -> Generator[float, None, Prediction]:
    yield 1.0
    return found


@pytest.mark.slow
def test_two_hundred_songs_cost_a_few_dozen_tables_and_one_map(
    tab: tab_module._ManySongs, tmp_path: Path
) -> None:
    paths = [str(tmp_path / f"{i}.wav") for i in range(200)]
    steps = list(tab._run(paths, gr.Request()))
    sizes = [len(s[tab.table]["value"].data) for s in steps if "value" in s.get(tab.table, {})]
    assert sizes[:4] == [1, 2, 3, 4]  # at once what comes first
    assert sizes[-1] == 200
    assert len(sizes) < 40
    assert sum(bool(step.get(tab.map)) for step in steps) == 1
    assert "12 of 200" in " ".join(step.get(tab.progress, "") for step in steps)
    assert "200 songs heard." in steps[-1][tab.progress]
    quiet = [step for step in steps if len(step) == 1]
    assert len(quiet) == 200  # while a song takes its time nothing is sent, and Stop is heard


def test_stop_shows_what_there_is(tab: tab_module._ManySongs, tmp_path: Path) -> None:
    steps = tab._run([str(tmp_path / f"{i}.wav") for i in range(9)], gr.Request())
    begun = next(steps)
    for _ in range(6):
        next(steps)
    steps.close()
    shown = tab._over(begun[tab.batch])
    assert "Stopped after 3 of 9: 3 songs heard." in shown[tab.progress]
    assert len(shown[tab.table]["value"].data) == 3
    assert "map-song" in shown[tab.map]
    nothing = tab._over(Batch(9))
    assert "Stopped after 0 of 9: No songs heard." in nothing[tab.progress]
    assert tab.table not in nothing
    assert not any(saved in nothing for saved in tab.saved.values())
    assert "No songs heard." in tab._over(None)[tab.progress]  # nothing was ever dropped


@pytest.mark.parametrize("index", [[9, 0], [-1, 0], [], 7, True, None, "0", ["0", 1], [True, 0]])
def test_what_a_browser_says_of_rows_is_not_believed(
    tab: tab_module._ManySongs, tmp_path: Path, index: object
) -> None:
    song = tmp_path / "a.wav"
    song.write_bytes(sounds.encode(sounds.tune(2.0)))
    *_, end = tab._run([str(song)], gr.Request())
    clicked = gr.SelectData(None, {"index": index, "value": "open"})
    assert tab._open(end[tab.batch], clicked)[tab.opened] == gr.update(visible=False)
    clicked = gr.SelectData(None, {"index": [0, 3], "value": "open"})
    shown = tab._open(end[tab.batch], clicked)
    assert shown[tab.opened]["visible"]
    assert shown[tab.result.clip]["value"] == str(song)
    assert tab._open(None, clicked)[tab.opened] == gr.update(visible=False)


# --- in Chromium ------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "width", "height"), [("light", 1280, 900), ("dark", 375, 812)])
def test_many_songs_in_one_visit(
    new_tab: NewTab, app: Server, tmp_path: Path, scheme: Scheme, width: int, height: int
) -> None:
    """Dropped, told, opened, gone back from, saved, and others dropped."""
    page = new_tab(app, width, height)
    page.emulate_media(color_scheme=scheme)
    page.goto("/app/")
    expect(page.locator("#listen-button")).to_be_visible()
    open_tab(page, "Many songs")
    bad, odd = tmp_path / "broken.mp3", tmp_path / "cover.jpg"
    bad.write_bytes(b"this is not a song")
    odd.write_bytes(b"\xff\xd8\xff\xe0")
    zone = page.locator("#many-files")
    at_first = zone.bounding_box()
    assert at_first is not None
    assert at_first["height"] == 96

    songs = [EXAMPLES[3].path, EXAMPLES[0].path]
    page.set_input_files("#many-files input[type=file]", [*songs, bad, odd])
    told = page.locator("#many-progress")
    expect(told).to_contain_text("2 songs heard. 2 could not be used", timeout=20_000)
    expect(page.locator("#many-stop")).to_be_hidden()
    expect(page.locator("#many-map .map-song")).to_have_count(2)
    expect(page.locator(".many-shares i")).to_have_count(2)
    expect(page.locator("#many-unused")).to_contain_text("not audio")
    now = zone.bounding_box()
    assert now is not None
    assert now["height"] == 44

    # The table: all of it is in sight, on a phone in two columns with the bar beside the song.
    cells = page.locator("#many-songs [role=row]:not(tr) [role=gridcell]:visible")
    expect(cells).to_have_count(16 if width > 640 else 4)
    first = page.locator('#many-songs [data-testid="cell-0-0"]')
    expect(first).to_have_text(f"{EXAMPLES[3].name}, GenreGenie")
    bar = page.locator('#many-songs [data-testid="cell-0-1"]')
    size = bar.evaluate("cell => getComputedStyle(cell).backgroundSize")
    assert size == ("0px 100%" if width > 640 else "100% 100%")
    sheet = page.locator("#many-songs .virtual-table-viewport")
    assert sheet.evaluate("e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_faults(page) == []

    # By keyboard: into the table, down, in, back to where one was.
    page.locator("#many-map .map-song[tabindex='0']").focus()
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.role") == "gridcell":
            break
    expect(first).to_be_focused()
    page.keyboard.press("ArrowDown")
    second = page.locator('#many-songs [data-testid="cell-1-0"]')
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#many-back")).to_be_focused()
    expect(page.locator("#many-verdict")).to_contain_text(EXAMPLES[0].name)
    expect(page.locator("#many-table")).to_contain_text("Confidence (%)")
    expect(page.locator("#many-sounds-like")).to_contain_text("alike")
    expect(page.locator("#many-clip audio")).to_have_js_property("readyState", 4)
    page.locator("#many-timeline .gg-strip").press("ArrowRight")
    page.wait_for_function("document.querySelector('#many-clip audio').currentTime > 4")
    expect(page.locator("#many-map")).to_be_hidden()
    assert serious_faults(page) == []
    page.keyboard.press("Tab")
    page.locator("#many-back").press("Enter")
    expect(second).to_be_focused()

    # From the map the other one; what is dropped then begins anew.
    page.locator("#many-map .map-song").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#many-verdict")).to_contain_text(EXAMPLES[3].name)
    page.locator("#many-back").click()
    with page.expect_download() as download:
        page.locator("#many-m3u8").click()
    saved = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert saved[0] == "#EXTM3U"
    assert sorted(saved[2::2]) == sorted(path.name for path in songs)
    with page.expect_download() as download:
        page.locator("#many-csv").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("File,Title,Artist,Genre")
    assert "broken.mp3" in lines[3]
    page.set_input_files("#many-files input[type=file]", bad)
    expect(told).to_contain_text("No songs heard. 1 could not be used")
    expect(page.locator("#many-songs")).to_be_hidden()
    expect(page.locator("#many-m3u8")).to_be_hidden()

    # A folder, dropped anywhere: the files in it and below, but for hidden ones.
    deep = tmp_path / "music" / "album"
    deep.mkdir(parents=True)
    (deep / "b.mp3").write_bytes(EXAMPLES[1].path.read_bytes())
    (deep.parent / "a.txt").write_text("not a song")
    (deep.parent / ".hidden").write_text("nobody's")
    drop(page, deep.parent)
    expect(told).to_contain_text("1 song heard. 1 could not be used")
    expect(page.locator("#many-unused")).to_contain_text("a.txt")


def drop(page: Page, folder: Path) -> None:
    """Drag a folder from outside to the middle of the page."""
    browser = page.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 180, "y": 400, "data": dragged})
    browser.detach()
