"""Numbers, names and tables as people read them."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a formula begins, for one spreadsheet or another: OWASP's list."""
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def format_duration(seconds: float) -> str:
    """``75.2`` becomes ``"1:15"``, for people."""
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def csv_lines(
    header: Sequence[str], rows: Iterable[Sequence[Any]], end: str = "\r\n"
) -> Iterator[str]:
    """The lines of a CSV table; no spreadsheet takes a cell of it for a formula.

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
    >>> list(csv_lines(["clip", "change"], [["=cmd()", "-0.5"]], end="\\n"))
    ['clip,change\\n', "'=cmd(),-0.5\\n"]
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
