"""Playlists by ear: songs of an index that are what is asked for, as long as is asked for."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from genregenie.audio import format_duration
from genregenie.autotag.qualities import Change, QualityError
from genregenie.common import playlists
from genregenie.common.arrays import Array
from genregenie.common.files import write_text
from genregenie.common.genres import display_name
from genregenie.common.playlists import PlaylistEntry
from genregenie.model.likeness import Directions
from genregenie.recommend import smooth
from genregenie.recommend.acoustic import SAME_RECORDING, as_share, track_key
from genregenie.recommend.library_index import Entry
from genregenie.recommend.songs import Mask, NothingFitsError, Songs, Wanted

_PASSED: Final = 30
"""So many songs that are too long are passed over for one that fits; further down the list songs
are less and less what was asked for."""


@dataclass(frozen=True)
class Request:
    """What a playlist shall be.

    Attributes
    ----------
    length_s : float > 0
    wanted : Wanted
    like : float32 array, shape (width,), or None
        The direction of a sound that its songs shall be like; None draws from all that fit.
    change : Change or None
        What they shall have more of than that sound.
    but : str
        The path of a song that is left out, such as the one that they are like.
    smooth : bool
        Whether they come in an order of short steps.
    seed : int
        Another one draws other songs, where nothing says which come first.
    """

    length_s: float
    wanted: Wanted = field(default_factory=Wanted)
    like: Directions | None = None
    change: Change | None = None
    but: str = ""
    smooth: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Item:
    """A song of a playlist.

    Attributes
    ----------
    entry : Entry
    heard : tuple of str
        What stands out in it.
    alike : float or None
        How much it is like what was asked for, 0 to 1.
    step : float or None
        From the song before, by `genregenie.recommend.smooth`; None of the first.
    """

    entry: Entry
    heard: tuple[str, ...]
    alike: float | None
    step: float | None

    @property
    def about(self) -> str:
        """What is told of it in a line: "Jazz, 1959, mellow, 118 BPM, A minor"."""
        tempo = None if self.entry.tempo_bpm is None else f"{self.entry.tempo_bpm:.0f} BPM"
        year = None if self.entry.year is None else str(self.entry.year)
        known = display_name(self.entry.genre), year, *self.heard, tempo, self.entry.musical_key
        return ", ".join(filter(None, known))

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        entry = self.entry
        return {
            "path": entry.file,
            "artist": entry.artist or None,
            "title": entry.title,
            "year": entry.year,
            "genre": entry.genre,
            "confidence": round(entry.confidence, 4),
            "heard": list(self.heard),
            "tempo_bpm": None if entry.tempo_bpm is None else round(entry.tempo_bpm, 1),
            "key": entry.musical_key,
            "duration_s": round(entry.duration_s, 2),
            "alike": None if self.alike is None else round(self.alike, 4),
            "step": None if self.step is None else round(self.step, 4),
        }


def make_playlist(
    songs: Songs, request: Request, is_there: Callable[[str], bool] = os.path.exists
) -> list[Item]:
    """Choose songs, and put them in order.

    None comes twice, neither in another recording by the same artist nor as another file of the
    same sound. The total comes as near to the length asked for as whole songs do: over it by half
    a song at most, and under it by more than a song only where no more fit.

    Parameters
    ----------
    songs : Songs
    request : Request
    is_there : callable
        Whether there still is a file of this path.

    Raises
    ------
    WordError, QualityError
        For words that mean nothing, or nothing of these songs.
    NothingFitsError
        If no song is what is asked for.
    """
    candidates = _ordered(songs, request, songs.fitting(request.wanted))
    rows = _chosen(songs, request, candidates, is_there)
    if not rows:
        raise NothingFitsError(_why_none(songs, request, candidates, is_there))
    length = _steps(songs, rows)
    if request.smooth:
        order = smooth.smoothed(length)
        rows, length = [rows[i] for i in order], length[np.ix_(order, order)]
    return [
        Item(
            songs.entries[row],
            songs.told(row),
            None if request.like is None else as_share(songs.directions[row] @ request.like),
            float(length[place - 1, place]) if place else None,
        )
        for place, row in enumerate(rows)
    ]


def in_smooth_order(songs: Songs, rows: Sequence[int]) -> list[int]:
    """The same songs, by row, in an order of short steps; the first one stays the first."""
    return [rows[i] for i in smooth.smoothed(_steps(songs, rows))]


def shortfall(items: Sequence[Item], length_s: float) -> str:
    """A sentence where more than a song is missing to the length; else nothing."""
    total_s = sum(item.entry.duration_s for item in items)
    if total_s >= length_s - total_s / len(items):
        return ""
    return f"No more fits: it is {format_duration(total_s)} long, of {format_duration(length_s)}."


def write_playlist(path: Path, items: Sequence[Item], title: str) -> None:
    """Write M3U8 or XSPF, as the suffix says; where songs lie is told from where it lies.

    Raises
    ------
    WriteError
    """
    folder = os.path.realpath(path.absolute().parent)
    entries = [
        PlaylistEntry(
            item.entry.title,
            item.entry.artist,
            path=relative(item.entry.file, folder),
            annotation=item.about,
            duration_s=item.entry.duration_s,
        )
        for item in items
    ]
    is_xspf = path.suffix.lower() == ".xspf"
    write_text(path, playlists.as_xspf(entries, title) if is_xspf else playlists.as_m3u(entries))


def relative(path: str, folder: str) -> str:
    """A path as it is told from a folder; absolute where no way leads there, on another drive."""
    try:
        return os.path.relpath(path, folder)
    except ValueError:
        return path


def _steps(songs: Songs, rows: Sequence[int]) -> Array:
    found = [songs.entries[row] for row in rows]
    return smooth.steps(
        [e.tempo_bpm for e in found], [e.musical_key for e in found], songs.directions[list(rows)]
    )


def _ordered(songs: Songs, request: Request, fit: Mask) -> list[int]:
    """What fits, the best first; what has nothing in common with what it shall be like is out."""
    rows = np.flatnonzero(fit)
    if request.like is None:
        drawn: list[int] = np.random.default_rng(request.seed).permutation(rows).tolist()
        return drawn
    values = np.asarray(songs.directions[rows] @ request.like, dtype=np.float64)
    values[values <= 0.0] = -np.inf
    if request.change is not None:
        if np.isnan(songs.autotags).all():
            raise QualityError(
                f"What is {request.change.words[0]} is told by the network, which has not heard "
                "the files of this index. Make it again with 'genregenie index', and without "
                "--fast."
            )
        values = request.change.fit(values, songs.autotags[rows])
    order = np.argsort(-values, kind="stable")
    best: list[int] = rows[order[values[order] > -np.inf]].tolist()
    if not best:
        than = (
            "" if request.change is None else f" and clearly {' and '.join(request.change.words)}"
        )
        raise NothingFitsError(f"None of the songs that fit is like it{than}.")
    return best


def _chosen(
    songs: Songs, request: Request, candidates: Sequence[int], is_there: Callable[[str], bool]
) -> list[int]:
    rows: list[int] = []
    left_s = request.length_s
    sounds = [] if request.like is None else [request.like]
    keys: set[str] = set()
    typical_s = float(np.median([songs.entries[row].duration_s for row in candidates]))
    passed = 0
    for row in candidates:
        entry, direction = songs.entries[row], songs.directions[row]
        if entry.duration_s > min(2 * left_s, request.length_s):  # it would be nearer without
            passed += 1
            if rows and left_s < typical_s and passed > _PASSED:
                break
            continue
        key = track_key(entry.artist, entry.title) if entry.artist else entry.path
        is_known = key in keys or entry.path == request.but
        if is_known or (sounds and (np.array(sounds) @ direction > SAME_RECORDING).any()):
            continue
        if is_there(entry.file):
            rows.append(row)
            left_s -= entry.duration_s
            keys.add(key)
            sounds.append(direction)
    return rows


def _why_none(
    songs: Songs, request: Request, candidates: Sequence[int], is_there: Callable[[str], bool]
) -> str:
    others = [e for e in (songs.entries[row] for row in candidates) if e.path != request.but]
    there = [entry for entry in others if is_there(entry.file)]
    if others and not there:
        return "The files of all songs that would fit are gone. Run 'genregenie index' again."
    short = [entry for entry in there if entry.duration_s <= request.length_s]
    if there and not short:
        shortest_s = min(entry.duration_s for entry in there)
        return (
            f"No song that would fit is as short as {format_duration(request.length_s)}; the "
            f"shortest takes {format_duration(shortest_s)}."
        )
    return "No song fits but the one that they shall be like."
