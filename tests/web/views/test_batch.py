"""Many songs in words, in a table, and in the files to take along."""

import csv
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from genregenie.common.playlists import as_m3u, as_xspf
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.views import batch
from genregenie.web.views.batch import Row, Unused
from genregenie.web.views.songs import Heard

JAZZ = Row(
    0,
    "album/01 - track.mp3",
    Heard("Corner Table", "Ada", Headline("Jazz", "88 % sure."), (0.5, 0.5)),
    *("jazz", "blues", 0.884, 117.6, "Bb minor", 185.0, ""),
)
POP = Row(
    1,
    "#2.mp3",
    Heard("#2", None, Headline("Between pop and disco", "58 % and 38 %."), (0.1, 0.9)),
    *("pop", "disco", 0.58, None, None, 61.0, "heard in part"),
)
TALK = Row(
    2,
    "=talk.wav",
    Heard("=talk", None, Headline("Not music, as far as I can hear", "Speech."), None),
    *(None, None, 0.0, None, None, 9.0, ""),
)
ROWS = [JAZZ, POP, TALK]


def test_a_table_has_numbers_that_sort_and_words_that_are_shown() -> None:
    styled = batch.table(ROWS)
    assert list(styled.data.columns) == list(batch.COLUMNS)
    assert styled.data["Length"].tolist() == [185.0, 61.0, 9.0]
    assert styled.data["Sure"].tolist()[:2] == [88.4, 58.0]
    html = styled.to_html()
    for shown in ("Corner Table, Ada", "Jazz", "88 %", "118 BPM", "B♭ minor", "3:05"):
        assert f">{shown}</td>" in html
    assert "nan" not in html.casefold()
    assert "linear-gradient(90deg, #2a9d8f66 88.4%, transparent 88.4%)" in html


def test_notes_have_a_column_where_there_is_one() -> None:
    assert "Note" not in batch.table([JAZZ, TALK]).data.columns
    assert batch.table([JAZZ, POP]).data["Note"].tolist() == ["", "heard in part"]


def test_what_is_in_it_is_one_bar_with_words() -> None:
    html = batch.overview(Classifier.load().model, [*ROWS, replace(JAZZ, number=3)])
    assert html.count('class="map-song"') == 3
    assert 'aria-label="Jazz 2, Pop 1, Not music 1"' in html
    assert html.count("flex-grow: 2") == 1
    assert batch.overview(Classifier.load().model, []) == ""
    assert "song-map" not in batch.overview(Classifier.load().model, [TALK])


def test_a_reason_that_many_share_is_told_once() -> None:
    same = [Unused(f"{i}.mp3", "Too many.") for i in range(170)]
    html = batch.could_not_be_used([Unused("notes.txt", "This is not audio."), *same])
    assert "171 could not be used" in html
    assert "0.mp3, 1.mp3, 2.mp3 and 167 more" in html
    assert html.count("Too many.") == 1
    assert batch.could_not_be_used([]) == ""


@pytest.mark.parametrize(
    ("rows", "unused", "total", "told"),
    [
        (ROWS, [], 3, "3 songs heard."),
        ([JAZZ], [Unused("x", "y")], 2, "1 song heard. 1 could not be used; "),
        ([JAZZ], [], 40, "Stopped after 1 of 40: 1 song heard."),
    ],
)
def test_what_came_of_it(rows: list[Row], unused: list[Unused], total: int, told: str) -> None:
    assert told in batch.over(rows, unused, total)


def test_the_csv_has_every_file_and_no_formula() -> None:
    content = batch.as_csv(ROWS, [Unused("x.txt", "This is not audio.")]).decode("utf-8-sig")
    head, *rows = csv.reader(content.splitlines())
    assert tuple(head) == batch.CSV_COLUMNS
    assert rows[0] == [
        *("album/01 - track.mp3", "Corner Table", "Ada", "Jazz", "88.4", "Jazz", "Blues"),
        *("118", "Bb minor", "3:05", ""),
    ]
    assert rows[2][0] == "'=talk.wav"
    assert rows[3] == ["x.txt", *[""] * 4, batch.FAILED, *[""] * 4, "This is not audio."]


def test_a_playlist_goes_by_genre_the_surest_first() -> None:
    more = replace(POP, number=3, file="more.mp3", confidence=0.9)
    entries = batch.playlist([*ROWS, more])
    assert [entry.path for entry in entries] == ["more.mp3", "#2.mp3", "album/01 - track.mp3"]
    lines = as_m3u(entries).splitlines()
    assert lines[1:3] == ["#EXTINF:61,#2", "more.mp3"]
    assert lines[4] == "%232.mp3"  # which would be a comment
    assert lines[5] == "#EXTINF:185,Ada - Corner Table"
    ElementTree.fromstring(as_xspf(entries))
