"""Many songs as the page tells them: how far it is, the table, what is in it, what was no use."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import pandas as pd
from markupsafe import Markup
from pandas.io.formats.style import Styler

from genregenie.audio import format_duration
from genregenie.common.colours import OTHERS, colour
from genregenie.common.formatting import csv_bytes
from genregenie.common.genres import display_name
from genregenie.common.playlists import PlaylistEntry
from genregenie.inference.prediction import Prediction
from genregenie.model.model import Model
from genregenie.web.views import sentences
from genregenie.web.views.fragments import render
from genregenie.web.views.song_map import Dot, song_map
from genregenie.web.views.songs import Heard

COLUMNS: Final = (
    *("Song", "Genre", "Sure", "Verdict", "Second", "Tempo", "Key", "Length", "Note"),
)
CSV_COLUMNS: Final = (
    *("File", "Title", "Artist", "Genre", "Sure (%)", "Verdict", "Second", "Tempo (BPM)"),
    *("Key", "Length", "Note"),
)
FAILED: Final = "not heard"
"""What the CSV calls a file that could not be used."""

_NAMED: Final = 3  # files that share a reason, before the rest are counted
_NOT_MUSIC: Final = "Not music"


@dataclass(frozen=True)
class Row:
    """A song of many.

    Attributes
    ----------
    number : int
        Its place among them, from 0.
    file : str
        What its file is called; in an archive, with its folders.
    heard : Heard
    genre, second : str or None
        The likeliest genre and the next; None for what is not music.
    confidence : float
    tempo_bpm : float or None
    key : str or None
        These two only where they are sure.
    duration_s : float
    note : str
        What is special about how it was heard; empty for most.
    """

    number: int
    file: str
    heard: Heard
    genre: str | None
    second: str | None
    confidence: float
    tempo_bpm: float | None
    key: str | None
    duration_s: float
    note: str

    @classmethod
    def of(cls, number: int, file: str, prediction: Prediction, heard: Heard) -> Self:
        """The row for a prediction."""
        is_music = prediction.genre is not None
        return cls(
            number,
            file,
            heard,
            prediction.genre,
            prediction.ranked[1][0] if is_music and len(prediction.confidences) > 1 else None,
            prediction.confidence,
            prediction.tempo_bpm if prediction.is_tempo_sure else None,
            prediction.key if prediction.is_key_sure else None,
            prediction.duration_s,
            _note(prediction),
        )


@dataclass(frozen=True)
class Unused:
    """A file that could not be used, and the sentence why."""

    file: str
    reason: str


def _note(prediction: Prediction) -> str:
    notes = ["heard in part"] if prediction.is_partial else []
    if prediction.quality != "full":
        notes.append(f"too {prediction.quality} to be sure")
    return ", ".join(notes)


# --- how far it is ---------------------------------------------------------------------------


def start() -> Markup:
    """Nothing was dropped yet."""
    return render("batch", "start")


def progress(done: int, total: int, name: str) -> Markup:
    """So many of so many are heard, and `name` is what is heard now."""
    return render("batch", "progress", done=done, total=total, name=name)


def over(rows: Sequence[Row], unused: Sequence[Unused], total: int) -> Markup:
    """What came of it, in a line."""
    told = f"{_counted(len(rows))} heard."
    done = len(rows) + len(unused)
    if done < total:
        told = f"Stopped after {done} of {total}: {told}"
    if unused:
        told += f" {len(unused)} could not be used; the list is at the end."
    return render("batch", "over", told=told)


# --- what was heard --------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> Styler:
    """A line for each song, with bars in its cells.

    The genre has one too, which narrow pages show: there is no room for more columns there.
    """
    frame = pd.DataFrame([_cells(row) for row in rows], columns=list(COLUMNS))
    if not frame["Note"].any():  # of most songs there is nothing special to tell
        frame = frame.drop(columns="Note")
    bars = [_bar(row) for row in rows]

    def sure(_: Any) -> list[str]:
        return [f"background: {bar}" if bar else "" for bar in bars]

    def genre(_: Any) -> list[str]:
        return [
            f"background: {bar} 0 0 / var(--many-bar, 0) 100% no-repeat" if bar else ""
            for bar in bars
        ]

    styled: Styler = (
        frame.style.apply(sure, subset=["Sure"])
        .apply(genre, subset=["Genre"])
        .format({"Sure": "{:.0f} %", "Tempo": "{:.0f} BPM", "Length": _length}, na_rep="")
    )
    return styled


def _cells(row: Row) -> list[Any]:
    """In the order of `COLUMNS`; numbers stay numbers, so that they can be sorted."""
    return [
        row.heard.name,
        display_name(row.genre) if row.genre else "",
        round(100 * row.confidence, 1) if row.genre else None,
        row.heard.headline.title,
        display_name(row.second) if row.second else "",
        round(row.tempo_bpm) if row.tempo_bpm else None,
        sentences.key_name(row.key) if row.key else "",
        row.duration_s,
        row.note,
    ]


def _length(seconds: Any) -> str:
    return format_duration(seconds)


def _bar(row: Row) -> str:
    if row.genre is None:
        return ""
    tint, share = colour(row.genre), f"{100 * row.confidence:.1f}%"
    return f"linear-gradient(90deg, {tint}66 {share}, transparent {share})"


def overview(model: Model, rows: Sequence[Row]) -> Markup:
    """The songs on the map, and what is in it as one bar; empty where nothing was heard."""
    if not rows:
        return Markup("")
    counts = Counter(row.genre for row in rows if row.genre is not None)
    parts = [(colour(genre), display_name(genre), n) for genre, n in counts.most_common()]
    if rest := len(rows) - counts.total():
        parts.append((OTHERS, _NOT_MUSIC, rest))
    dots = [Dot(row.number, row.heard, row.genre) for row in rows]
    return render(
        "batch",
        "overview",
        picture=song_map(model, dots) if counts else "",
        parts=[(tint, f"{name} {n}", n) for tint, name, n in parts],
        genres=[(tint, f"{name} {n}") for tint, name, n in parts],
    )


def could_not_be_used(unused: Sequence[Unused]) -> Markup:
    """Which files were no use, and why; a reason that many share is told once."""
    if not unused:
        return Markup("")
    files: dict[str, list[str]] = {}
    for one in unused:
        files.setdefault(one.reason, []).append(one.file)
    return render(
        "batch",
        "unused",
        count=len(unused),
        items=[(_listed(names), reason) for reason, names in files.items()],
    )


# --- to take along ---------------------------------------------------------------------------


def as_csv(rows: Sequence[Row], unused: Sequence[Unused]) -> bytes:
    """A table for spreadsheets, with what could not be used at its end."""
    lines = [
        [
            row.file,
            row.heard.title,
            row.heard.artist,
            *(genre, sure, verdict, second, tempo, row.key, format_duration(length), note),
        ]
        for row in rows
        for _, genre, sure, verdict, second, tempo, _, length, note in [_cells(row)]
    ]
    blank = [None] * (len(CSV_COLUMNS) - 7)
    lines += [[one.file, None, None, None, None, FAILED, *blank, one.reason] for one in unused]
    return csv_bytes(CSV_COLUMNS, lines)


def playlist(rows: Sequence[Row]) -> list[PlaylistEntry]:
    """The songs by genre, those named the most surely first; their files by name alone."""
    counts = Counter(row.genre for row in rows)
    music = [row for row in rows if row.genre is not None]
    return [
        PlaylistEntry(
            row.heard.title,
            row.heard.artist or "",
            path=row.file,
            annotation=row.heard.headline.title,
            duration_s=row.duration_s,
        )
        for row in sorted(music, key=lambda r: (-counts[r.genre], r.genre or "", -r.confidence))
    ]


def _counted(count: int) -> str:
    return "1 song" if count == 1 else f"{count or 'No'} songs"


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
