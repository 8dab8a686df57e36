"""The map of the server's own library: who may see it, and what plays."""

import io
import json
import re
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from mutagen.id3 import APIC, ID3
from PIL import Image
from playwright.sync_api import expect

from genregenie.recommend.indexing import index_folder
from genregenie.web.images.cover import SIDE, SMALL_BYTES
from genregenie.web.views import my_music
from tests.tagging.conftest import EXAMPLES
from tests.web.libraries import server_of
from tests.web.servers import HTML, Browser, NewTab, Server

NAMES = ("classical", "jazz", "metal")


def picture(size: tuple[int, int]) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "navy").save(written, "PNG")
    return written.getvalue()


def add_cover(song: Path, cover: bytes) -> None:
    tags = ID3(song)
    tags.delall("APIC")
    tags.add(APIC(mime="image/png", type=3, data=cover))
    tags.save(song)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library") / "music"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(EXAMPLES / f"{name}.mp3", folder)
    add_cover(folder / "jazz.mp3", picture((600, 400)))
    add_cover(folder / "metal.mp3", b"<svg onload='alert(1)'/>")
    index_folder(folder, jobs=1)
    return folder


@pytest.fixture
def library(music: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENREGENIE_INDEX", str(music / "genregenie-index"))
    return music


def told(html: str, name: str) -> dict:
    (data,) = re.findall(rf'id="{name}">(.*?)</script>', html, re.S)
    return json.loads(data)


def sounds_of(somebody: Browser) -> str:
    return "/" + server_of(somebody.show("/library").text)["sounds"]


def test_nobody_sees_it_without_an_account(server: Server, library: Path, browser: Browser) -> None:
    for path in ("/library", "/library/sound/e/0"):
        assert browser.get(path).status_code == 401
        assert browser.get(path, headers=HTML).status_code == 303


def test_guests_are_sent_to_make_one(gated_app: Server, library: Path) -> None:
    with gated_app.browser() as guest:
        guest.fill("/guest", "/")
        answer = guest.show("/library")
        assert (answer.status_code, answer.headers["location"]) == (303, "/signup")
        assert guest.get("/library/sound/e/0").headers["location"] == "/signup"


def test_with_the_gate_off_nothing_plays(app: Server, library: Path) -> None:
    with app.browser() as anybody:
        page = anybody.show("/library").text
        server = told(page, "server")
        assert (server["sounds"], server["covers"]) == ("", "")
        assert 'id="play"' not in page
        assert anybody.get("/library/sound/e/0").status_code in (303, 404)


@pytest.mark.slow
def test_a_song_plays_for_ten_seconds(somebody: Browser, library: Path) -> None:
    page = somebody.show("/library")
    assert page.status_code == 200
    assert sorted(told(page.text, "data")["songs"]["path"]) == [f"{name}.mp3" for name in NAMES]
    assert str(library) not in page.text
    answer = somebody.get(f"{sounds_of(somebody)}1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(answer.content)) as wav:
        assert wav.getnframes() / wav.getframerate() == pytest.approx(10, abs=0.2)
        samples = np.frombuffer(wav.readframes(10**6), "<i2")
    assert np.abs(samples).max() > 1000


@pytest.mark.slow
def test_covers_are_small_pictures_out_of_the_files(somebody: Browser, library: Path) -> None:
    page = somebody.show("/library").text
    covers, paths = told(page, "server")["covers"], told(page, "data")["songs"]["path"]
    found = {path: somebody.get(f"/{covers}{i}") for i, path in enumerate(paths)}
    assert {path: answer.status_code for path, answer in found.items()} == {
        "classical.mp3": 204,
        "jazz.mp3": 200,
        "metal.mp3": 204,  # what it has is no picture
    }
    jazz = found["jazz.mp3"]
    assert jazz.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(jazz.content)) as image:
        assert (image.format, image.size) == ("JPEG", (SIDE, SIDE))
        assert not image.getexif()
    assert len(jazz.content) <= SMALL_BYTES


@pytest.mark.parametrize("number", ["3", "99999999999999999999", "-1", "x", "..%2f..%2fetc"])
def test_there_are_no_other_sounds(somebody: Browser, library: Path, number: str) -> None:
    assert somebody.get(f"{sounds_of(somebody)}{number}").status_code in (404, 422)


@pytest.mark.slow
def test_what_is_gone_or_no_sound_any_more(
    somebody: Browser, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving = tmp_path / "music"
    shutil.copytree(music, moving, ignore=shutil.ignore_patterns("genregenie-index"))
    made = index_folder(moving, jobs=1)
    monkeypatch.setenv("GENREGENIE_INDEX", str(made.path))
    paths = told(somebody.show("/library").text, "data")["songs"]["path"]
    sounds = sounds_of(somebody)
    (moving / paths[0]).unlink()
    (moving / paths[1]).write_bytes(b"no sound")
    assert [somebody.get(f"{sounds}{i}").status_code for i in range(3)] == [404, 404, 200]
    header = json.loads((made.path / "library.json").read_text())
    (made.path / "library.json").write_text(json.dumps(header | {"format": 2}))
    answer = somebody.show("/library")
    assert answer.status_code == 503
    assert "finds the reason in its log" in answer.text
    assert str(tmp_path) not in answer.text


def test_a_server_without_a_library_has_no_map(
    somebody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GENREGENIE_INDEX", raising=False)
    assert somebody.show("/library").status_code == 404
    assert somebody.get("/library/sound/e/0").status_code == 404


def test_my_music_leads_to_it() -> None:
    assert 'href="../library"' in my_music.library()


@pytest.mark.slow
def test_it_plays_in_a_browser(
    server: Server, somebody: Browser, library: Path, new_tab: NewTab
) -> None:
    page = new_tab(server)
    (token,) = (c.value for c in somebody.cookies.jar if c.name == "genregenie")
    page.context.add_cookies([{"name": "genregenie", "value": token, "url": server.url}])
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{server.url}/library")
    expect(page.locator("#rows tr")).to_have_count(3)
    expect(page.locator("#song")).to_be_hidden()
    page.locator("#rows td button").first.click()
    with page.expect_response(re.compile(r"/library/sound/\w+/\d+$")) as answer:
        page.locator("#play").click()
    assert answer.value.status in (200, 206)
    expect(page.locator("#play")).to_have_text("Stop")
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_text("Play 10 s")
    page.get_by_role("link", name="Back to GenreGenie").click()
    page.wait_for_url("**/app/")
    assert said == [] or all("library" not in line for line in said)
