"""The lab's tables in a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genregenie.cli.messages import print_table

if TYPE_CHECKING:
    from genregenie.lab.runs import Row


def print_scores(rows: Sequence["Row"]) -> None:
    """A line for each model and protocol."""
    tracks = any(row.voted is not None for row in rows)
    lines = []
    for row in rows:
        line = {
            "model": row.model,
            "protocol": row.protocol.kind,
            "split": row.shape,
            "accuracy": f"{row.accuracy:.3f}",
            "±": f"{row.accuracy_sd:.3f}",
            "macro-F1": f"{row.macro_f1:.3f}",
            "top-3": f"{row.top3:.3f}",
        }
        if tracks:
            line["tracks, voted"] = "-" if row.voted is None else f"{row.voted:.3f}"
            line["tracks, averaged"] = "-" if row.averaged is None else f"{row.averaged:.3f}"
        lines.append(line | {"fit (s)": f"{row.fit_s:.2f}"})
    print_table(lines)


def print_report(row: "Row") -> None:
    """Precision, recall and F1 of each genre."""
    columns = zip(row.genres, row.precision, row.recall, row.f1, row.support, strict=True)
    print_table(
        {
            "genre": genre,
            "precision": f"{precision:.2f}",
            "recall": f"{recall:.2f}",
            "F1": f"{f1:.2f}",
            "rows": str(int(n)),
        }
        for genre, precision, recall, f1, n in columns
    )


def print_confusion(row: "Row") -> None:
    """What was called what."""
    print_table(
        {"really": genre} | {g[:7]: str(n) for g, n in zip(row.genres, counts, strict=True)}
        for genre, counts in zip(row.genres, row.confusion.tolist(), strict=True)
    )
