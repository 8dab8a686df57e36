"""A run as a table, as lines of JSON, as a page, and as playlists."""

import csv
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pandas as pd
import pytest
from playwright.sync_api import sync_playwright

from genregenie.audio.scan import AudioPath
from genregenie.autotag.vocabulary import Autotag
from genregenie.tagging import reports
from genregenie.tagging.records import CachedResult
from genregenie.tagging.tagger import Item

EVIL = "<img src=x onerror=alert(1)>"
NASTY = os.fsdecode(b"/music/two\nlines \xff.mp3")


def item(
    path: str, state: str, genre: str | None = "jazz", confidence: float = 0.8, **more
) -> Item:
    verdict = state if state in ("unsure", "not music") else "confident"
    title, artist = more.pop("title", "A title"), more.pop("artist", "An artist")
    confidences = {genre or "jazz": confidence, "rock": round(1 - confidence, 3)}
    told = 181.5, 60.0, title, artist, more.pop("autotags", None)
    heard = CachedResult(verdict, genre, confidence, confidences, *told)
    return Item(AudioPath(path, 1, 1), state, heard, **more)


RAP = {"genre": ("Hip-Hop/Rap",), "mood": (EVIL,), "grouping": ()}
ITEMS = [
    item(
        "/music/a.mp3",
        "written",
        before={"genre": ("Live",), "mood": ("calm",), "grouping": ()},
        after={"genre": ("Live", "Jazz"), "mood": ("calm", "sad"), "grouping": ()},
        autotags=(
            Autotag("sad", "mood", 0.3, 0.98, True),
            Autotag("rnb", "style", 0.2, 0.96, True),
        ),
    ),
    item("/music/b.mp3", "to write", confidence=0.7, after={"genre": ("Jazz",)}),
    item(NASTY, "as it is", "hiphop", 0.95, before=RAP, after=RAP),
    item(f"/music/{EVIL}.mp3", "unsure", "rock", 0.4, title=EVIL, artist="=cmd()"),
    item("/music/c.mp3", "unsure", "pop", 0.3, title=None, artist=None),
    item("/music/d.wav", "not music", None, 0.2),
    Item(AudioPath("/music/e.mp3", 1, 1), "failed", None, reason="This file is empty."),
]


def test_the_table_has_a_line_a_file_and_no_formula(tmp_path):
    reports.write_csv(tmp_path / "a.csv", ITEMS)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(ITEMS)
    assert rows[0]["after"] == "Live; Jazz"
    assert rows[0]["confidence"] == "0.8"
    assert rows[2]["file"] == "/music/two\\nlines \\udcff.mp3"
    assert rows[3]["artist"] == "'=cmd()"
    assert (rows[6]["reason"], rows[6]["genre"]) == ("This file is empty.", "")


def test_parquet_holds_the_same_table(tmp_path):
    reports.write_parquet(tmp_path / "a.parquet", ITEMS)
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert tuple(frame.columns) == reports.COLUMNS
    assert frame.after[0] == "Live; Jazz"
    assert frame.confidence[0] == 0.8
    assert frame.file[2] == "/music/two\\nlines \\udcff.mp3"
    assert frame.artist[3] == "=cmd()"  # no spreadsheet takes it for a formula
    reports.write_parquet(tmp_path / "none.parquet", [])
    assert len(pd.read_parquet(tmp_path / "none.parquet")) == 0


def test_lines_of_json_have_the_same_keys_and_the_true_name(tmp_path):
    reports.write_json_lines(tmp_path / "a.jsonl", ITEMS)
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == [i.file.path for i in ITEMS]
    assert len({tuple(row) for row in rows}) == 1
    assert rows[0]["confidences"] == {"jazz": 0.8, "rock": 0.2}
    assert rows[0]["before"] == ["Live"]


def test_playlists_a_genre_each_without_what_is_in_doubt(tmp_path):
    written = reports.write_playlists(tmp_path / "lists", ITEMS)
    assert [p.name for p in written] == ["Hip-Hop-Rap.m3u8", "Jazz.m3u8", "Live.m3u8"]
    jazz = (tmp_path / "lists/Jazz.m3u8").read_text(encoding="utf-8").splitlines()
    assert jazz == [
        *("#EXTM3U", "#EXTINF:182,An artist - A title", "/music/a.mp3"),
        *("#EXTINF:182,An artist - A title", "/music/b.mp3"),
    ]
    *_, last = (tmp_path / "lists/Hip-Hop-Rap.m3u8").read_text(encoding="utf-8").splitlines()
    assert last.startswith("file:///")
    assert unquote(last.removeprefix("file://"), errors="surrogateescape") == NASTY


def test_a_playlist_can_be_asked_for_any_name_of_a_genre(tmp_path):
    names = ["../../up", "a/b", "CON<>|", "  ", "x" * 400, "Jazz", "JAZZ"]
    items = [item("/music/a.mp3", "written", after={"genre": (name,)}) for name in names]
    written = reports.write_playlists(tmp_path, items)
    assert {p.parent for p in written} == {tmp_path}
    assert len(written) == len(names) - 1
    assert sum(len(p.read_text().splitlines()) == 5 for p in written) == 1


def test_where_nothing_can_be_written_there_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for write in (reports.write_csv, reports.write_json_lines, reports.write_html):
        with pytest.raises(reports.ReportError, match="cannot be written"):
            write(tmp_path / "file/report", ITEMS)
    with pytest.raises(reports.ReportError, match="cannot be made"):
        reports.write_playlists(tmp_path / "file/lists", ITEMS)


def test_nothing_to_report_is_a_report(tmp_path):
    for write in (reports.write_csv, reports.write_json_lines, reports.write_html):
        write(tmp_path / "report", [])
    assert "Genres of 0 files" in (tmp_path / "report").read_text()


def look(address: str, program: str) -> tuple:
    """What a browser makes of a page: states, names, bars; what happened; and how wide it is."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        requests, dialogs, words = [], [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: words.append(message.text))
        page.goto(address)
        shown = [
            page.locator(place).all_inner_texts() for place in ("td.state", "td.name", "dl.bars dt")
        ]
        wide = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    return shown, (requests, dialogs, words), wide


@pytest.mark.browser
def test_the_page_in_a_browser(tmp_path):
    """Doubtful files first, nothing that was read from a file runs, nothing is loaded."""
    reports.write_html(tmp_path / "a.html", ITEMS)
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium")
    # The browser that other tests share keeps an event loop in the tests' own thread.
    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(look, (tmp_path / "a.html").as_uri(), chromium).result()
    (states, cells, bars), (requests, dialogs, words), wide = seen
    assert states == [
        *("failed", "not music", "unsure", "unsure", "to write", "written", "as it is"),
    ]
    assert cells[2].startswith("/music/c.mp3")
    assert f"/music/{EVIL}.mp3" in cells[3]
    assert "two\\nlines" in cells[6]
    assert bars[0] == "Jazz"
    assert {"Jazz", "Hip-hop", "Rock", "Pop"} == set(bars)
    assert (len(requests), dialogs, words) == (1, [], [])
    assert wide <= 390
