"""Numbers, names, reasons and tables as people read them."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a formula begins, for one spreadsheet or another: OWASP's list."""
_ESCAPED: Final = re.compile(r"\\u(dc[89a-f][0-9a-f])")
"""A byte of a name that is no text, as `valid_text` writes it."""
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def format_duration(seconds: float) -> str:
    """``75.2`` becomes ``"1:15"``, for people."""
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_pause(seconds: float) -> str:
    """How long to wait, never too short: ``86000`` becomes ``"24 hours"``."""
    pause, unit = _pause(seconds)
    return "an hour" if (pause, unit) == (60, "minutes") else f"{pause} {unit}"


def pause_s(seconds: float) -> int:
    """The seconds that `format_pause` speaks of, so that a header says what a sentence does.

    Examples
    --------
    >>> format_pause(100), pause_s(100)
    ('2 minutes', 120)
    """
    pause, unit = _pause(seconds)
    return pause * {"seconds": 1, "minutes": 60, "hours": 3600, "days": 24 * 3600}[unit]


def _pause(seconds: float) -> tuple[int, str]:
    if seconds < 90:
        return max(math.ceil(seconds / 10) * 10, 10), "seconds"
    if seconds < 90 * 60:
        return math.ceil(seconds / 60), "minutes"
    hours = math.ceil(seconds / 3600)
    return (hours, "hours") if hours <= 48 else (math.ceil(hours / 24), "days")


def count_of(number: int, what: str) -> str:
    """So many of something whose plural ends with an s: ``1 clip``, ``1,200 clips``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def format_megabytes(size: int) -> str:
    """Bytes as ``"20 MB"`` or ``"2.5 MB"``; one of 2**20, as file managers count."""
    return f"{size / 2**20:.1f}".removesuffix(".0") + " MB"


def valid_text(name: str) -> str:
    r"""The name of a file, whose bytes need not be text, as text that anything can store.

    Examples
    --------
    >>> valid_text("caf\udce9.mp3")
    'caf\\udce9.mp3'
    """
    return name.encode("utf-8", "backslashreplace").decode()


def file_name(text: str) -> str:
    r"""The name of a file that `valid_text` was given, except for one that has such marks itself.

    Examples
    --------
    >>> file_name(valid_text("caf\udce9.mp3")) == "caf\udce9.mp3"
    True
    """
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def printable(text: str) -> str:
    r"""A name or a tag on one line: control characters and bytes that are no text are escaped.

    What a terminal is shown may come from anybody, and control characters can move its cursor.

    Examples
    --------
    >>> printable("two\nlines")
    'two\\nlines'
    """
    if text.isprintable():
        return text
    text = valid_text(text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def reason(error: OSError | ValueError) -> str:
    """Why the system would not do something, in its own words and without a full stop."""
    return getattr(error, "strerror", None) or str(error)


def csv_lines(
    header: Sequence[str], rows: Iterable[Sequence[Any]], end: str = "\r\n"
) -> Iterator[str]:
    r"""The lines of a CSV table; no spreadsheet takes a cell of it for a formula.

    Names of files, tags and genres are anybody's. Text that begins as a formula does and is no
    number is led by an apostrophe, which spreadsheets take for "this is text".

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequences
        Cells are text, numbers, or None for an empty one.
    end : str
        What ends a line.

    Yields
    ------
    str
        A row, `end` included; more than one line where a cell has several.

    Examples
    --------
    >>> list(csv_lines(["clip", "change"], [["=cmd()", "-0.5"]], end="\n"))
    ['clip,change\n', "'=cmd(),-0.5\n"]
    """
    line = io.StringIO(newline="")
    # Of what ends a line, csv quotes in a cell only what it is told of: both, whatever `end` is.
    table = csv.writer(line, lineterminator="\r\n")
    for row in (header, *rows):
        table.writerow([_harmless(cell) for cell in row])
        yield line.getvalue().removesuffix("\r\n") + end
        line.seek(0)
        line.truncate()


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The same as a file to take away, with the mark by which spreadsheets know UTF-8."""
    return "".join(csv_lines(header, rows)).encode("utf-8-sig", "backslashreplace")


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
