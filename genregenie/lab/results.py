"""The lab's results as small CSV tables in a folder: written by a run, read by the page."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genregenie.common import settings
from genregenie.common.files import write_text
from genregenie.common.formatting import csv_lines

if TYPE_CHECKING:
    from genregenie.lab.runs import Headline, Row

_ROOM: Final = "lab"

Line = Mapping[str, Any]


def place(name: str, folder: Path | None = None) -> Path:
    """Where a file of results is read: in `folder`, else what was made here or is shipped."""
    return folder / name if folder else settings.trained(f"{_ROOM}/{name}")


def written(folder: Path | None = None) -> Path:
    """The folder that results are written to, made where it is missing."""
    folder = folder or settings.trained_dir() / _ROOM
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read(name: str, folder: Path | None = None) -> list[dict[str, str]]:
    """The lines of a table; none if it has not been written."""
    path = place(f"{name}.csv", folder)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(name: str, lines: Sequence[Line], folder: Path | None = None, **own: str) -> None:
    """Put lines into a table in place of those that have all of `own`; others stay."""
    kept: list[Line] = [
        line for line in read(name, folder) if any(line.get(k) != v for k, v in own.items())
    ]
    every = sorted([*kept, *lines], key=lambda line: str(line.get("system", "")))
    if not every:
        return
    fields = list(dict.fromkeys(field for line in every for field in line))
    rows = ([line.get(field, "") for field in fields] for line in every)
    write_text(written(folder) / f"{name}.csv", "".join(csv_lines(fields, rows, end="\n")))


def write_rows(rows: Sequence["Row"], folder: Path | None = None) -> None:
    """Scores, reports and confusion of one system under one protocol and shape."""
    if not rows:
        return
    first = rows[0]
    own = {"system": first.system, "protocol": first.protocol.kind, "shape": first.shape}
    for name, lines in lines_of(rows).items():
        write(name, lines, folder, **own)


def lines_of(rows: Sequence["Row"]) -> dict[str, list[dict[str, str]]]:
    """The same tables without writing them, by name."""
    own = [{"system": r.system, "protocol": r.protocol.kind, "shape": r.shape} for r in rows]
    pairs = list(zip(own, rows, strict=True))
    return {
        "scores": [o | _scores(row) for o, row in pairs],
        "reports": [o | line for o, row in pairs for line in _report(row)],
        "confusion": [o | line for o, row in pairs for line in _confusion(row)],
    }


def write_headlines(system: str, lines: Sequence["Headline"], folder: Path | None = None) -> None:
    """The three figures of each model of a system."""
    table = [
        {
            "system": line.system,
            "model": line.model,
            "published": _number(line.published),
            "reproduced": _number(line.reproduced),
            "honest": _number(line.honest),
            "honest_macro_f1": _number(line.honest_f1),
        }
        for line in lines
    ]
    write("headlines", table, folder, system=system)


def _scores(row: "Row") -> dict[str, str]:
    return {
        "table": row.table,
        "model": row.model,
        "accuracy": _number(row.accuracy),
        "macro_f1": _number(row.macro_f1),
        "top3": _number(row.top3),
        "voted": _number(row.voted),
        "averaged": _number(row.averaged),
        "fit_s": f"{row.fit_s:.2f}",
    }


def _report(row: "Row") -> list[dict[str, str]]:
    columns = (row.precision, row.recall, row.f1, row.support)
    return [
        {
            "model": row.model,
            "genre": genre,
            "precision": _number(precision),
            "recall": _number(recall),
            "f1": _number(f1),
            "rows": str(int(n)),
        }
        for genre, precision, recall, f1, n in zip(row.genres, *columns, strict=True)
    ]


def _confusion(row: "Row") -> list[dict[str, str]]:
    return [
        {"model": row.model, "really": row.genres[i], "called": row.genres[j], "rows": str(int(n))}
        for i, counts in enumerate(row.confusion)
        for j, n in enumerate(counts)
        if n
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
