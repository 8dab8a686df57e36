"""The map as people use it: in a browser, from a file, without any network."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from genregenie.common.playlists import PlaylistEntry, as_m3u
from genregenie.recommend.library_map import write_map
from genregenie.recommend.songs import Songs
from tests.recommend.test_library_map import HOSTILE, MODEL, library
from tests.web.pages import serious_faults

COUNT = 120


@pytest.fixture(scope="module")
def songs() -> Songs:
    """Some with names that mean harm."""
    made = library(COUNT)
    entries = list(made.entries)
    for row, text in enumerate(HOSTILE):
        entries[row] = replace(entries[row], title=text, artist=text, path=f"/music/{text}.mp3")
    entries[10] = replace(entries[10], path="/music/#1.mp3", title="first", artist="")
    return Songs(entries, made.directions, made.autotags)


@pytest.fixture(scope="module")
def file(songs: Songs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    write_map(path, songs, MODEL, "/music")
    return path


@pytest.fixture
def opened(chromium: Browser, file: Path) -> Iterator[Page]:
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    expect(page.locator("#rows tr")).to_have_count(50)
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith("blob:")] == [file.as_uri()]
    context.close()


def place_of(page: Page, row: int) -> tuple[float, float]:
    """Where a song's dot is on the screen."""
    box = page.locator("#map").bounding_box()
    x, y = page.evaluate("i => [across(songs.x[i]), down(songs.y[i])]", row)
    return box["x"] + x, box["y"] + y


def alone(page: Page) -> int:
    """A song that no other one is near to."""
    return page.evaluate(
        """() => [...songs.x.keys()].find((i) => songs.x.every((x, j) => i === j || 30
             < Math.hypot(across(x) - across(songs.x[i]), down(songs.y[j]) - down(songs.y[i]))))"""
    )


def saved(page: Page, button: str) -> str:
    with page.expect_download() as download:
        page.locator(button).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def box_all(page: Page) -> None:
    page.get_by_role("button", name="Box").click()
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 15, box["y"] + 15)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 15, box["y"] + box["height"] - 15, steps=4)
    page.mouse.up()


def test_hovering_tells_what_a_dot_is(opened, songs):
    row = alone(opened)
    opened.mouse.move(*place_of(opened, row))
    tip = opened.locator("#tip")
    expect(tip).to_be_visible()
    entry = songs.entries[row]
    expect(tip.locator("strong")).to_have_text(entry.title)
    expect(tip).to_contain_text(f"{round(100 * entry.confidence)} % sure")
    opened.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_dot_is_there_in_its_genres_colour(opened):
    row = alone(opened)
    colours = opened.evaluate(
        """(i) => {
          const x = Math.round(across(songs.x[i])), y = Math.round(down(songs.y[i]));
          const seen = paper.getImageData(x - 5, y - 5, 11, 11).data, found = [];
          for (let k = 0; k < seen.length; k += 4) found.push([...seen.slice(k, k + 3)].join());
          const c = genres[songs.genre[i]].colour;
          return [found, [1, 3, 5].map((k) => parseInt(c.slice(k, k + 2), 16))];
        }""",
        row,
    )
    seen = [list(map(int, colour.split(","))) for colour in colours[0]]
    assert any(max(abs(a - b) for a, b in zip(s, colours[1], strict=True)) < 12 for s in seen)


def test_a_box_selects_all_and_makes_the_playlist_that_the_command_would(opened, songs):
    box_all(opened)
    expect(opened.locator("#status")).to_contain_text(f"{COUNT} songs selected")
    expect(opened.locator("#only")).to_be_checked()
    paths = [entry.path.removeprefix("/music/") for entry in songs.entries]
    titles = opened.evaluate("songs.title"), opened.evaluate("songs.artist")
    expected = as_m3u(
        PlaylistEntry(title, artist, path=path, duration_s=entry.duration_s)
        for title, artist, path, entry in zip(*titles, paths, songs.entries, strict=True)
    )
    ours, theirs = (text.splitlines() for text in (expected, saved(opened, "#m3u")))
    assert ours[2::2] == theirs[2::2]
    assert "%231.mp3" in theirs
    assert [line.partition(",")[2] for line in ours[1::2]] == [
        line.partition(",")[2] for line in theirs[1::2]
    ]
    tracks = ElementTree.fromstring(saved(opened, "#xspf")).iter("{http://xspf.org/ns/0/}track")
    found = [{part.tag.rpartition("}")[2]: part.text for part in track} for track in tracks]
    assert [track["title"] for track in found] == titles[0]
    assert found[10]["location"] == "%231.mp3"


def test_a_lasso_takes_what_lies_inside_it(opened):
    row = alone(opened)
    x, y = place_of(opened, row)
    opened.get_by_role("button", name="Lasso").click()
    opened.mouse.move(x - 12, y - 12)
    opened.mouse.down()
    for dx, dy in ((12, -12), (12, 12), (-12, 12)):
        opened.mouse.move(x + dx, y + dy, steps=3)
    opened.mouse.up()
    expect(opened.locator("#status")).to_contain_text("1 song selected")
    assert opened.evaluate("[...chosen]") == [row]
    expect(opened.locator("#rows tr")).to_have_count(1)
    opened.get_by_role("button", name="Clear").click()
    expect(opened.locator("#status")).to_contain_text("none selected")
    expect(opened.locator("#m3u")).to_be_disabled()


def test_filters_leave_what_fits_on_map_and_table(opened, songs):
    genre = opened.locator("#genres button").first
    name = genre.inner_text().strip().lower().replace("-", "")
    genre.click()
    fit = sum(entry.genre == name for entry in songs.entries)
    expect(opened.locator("#status")).to_contain_text(f"{fit} song")
    opened.locator("#slowest").fill("100")
    fit = sum(e.genre == name and round(e.tempo_bpm or 0) >= 100 for e in songs.entries)
    expect(opened.locator("#status")).to_contain_text(f"{fit} song")
    genre.click()
    opened.locator("#slowest").fill("")
    opened.locator("#search").fill("SÓNG 3 artist")
    both = [f"{entry.artist} {entry.title}".lower() for entry in songs.entries]
    fit = sum(all(part in text for part in ("song", "3", "artist")) for text in both)
    expect(opened.locator("#rows tr")).to_have_count(fit)
    opened.get_by_role("button", name="Select all listed").click()
    expect(opened.locator("#status")).to_contain_text(f"{fit} song")


def test_all_of_it_by_keyboard(opened, songs):
    opened.locator("#search").press_sequentially("first")
    expect(opened.locator("#rows tr")).to_have_count(1)
    tick = opened.get_by_role("checkbox", name="Select first")
    tick.focus()
    opened.keyboard.press("Space")
    expect(opened.locator("#status")).to_contain_text("1 song selected")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")  # the title: shows it on the map
    expect(opened.locator("#tip strong")).to_have_text("first")
    opened.locator("#m3u").focus()
    with opened.expect_download():
        opened.keyboard.press("Enter")


def test_the_table_has_pages_and_an_order(opened, songs):
    expect(opened.locator("#page")).to_have_text("1 of 3")
    opened.get_by_role("button", name="After").click()
    opened.get_by_role("button", name="After").click()
    expect(opened.locator("#rows tr")).to_have_count(20)
    expect(opened.get_by_role("button", name="After")).to_be_disabled()
    length = opened.get_by_role("button", name="Length")
    length.click()
    expect(opened.locator("#page")).to_have_text("1 of 3")
    expect(opened.locator("th[aria-sort=ascending]")).to_have_text("Length")
    times = opened.locator("#rows td:last-child").all_inner_texts()
    seconds = [int(m) * 60 + int(s) for m, s in (re.split(":", time) for time in times)]
    assert seconds == sorted(seconds)
    length.click()
    expect(opened.locator("th[aria-sort=descending]")).to_have_text("Length")


def test_a_song_that_is_picked_is_told_of_below_the_map(opened, songs):
    song = opened.locator("#song")
    expect(song).to_be_hidden()
    opened.locator("#search").fill("first")
    opened.get_by_role("button", name="first", exact=True).press("Enter")
    expect(song).to_be_focused()
    expect(song.locator("strong")).to_have_text("first")
    expect(opened.locator("#play")).to_have_count(0)
    opened.keyboard.press("Tab")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    expect(opened.locator("#tick")).to_have_text("Take out of the selection")
    expect(opened.locator("#status")).to_contain_text("1 song selected")
    opened.get_by_role("button", name="Close this song").press("Enter")
    expect(song).to_be_hidden()
    expect(opened.get_by_role("button", name="first", exact=True)).to_be_focused()


def test_a_tap_shows_what_can_be_done_with_a_song(chromium, file):
    context = chromium.new_context(viewport={"width": 375, "height": 700}, has_touch=True)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#rows tr")).to_have_count(50)
    page.touchscreen.tap(*place_of(page, alone(page)))
    expect(page.locator("#like")).to_be_in_viewport()
    context.close()


def test_what_lies_nearest_becomes_a_playlist_in_that_order(opened, songs):
    row = alone(opened)
    opened.mouse.click(*place_of(opened, row))
    opened.locator("#minutes").select_option("30")
    opened.locator("#like").click()
    expect(opened.locator("#note")).to_have_text(f"Nearest to {songs.entries[row].title}.")
    x, y = (np.array(opened.evaluate(f"songs.{axis}")) for axis in "xy")
    near = np.argsort((x - x[row]) ** 2 + (y - y[row]) ** 2, kind="stable").tolist()
    near.remove(row)
    found = opened.evaluate("inOrder()")
    assert found == near[: len(found)]
    total = sum(songs.entries[i].duration_s for i in found)
    assert abs(total - 1800) <= songs.entries[near[len(found)]].duration_s / 2
    titles = opened.locator("#rows td:nth-child(2) button").all_inner_texts()
    assert titles == [songs.entries[i].title for i in found]
    assert saved(opened, "#m3u").splitlines()[2::2] == [
        songs.entries[i].path.removeprefix("/music/") for i in found
    ]
    opened.get_by_role("button", name="Length").click()
    lengths = [songs.entries[i].duration_s for i in opened.evaluate("inOrder()")]
    assert lengths == sorted(lengths), "who clicks a heading wants another order"


def test_the_switch_between_light_and_dark_is_remembered(chromium, file):
    context = chromium.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(file.as_uri())
    looks = "[getComputedStyle(document.body).backgroundColor, sheet]"
    dark = page.evaluate(looks)
    page.get_by_role("button", name="Light / dark").click()
    page.wait_for_function("sheet === '#f4f5f8'")
    light = page.evaluate(looks)
    assert light[0] != dark[0]
    page.reload()
    assert page.evaluate(looks) == light
    context.close()


def test_zoom_keeps_the_map_on_its_sheet(opened):
    for _ in range(4):
        opened.get_by_role("button", name="Closer").click()
    assert opened.evaluate("view.zoom") == pytest.approx(1.6**4)
    box = opened.locator("#map").bounding_box()
    opened.mouse.move(box["x"] + 100, box["y"] + 100)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 5000, box["y"] + 5000)
    opened.mouse.up()
    assert opened.evaluate("[view.left, view.top]") == [0, 0]
    opened.get_by_role("button", name="Whole map").click()
    assert opened.evaluate("[view.zoom, view.left, view.top]") == [1, 0, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_nobody_is_kept_out(chromium, file, width, scheme):
    context = chromium.new_context(
        viewport={"width": width, "height": 812}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#rows tr")).to_have_count(50)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#rows td button").nth(12).click()  # what is told of a song is there, too
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious_faults(page) == []
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input:not([type=checkbox])")]
             .filter((part) => part.offsetParent && part.offsetHeight < 44)
             .map((part) => part.outerHTML.slice(0, 80))"""
    )
    assert small == []
    context.close()
