"""The server's own library: numbers, covers, playlists by ear, and who is let at them."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from genregenie.common.errors import AudioError
from genregenie.recommend.playlist import Request, in_smooth_order, make_playlist
from genregenie.recommend.songs import NothingFitsError
from genregenie.web import analysis, library
from genregenie.web.library import OtherEditionError, ServedLibrary, WishError
from genregenie.web.ui.page import _TOGGLE
from tests.recommend.test_library_map import library as make_library
from tests.web.libraries import COUNT, send, server_of, write
from tests.web.servers import Browser, NewTab, Server


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = write(tmp_path, make_library(COUNT))
    monkeypatch.setenv("GENREGENIE_INDEX", str(made))
    return made


@pytest.fixture
def served(index: Path) -> ServedLibrary:
    return ServedLibrary()


def edition_of(served: ServedLibrary) -> str:
    return server_of(served.page("t", plays=True, spotify=False))["edition"]


# --- what there is -----------------------------------------------------------------------------


def test_an_edition_is_of_songs_and_not_of_the_time_or_place(
    served: ServedLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = edition_of(served)
    again = write(tmp_path / "again", make_library(COUNT))
    monkeypatch.setenv("GENREGENIE_INDEX", str(again))
    assert edition_of(served) == before
    fewer = write(tmp_path / "fewer", make_library(COUNT - 1))
    monkeypatch.setenv("GENREGENIE_INDEX", str(fewer))
    assert edition_of(served) != before
    with pytest.raises(OtherEditionError, match="Load this page again"):
        served.playlist(before, 600, 0)
    for asked in (served.sound, served.cover):
        with pytest.raises(OtherEditionError):
            asked(before, 0)


def test_a_cover_is_looked_for_once_and_none_is_remembered_too(
    served: ServedLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def cover(path: str) -> bytes | None:
        looked.append(Path(path).name)
        return b"\xff\xd8" if path.endswith("1.mp3") else None

    monkeypatch.setattr(analysis, "cover", cover)
    edition = edition_of(served)
    assert [served.cover(edition, i) for i in (1, 2, 1, 2)] == [b"\xff\xd8", None] * 2
    assert looked == ["1.mp3", "2.mp3"]
    with pytest.raises(AudioError):
        served.cover(edition, COUNT)


# --- playlists by ear ----------------------------------------------------------------------------


def test_like_a_song_is_what_the_command_would_make(served: ServedLibrary, tmp_path: Path) -> None:
    songs = make_library(COUNT)
    choice = served.playlist(edition_of(served), 1800, 7)
    request = Request(1800, like=songs.directions[7], but=songs.entries[7].path)
    items = make_playlist(songs, request, lambda path: True)
    assert [songs.entries[row].title for row in choice.rows] == [i.entry.title for i in items]
    assert len(choice.rows) > 2
    assert 7 not in choice.rows
    assert choice.note == ""
    assert "No more fits" in served.playlist(edition_of(served), 24 * 3600, 7).note


def test_among_what_is_shown(served: ServedLibrary) -> None:
    may = np.zeros(COUNT, bool)
    may[served.playlist(edition_of(served), 7200, 7).rows[::2]] = True
    choice = served.playlist(edition_of(served), 7200, 7, np.packbits(may).tobytes())
    assert choice.rows
    assert all(may[choice.rows])
    may[:] = False
    may[7] = True
    with pytest.raises(NothingFitsError):
        served.playlist(edition_of(served), 7200, 7, np.packbits(may).tobytes())


def test_without_a_song_it_is_drawn_as_the_command_draws(served: ServedLibrary) -> None:
    songs, edition = make_library(COUNT), edition_of(served)
    drawn = [served.playlist(edition, 1800, seed=seed).rows for seed in (4, 4, 5)]
    items = make_playlist(songs, Request(1800, seed=4), lambda path: True)
    assert [songs.entries[row].title for row in drawn[0]] == [item.entry.title for item in items]
    assert drawn[0] == drawn[1] != drawn[2]
    few = np.arange(COUNT) % 3 == 0
    rows = served.playlist(edition, 7200, among=np.packbits(few).tobytes(), seed=4).rows
    assert rows
    assert few[rows].all()


def test_a_smooth_order_is_that_of_playlists(served: ServedLibrary) -> None:
    songs, rows = make_library(COUNT), list(range(0, COUNT, 2))
    assert served.smooth(edition_of(served), rows).rows == in_smooth_order(songs, rows)
    assert served.smooth(edition_of(served), [*rows, 0, 0]).rows == in_smooth_order(songs, rows)


def test_what_no_page_asks_for(served: ServedLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    edition = edition_of(served)
    for number in (-1, COUNT, 10**12):
        with pytest.raises(WishError):
            served.playlist(edition, 600, number)
        with pytest.raises(WishError):
            served.smooth(edition, [0, 1, number])
    for length_s in (0, -60, 24 * 3600 + 1):
        with pytest.raises(WishError, match="24 hours"):
            served.playlist(edition, length_s, 0)
    for bits in (b"\xff", bytes(5), bytes(6)):
        with pytest.raises(WishError):
            served.playlist(edition, 600, 0, bits)
    with pytest.raises(WishError):
        served.entries(edition, [])
    monkeypatch.setattr(library, "MAX_SMOOTH", 3)
    with pytest.raises(WishError, match="Up to 3"):
        served.smooth(edition, [0, 1, 2, 3])


# --- over the wire -------------------------------------------------------------------------------


def test_a_playlist_comes_as_numbers(somebody: Browser, index: Path) -> None:
    answer = send(somebody, "/library/playlist", song=3, minutes=30)
    assert answer.status_code == 200
    rows = answer.json()["rows"]
    among = np.zeros(COUNT, bool)
    among[rows[:3]] = True
    bits = base64.b64encode(np.packbits(among)).decode()
    few = send(somebody, "/library/playlist", song=3, minutes=30, among=bits).json()["rows"]
    assert set(few) <= set(rows[:3])
    drawn = send(somebody, "/library/playlist", minutes=30, seed=7).json()["rows"]
    assert drawn != send(somebody, "/library/playlist", minutes=30, seed=8).json()["rows"]
    order = send(somebody, "/library/smooth", songs=",".join(map(str, rows))).json()["rows"]
    assert sorted(order) == sorted(rows)
    assert order[0] == rows[0]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"token": "another"}, 403),
        ({"edition": "another"}, 409),
        ({"song": "-1"}, 422),
        ({"song": "x"}, 422),
        ({"song": "9" * 4000}, 422),
        ({"minutes": "0"}, 422),
        ({"seed": "-1"}, 422),
        ({"among": "%"}, 422),
        ({"among": "AAAA"}, 422),
    ],
)
def test_what_is_wrong_is_a_sentence(
    somebody: Browser, index: Path, fields: dict[str, str], status: int
) -> None:
    answer = send(somebody, "/library/playlist", **{"song": 1, "minutes": 30, **fields})
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(".")


def test_no_other_site_and_no_stranger_makes_playlists(
    somebody: Browser, server: Server, index: Path
) -> None:
    for address in ("/library/playlist", "/library/smooth", "/library/spotify"):
        other = somebody.post(address, data={}, headers={"sec-fetch-site": "cross-site"})
        assert other.status_code == 403
        with server.browser() as stranger:
            assert stranger.post(address, data={}).status_code == 401
            assert stranger.get("/library/cover/e/0").status_code == 401


def test_guests_make_an_account_first(gated_app: Server, index: Path) -> None:
    with gated_app.browser() as guest:
        guest.fill("/guest", "/")
        for answer in (
            guest.post("/library/playlist", data={}, headers={"sec-fetch-site": "same-origin"}),
            guest.get("/library/cover/e/0"),
        ):
            assert (answer.status_code, answer.headers["location"]) == (303, "/signup")


def test_with_the_gate_off_there_are_playlists_and_no_covers(app: Server, index: Path) -> None:
    with app.browser() as anybody:
        assert send(anybody, "/library/playlist", song=3, minutes=30).status_code == 200
        edition = server_of(anybody.show("/library").text)["edition"]
        assert anybody.get(f"/library/cover/{edition}/0").status_code == 303


def test_a_cover_is_a_jpeg_and_nothing_else(
    somebody: Browser, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    covers = "/" + server_of(somebody.show("/library").text)["covers"]
    monkeypatch.setattr(analysis, "cover", lambda path: b"\xff\xd8" if "/1/" in path else None)
    answer = somebody.get(f"{covers}1")
    assert (answer.status_code, answer.content) == (200, b"\xff\xd8")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (somebody.get(f"{covers}2").status_code, somebody.get(f"{covers}2").content) == (
        204,
        b"",
    )
    assert somebody.get(f"{covers}{COUNT}").status_code == 404


@pytest.mark.slow
def test_in_a_browser(
    server: Server,
    somebody: Browser,
    index: Path,
    new_tab: NewTab,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "JPEG")
    monkeypatch.setattr(
        analysis, "cover", lambda path: None if "/1/" in path else picture.getvalue()
    )
    page = new_tab(server)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    (token,) = (c.value for c in somebody.cookies.jar if c.name == "genregenie")
    page.context.add_cookies([{"name": "genregenie", "value": token, "url": server.url}])
    page.goto("/healthz")
    page.evaluate(_TOGGLE)  # the app's switch
    page.goto("/library")
    assert page.evaluate("sheet") == "#1b1e27"
    page.locator("#rows [data-song='1'] td button").click()
    expect(page.locator("#about strong")).not_to_be_empty()
    expect(page.locator("#about img")).to_have_count(0)
    page.locator("#rows [data-song='3'] td button").click()
    expect(page.locator("#about img")).to_be_visible()
    page.locator("#minutes").select_option("30")
    page.get_by_role("button", name="Playlist like this one").click()
    expect(page.locator("#note")).to_contain_text("Most like")
    rows = page.evaluate("inOrder()")
    songs = make_library(COUNT)
    request = Request(1800, like=songs.directions[3], but=songs.entries[3].path)
    items = make_playlist(songs, request, lambda path: True)
    assert [songs.entries[row].title for row in rows] == [item.entry.title for item in items]
    page.get_by_role("button", name="Smooth order").click()
    expect(page.locator("#note")).to_contain_text("In a smooth order")
    assert page.evaluate("inOrder()") == in_smooth_order(songs, rows)
    page.locator("#search").fill(songs.entries[rows[1]].title)
    page.get_by_role("button", name="Playlist like this one").click()
    expect(page.locator("#note")).to_contain_text("of those shown. No more fits")
    assert page.evaluate("inOrder()") == [rows[1]], "only what is shown is chosen from"
    page.get_by_role("button", name="Random playlist").click()
    expect(page.locator("#note")).to_contain_text("Drawn from the songs shown")
    page.get_by_role("button", name="Clear").click()
    page.evaluate("server.edition = 'another'")
    page.get_by_role("button", name="Playlist like this one").click()
    expect(page.locator("#note")).to_contain_text("The library has changed")
    assert [line for line in said if "409" not in line] == []
