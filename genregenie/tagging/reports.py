"""A run as a table, as lines of JSON, as a page, and as playlists."""

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genregenie.audio import format_duration
from genregenie.autotag.vocabulary import Autotag, shown
from genregenie.common import tables
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import csv_lines, printable, reason
from genregenie.common.genres import display_name
from genregenie.common.playlists import PlaylistEntry, as_m3u
from genregenie.tagging.formats.fields import FIELDS
from genregenie.tagging.tagger import Item

_DOUBT: Final = ("failed", "not music", "unsure")

_BESIDE: Final = FIELDS[1:]  # the genre's columns have no name before them
COLUMNS: Final = (
    *("file", "state", "genre", "confidence", "verdict", "before", "after"),
    *(f"{field}_{when}" for field in _BESIDE for when in ("before", "after")),
    "heard",
    *("title", "artist", "duration_s", "analysed_s", "reason"),
)
_LISTS: Final = COLUMNS[COLUMNS.index("before") : COLUMNS.index("title")]


class ReportError(GenreGenieError):
    """A report that cannot be written; the message is a sentence."""


def write_csv(path: Path, items: Iterable[Item]) -> None:
    """A table, one line a file; several genres, or tags, are parted by ``"; "``."""
    with _opened(path) as file:
        file.writelines(csv_lines(COLUMNS, map(_cells, items)))


def write_json_lines(path: Path, items: Iterable[Item]) -> None:
    """An object a line, with every confidence and all that is heard; the same keys in each.

    A byte of a name that is no text stands as a lone surrogate, as ``os.fsdecode`` writes it.
    """
    with _opened(path) as file:
        for item in items:
            more = {
                "confidences": item.heard.confidences if item.heard else {},
                "autotags": [tag.to_dict() for tag in _autotags(item)],
            }
            file.write(json.dumps(_row(item) | more) + "\n")


def write_parquet(path: Path, items: Iterable[Item]) -> None:
    """The same table as `write_csv`, as Parquet.

    Raises
    ------
    TableError
        Also where pyarrow is not installed.
    """
    tables.write_parquet(path, [dict(zip(COLUMNS, _cells(item), strict=True)) for item in items])


def _row(item: Item) -> dict[str, Any]:
    heard = item.heard
    return {
        "file": item.file.path,
        "state": item.state,
        "genre": heard.genre if heard else None,
        "confidence": round(heard.confidence, 4) if heard else None,
        "verdict": heard.verdict if heard else None,
        "before": list(item.before.get("genre", ())),
        "after": list(item.after.get("genre", ())),
        **{f"{field}_before": list(item.before.get(field, ())) for field in _BESIDE},
        **{f"{field}_after": list(item.after.get(field, ())) for field in _BESIDE},
        "heard": [shown(tag.name) for tag in _autotags(item)],
        "title": heard.title if heard else None,
        "artist": heard.artist if heard else None,
        "duration_s": round(heard.duration_s, 2) if heard else None,
        "analysed_s": round(heard.analysed_s, 2) if heard else None,
        "reason": item.reason,
    }


def _autotags(item: Item) -> tuple[Autotag, ...]:
    return (item.heard.autotags if item.heard else None) or ()


def _cells(item: Item) -> list[Any]:
    """A line of the table, in the order of `COLUMNS`."""
    row = {**_row(item), "file": printable(item.file.path)}
    row |= {key: "; ".join(row[key]) for key in _LISTS}
    return [row[key] for key in COLUMNS]


# --- the page --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Bar:
    name: str
    count: int
    percent: float


def write_html(path: Path, items: Sequence[Item]) -> None:
    """A page that needs nothing else: how genres are spread, and all files, doubtful ones first."""
    from jinja2 import Environment, PackageLoader, select_autoescape

    templates = Environment(
        loader=PackageLoader("genregenie.tagging"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "printable": printable,
        "duration": format_duration,
        "genre": display_name,
        "autotag": shown,
    }
    ordered = sorted(items, key=_doubt)
    page = templates.get_template("report.html").render(
        items=ordered,
        fields=_BESIDE,
        doubtful=sum(item.state in _DOUBT for item in items),
        states=Counter(item.state for item in items),
        bars=_bars(items),
        hours=sum(item.heard.duration_s for item in items if item.heard) / 3600,
    )
    with _opened(path) as file:
        file.write(page)


def _doubt(item: Item) -> tuple[int, float]:
    """The least certain first."""
    confidence = item.heard.confidence if item.heard else 0.0
    state = _DOUBT.index(item.state) if item.state in _DOUBT else len(_DOUBT)
    return state, confidence


def _bars(items: Sequence[Item]) -> list[_Bar]:
    counts = Counter(display_name(i.heard.genre) for i in items if i.heard and i.heard.genre)
    most = max(counts.values(), default=1)
    return [
        _Bar(name, n, 100 * n / most) for name, n in sorted(counts.items(), key=lambda c: -c[1])
    ]


# --- playlists -------------------------------------------------------------------------------


def write_playlists(folder: Path, items: Iterable[Item]) -> list[Path]:
    """An M3U8 playlist for each genre written or planned; files in doubt are in none.

    Returns
    -------
    list of Path
    """
    lists: dict[str, list[PlaylistEntry]] = defaultdict(list)
    names: dict[str, str] = {}
    for item in items:
        if item.heard is None or item.state in _DOUBT:
            continue
        title, artist = item.heard.title or "", item.heard.artist or ""
        entry = PlaylistEntry(
            title if title or artist else Path(item.file.path).stem,
            artist,
            path=os.path.abspath(item.file.path),
            duration_s=item.heard.duration_s,
        )
        for genre in item.after.get("genre", ()):
            name = _file_name(genre)
            lists[names.setdefault(name.casefold(), name)].append(entry)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"{folder} cannot be made: {reason(error)}.") from error
    written = []
    for name, entries in sorted(lists.items()):
        path = folder / f"{name}.m3u8"
        with _opened(path) as file:
            file.write(as_m3u(entries))
        written.append(path)
    return written


def _file_name(genre: str) -> str:
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "-", printable(genre)).strip(" .") or "Other"
    return name.encode("utf-8")[:200].decode("utf-8", "ignore")


def _opened(path: Path) -> Any:
    """A file for text, in UTF-8."""
    try:
        return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {reason(error)}.") from error
