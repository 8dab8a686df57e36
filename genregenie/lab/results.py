"""The lab's records as small CSV tables in a folder: written by a run, read by the page."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_type_hints

from genregenie.common import settings
from genregenie.common.files import write_text
from genregenie.common.formatting import csv_lines
from genregenie.lab.records import (
    Confusion,
    CurvePoint,
    Findings,
    GenreScore,
    Headline,
    Importance,
    Record,
    Score,
    TrainingEpoch,
)

if TYPE_CHECKING:
    from genregenie.lab.runs import Row

_ROOM: Final = "lab"
_DECIMALS: Final = 4


R = TypeVar("R", bound=Record)


def place(name: str, folder: Path | None = None) -> Path:
    """Where a file of results is read: in `folder`, else what was made here or is shipped."""
    return folder / name if folder else settings.trained(f"{_ROOM}/{name}")


def kept(system: str, model: str, suffix: str, folder: Path | None = None) -> Path:
    """Where a model of a system that answers for clips lies; `folder` as for `place`."""
    return place(f"kept/{system}-{model}.{suffix}", folder)


def written(folder: Path | None = None) -> Path:
    """The folder that results are written to, made where it is missing."""
    folder = folder or settings.trained_dir() / _ROOM
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read(kind: type[R], folder: Path | None = None) -> list[R]:
    """The records of a kind, in the order of their table; none if it has not been written."""
    path = place(f"{kind.TABLE}.csv", folder)
    if not path.exists():
        return []
    types = get_type_hints(kind)
    names = [f.name for f in fields(kind)]
    with path.open(newline="", encoding="utf-8") as file:
        return [
            kind(**{name: _value(types[name], line[name]) for name in names})
            for line in csv.DictReader(file)
        ]


def write(kind: type[R], records: Sequence[R], folder: Path | None = None, **own: str) -> None:
    """Put records into their table in place of those that have all of `own`; others stay."""
    kept = [
        record
        for record in read(kind, folder)
        if any(getattr(record, name) != value for name, value in own.items())
    ]
    every = sorted([*kept, *records], key=lambda record: str(getattr(record, "system", "")))
    if not every:
        return
    columns = {f.name: f.metadata.get("decimals", _DECIMALS) for f in fields(kind)}
    rows = ([_text(getattr(r, name), d) for name, d in columns.items()] for r in every)
    text = "".join(csv_lines(list(columns), rows, end="\n"))
    write_text(written(folder) / f"{kind.TABLE}.csv", text)


def write_rows(rows: Sequence["Row"], folder: Path | None = None) -> None:
    """Scores, reports and confusion of models, each under one protocol and shape."""
    for row in rows:
        own = {"system": row.system, "protocol": row.protocol.kind, "shape": row.shape}
        found = findings_of([row])
        write(Score, found.scores, folder, **own, model=row.model)
        write(GenreScore, found.reports, folder, **own, model=row.model)
        write(Confusion, found.confusion, folder, **own, model=row.model)


def write_headlines(system: str, lines: Sequence[Headline], folder: Path | None = None) -> None:
    """The three figures of models of a system."""
    for line in lines:
        write(Headline, [line], folder, system=system, model=line.model)


def findings(folder: Path | None = None) -> Findings:
    """All that is kept of systems."""
    return Findings(
        read(Score, folder),
        read(GenreScore, folder),
        read(Confusion, folder),
        read(CurvePoint, folder),
        read(Importance, folder),
        read(TrainingEpoch, folder),
    )


def findings_of(rows: Sequence["Row"]) -> Findings:
    """The same of a run, without keeping it."""
    scores: list[Score] = []
    reports: list[GenreScore] = []
    confusion: list[Confusion] = []
    for row in rows:
        own = (row.system, row.protocol.kind, row.shape)
        scores.append(
            Score(
                *(
                    *own,
                    row.table,
                    row.model,
                    row.accuracy,
                    row.accuracy_sd,
                    row.macro_f1,
                    row.top3,
                ),
                *(row.voted, row.averaged, row.fit_s),
            )
        )
        columns = (row.precision.tolist(), row.recall.tolist(), row.f1.tolist())
        reports += [
            GenreScore(*own, row.model, genre, precision, recall, f1, int(n))
            for genre, precision, recall, f1, n in zip(
                row.genres, *columns, row.support.tolist(), strict=True
            )
        ]
        confusion += [
            Confusion(*own, row.model, row.genres[i], row.genres[j], int(n))
            for i, counts in enumerate(row.confusion.tolist())
            for j, n in enumerate(counts)
            if n
        ]
    return Findings(scores, reports, confusion)


def write_table(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Lines with the same keys as a table of their own."""
    rows = (list(line.values()) for line in lines)
    write_text(path, "".join(csv_lines(list(lines[0]), rows, end="\n")))


def _value(kind: Any, text: str) -> Any:
    if kind is str:
        return text
    if kind is int:
        return int(text)
    return float(text) if text else None


def _text(value: Any, decimals: int) -> str:
    if value is None:
        return ""
    return f"{value:.{decimals}f}" if isinstance(value, float) else str(value)
