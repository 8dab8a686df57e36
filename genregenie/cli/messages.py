"""What a command says beside its results: notes, progress, and how much of both.

Results go to the standard output with ``print``. Notes are logged and go to the standard error,
lines of progress to the standard output, a bar to a terminal. ``--quiet`` leaves all of that out;
``--verbose`` adds what the package logs, and where a failure comes from.
"""

import argparse
import contextlib
import logging
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any, Final, Self

from genregenie.common.errors import AudioError, GenreGenieError
from genregenie.common.formatting import printable

log = logging.getLogger("genregenie.cli")
_progress = logging.getLogger("genregenie.cli.progress")

LEVELS: Final = {"quiet": logging.ERROR, "normal": logging.WARNING, "verbose": logging.DEBUG}


class CommandError(GenreGenieError):
    """Why a command cannot go on, where no room below it knows."""


@contextlib.contextmanager
def shown(volume: str) -> Iterator[None]:
    """While it lasts, what is logged is shown; `volume` is a key of `LEVELS`.

    What others log, below warnings, is never ours to show.
    """
    level = LEVELS[volume]
    notes, lines = _Plain(sys.stderr), _Plain(sys.stdout)
    notes.setLevel(level)
    package, root = logging.getLogger("genregenie"), logging.getLogger()
    before = package.level
    package.setLevel(level)
    _progress.setLevel(logging.WARNING if volume == "quiet" else logging.INFO)
    _progress.propagate = False
    root.addHandler(notes)
    _progress.addHandler(lines)
    try:
        yield
    finally:
        root.removeHandler(notes)
        _progress.removeHandler(lines)
        package.setLevel(before)


class _Plain(logging.StreamHandler[Any]):
    """The message alone. A reader who has gone is told to the command, as ``print`` does."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        raise  # what the caller has caught


def say(line: str) -> None:
    """Tell on the standard output how far the work is."""
    _progress.info("%s", line)


def print_table(rows: Iterable[Mapping[str, str]]) -> None:
    """Print rows, one at least, under the names of their columns."""
    lines = list(rows)
    widths = {key: max(len(key), *(len(line[key]) for line in lines)) for key in lines[0]}
    for line in [{key: key for key in widths}, *lines]:
        print("  ".join(f"{line[key]:<{width}}" for key, width in widths.items()).rstrip())


@contextlib.contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """While it lasts SIGTERM ends the command as Ctrl-C does, so that what was done is kept."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def resumable() -> Iterator[None]:
    """Whoever interrupts what is inside is told that nothing that was heard is lost."""
    try:
        with ended_by_sigterm():
            yield
    except KeyboardInterrupt:
        log.warning("What was heard is kept: the same command goes on from there.")
        raise


@contextlib.contextmanager
def about(file: object) -> Iterator[None]:
    """What is wrong with audio inside is said with the name of the file.

    Raises
    ------
    AudioError
    """
    try:
        yield
    except AudioError as error:
        raise AudioError(f"{printable(str(file))}: {error}") from error


class Bar:
    """A bar of progress where somebody watches and it is not to be quiet; else none.

    Parameters
    ----------
    options : argparse.Namespace
    total : int, optional
        How many files there are, if that is known; of one or none there is no bar.
    label : str, optional
        What stands before it.
    stays : bool
        Whether it is there from the beginning and after it is full; else only between.
    unit : str
        What is counted.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        total: int | None = None,
        label: str | None = None,
        *,
        stays: bool = True,
        unit: str = "file",
    ) -> None:
        self._bar: Any = None
        self._is_wanted = total not in (0, 1) and options.volume != "quiet" and sys.stderr.isatty()
        self._total, self._label, self._stays, self._unit = total, label, stays, unit
        if stays:
            self._show()

    def _show(self) -> None:
        if self._bar is None and self._is_wanted:
            from tqdm import tqdm  # it takes a while, and few calls need it

            self._bar = tqdm(
                total=self._total,
                desc=self._label,
                unit=self._unit,
                smoothing=0.1,
                leave=self._stays,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def print(self, line: str) -> None:
        """Print a result, above the bar if there is one."""
        if self._bar is None:
            print(line, flush=True)
        else:
            self._bar.write(line, file=sys.stdout)

    def advance(self) -> None:
        """One file more is done."""
        if self._bar is not None:
            self._bar.update()

    def reach(self, done: int, total: int, name: str = "") -> None:
        """So many of so many are done; `name` is the last, and not shown."""
        self._show()
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)
        if done == total and not self._stays:
            self._close()
