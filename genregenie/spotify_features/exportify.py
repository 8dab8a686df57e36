"""Reading tables of Spotify's audio features as people have them, Exportify's above all.

https://exportify.net writes one row a track, with columns such as ``Track Name``,
``Artist Name(s)``, ``Duration (ms)`` and ``Danceability``. Other tools write ``danceability``,
percentages, or semicolons; all are understood, and what was made of them is said.
"""

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.common.errors import DataError
from genregenie.common.formatting import reason
from genregenie.spotify_features.vectors import RANGES, SPOTIFY_COLUMNS, nothing_known

MAX_ROWS: Final = 50_000
KEYS: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

_ALSO: Final = {
    "durationms": "duration_ms",
    "trackdurationms": "duration_ms",
    "bpm": "tempo",
    "dance": "danceability",
    "acoustic": "acousticness",
}
_TITLE: Final = ("trackname", "songname", "title", "name", "song", "track")
_ARTIST: Final = ("artistnames", "artistname", "trackartist", "artists", "artist")
_WORDS: Final = {
    "mode": {"major": 1.0, "minor": 0.0},
    "key": {name.lower(): float(i) for i, name in enumerate(KEYS)}
    | {"db": 1.0, "eb": 3.0, "gb": 6.0, "ab": 8.0, "bb": 10.0},
}
_IN_PERCENT: Final = 1.5
_MAX_NAMED: Final = 5


@dataclass(frozen=True)
class Sheet:
    """Tracks with their audio features.

    Attributes
    ----------
    names : tuple of str
        Artist and title, or the number of the row.
    rows : array, shape (n, 10)
        In the order of `SPOTIFY_COLUMNS`; NaN where a value is not known.
    notes : tuple of str
        Sentences on what was missing or had to be read differently.
    """

    names: tuple[str, ...]
    rows: NDArray[np.float64]
    notes: tuple[str, ...]


def read_sheet(path: Path) -> Sheet:
    """Read a CSV of tracks.

    Raises
    ------
    DataError
        If it is missing, is no table, or has none of the audio features.
    """
    lines = _lines(path)
    head, *body = lines
    wanted = [_feature(name) for name in head]
    found = {c: i for i, c in reversed(list(enumerate(wanted))) if c is not None}
    if not found:
        raise DataError(
            f"{path.name} has no column of Spotify's audio features. Wanted are "
            f"{', '.join(SPOTIFY_COLUMNS)}, by these names or Exportify's, such as 'Duration (ms)'."
        )
    if not body:
        raise DataError(f"{path.name} holds no tracks under its line of column names.")
    if len(body) > MAX_ROWS:
        raise DataError(f"{path.name} has {len(body):,} tracks; {MAX_ROWS:,} are the most.")
    names = _names(head, body)
    cells = {c: [line[i] if i < len(line) else "" for line in body] for c, i in found.items()}
    rows = np.column_stack(
        [
            _values(column, cells[column]) if column in cells else np.full(len(body), np.nan)
            for column in SPOTIFY_COLUMNS
        ]
    )
    unheard = nothing_known(rows)
    notes: list[str] = []
    missing = [c for c in SPOTIFY_COLUMNS if c not in found]
    if missing:
        notes.append(f"Not in the table, so filled in with usual values: {', '.join(missing)}.")
    for column in (c for c in SPOTIFY_COLUMNS if c in cells):
        notes += _remarks(column, cells[column], rows[:, SPOTIFY_COLUMNS.index(column)], ~unheard)
    if unheard.any():
        of = [name for name, gap in zip(names, unheard.tolist(), strict=True) if gap]
        notes.append(
            f"No audio feature is known of {_tracks(len(of))}, so no genre is given: {_listed(of)}."
        )
    return Sheet(names, rows, tuple(notes))


def _lines(path: Path) -> list[list[str]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"There is no file at {path}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {reason(error)}.") from error
    refusal = f"{path.name} is not a CSV table. Export the playlist as CSV and give that."
    if b"\0" in data:
        raise DataError(refusal)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"{refusal} ({error})") from error
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if not lines:
        raise DataError(f"{path.name} is empty.")
    return lines


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_PLAIN_NAME: Final = {_plain(c): c for c in SPOTIFY_COLUMNS} | _ALSO


def _feature(name: str) -> str | None:
    return _BY_PLAIN_NAME.get(_plain(name))


def _names(head: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[str, ...]:
    plain = [_plain(name) for name in head]
    title = next((plain.index(n) for n in _TITLE if n in plain), None)
    artist = next((plain.index(n) for n in _ARTIST if n in plain), None)

    def cell(line: Sequence[str], i: int | None) -> str:
        return line[i].strip() if i is not None and i < len(line) else ""

    return tuple(
        " \N{EN DASH} ".join(part for part in (cell(line, artist), cell(line, title)) if part)
        or f"row {number}"
        for number, line in enumerate(body, 1)
    )


def _values(column: str, cells: Sequence[str]) -> NDArray[np.float64]:
    """A column as numbers, NaN where not known."""
    low, high = RANGES[column]
    values = np.array([_number(cell, column) for cell in cells])
    if _is_in_percent(column, values):
        values = values / 100.0
    values[~((values >= low) & (values <= high))] = np.nan
    return values


def _is_in_percent(column: str, values: NDArray[np.float64]) -> bool:
    known = values[np.isfinite(values)]
    share = RANGES[column][1] == 1.0 and column != "mode"
    return bool(share and len(known) and _IN_PERCENT < known.max() <= 100.0)


def _remarks(
    column: str, cells: Sequence[str], values: NDArray[np.float64], heard: NDArray[np.bool_]
) -> list[str]:
    """What to say about a column, seen from the tracks that are given a genre."""
    notes = []
    if _is_in_percent(column, np.array([_number(cell, column) for cell in cells])):
        notes.append(f"{column} was read as per cent.")
    wrong = np.isnan(values) & heard
    given = np.array([bool(cell.strip()) for cell in cells])
    if heard.any() and (wrong == heard).all():
        notes.append(f"{column} holds no usable value, so it is filled in with usual ones.")
        return notes
    if unusable := int((wrong & given).sum()):
        notes.append(
            f"{column} is not usable in {_tracks(unusable)}, where usual values are filled in."
        )
    if empty := int((wrong & ~given).sum()):
        notes.append(f"{column} is empty in {_tracks(empty)}, where usual values are filled in.")
    return notes


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _tracks(number: int) -> str:
    return "1 track" if number == 1 else f"{number:,} tracks"


def _number(cell: str, column: str) -> float:
    text = cell.strip().lower()
    word = text.split(" ")[0].replace("\N{MUSIC SHARP SIGN}", "#")
    if word in _WORDS.get(column, {}):
        return _WORDS[column][word]
    try:
        value = float(text.removesuffix("%").strip().replace(",", "."))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
