"""What arguments may be, and the options that several commands share, each declared once."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What a command is added to."""

Run: TypeAlias = Callable[[argparse.Namespace], int]
"""What a command does with its options; its exit status."""

INDEX_NAME: Final = "genregenie-index"

MAX_LENGTH_S: Final = 24 * 3600
"""No playlist is longer."""

GROUPS: Final = ("style", "era", "mood", "voice")
"""What heard tags speak of, as in `genregenie.autotag.vocabulary`, which takes a while to load."""
KINDS: Final = (*GROUPS, "tempo", "key")
"""What may be written beside genres, as in `genregenie.tagging.policy`."""


def add_command(
    commands: Commands, name: str, run: Run, purpose: str, **options: Any
) -> argparse.ArgumentParser:
    """Add a command that `run` carries out; what all commands share is in it.

    Parameters
    ----------
    commands : Commands
    name, purpose : str
    run : callable
        Given the options, it returns the exit status or raises a `GenreGenieError`.
    **options
        As for `argparse.ArgumentParser`.
    """
    parser = commands.add_parser(name, help=purpose, parents=[_shared()], **options)
    parser.set_defaults(run=run)
    return parser


def add_volume(parser: argparse.ArgumentParser) -> None:
    """Add how much is said: ``--quiet`` or ``--verbose``; see `genregenie.cli.messages`.

    They may stand before a command or after it, so neither place has a default of its own.
    """
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument(
        *("-q", "--quiet"),
        action="store_const",
        const="quiet",
        dest="volume",
        default=argparse.SUPPRESS,
        help="say only results and what went wrong",
    )
    volume.add_argument(
        *("-v", "--verbose"),
        action="store_const",
        const="verbose",
        dest="volume",
        default=argparse.SUPPRESS,
        help="say what is done, and where a failure comes from",
    )


def _shared() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    add_volume(shared)
    return shared


# --- options that several commands have ------------------------------------------------------


def add_json(parser: "argparse._ActionsContainer", what: str) -> None:
    """Add ``--json``; `what` it prints, such as ``"an array"``."""
    parser.add_argument("--json", action="store_true", help=f"print a JSON {what}")


TABLES: Final = {
    "csv": "a table",
    "jsonl": "lines of JSON",
    "parquet": "Parquet, which needs genregenie[parquet]",
}
"""Files that results are written to, and what each is."""


def add_tables(parser: "argparse._ActionsContainer") -> None:
    """Add ``--csv``, ``--jsonl`` and ``--parquet``, each with a file to write."""
    for name, what in TABLES.items():
        parser.add_argument(
            f"--{name}", type=file_path, metavar="FILE", help=f"write them as {what}"
        )


def add_jobs(parser: "argparse._ActionsContainer") -> None:
    """Add ``--jobs``, a number of processes."""
    parser.add_argument(
        "--jobs", type=jobs, default=-1, metavar="N", help="processes (default: one for each core)"
    )


def add_dask(
    parser: "argparse._ActionsContainer", purpose: str = "work on the Dask cluster at this address"
) -> None:
    """Add ``--dask``, the address of a cluster's scheduler."""
    parser.add_argument("--dask", metavar="ADDRESS", help=purpose)


def add_fast(parser: "argparse._ActionsContainer") -> None:
    """Add ``--fast``, which leaves the network out; `genregenie.cli.main` sees to it."""
    parser.add_argument(
        "--fast", action="store_true", help="timbre and rhythm alone, without the network"
    )


def add_output(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add ``--output``, a folder that is written to."""
    parser.add_argument("--output", type=folder_path, metavar="DIR", help=purpose)


def add_index(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add ``--index``, the index of one's own library."""
    parser.add_argument("--index", type=folder_path, metavar="DIR", help=purpose)


def add_but(parser: argparse.ArgumentParser) -> None:
    """Add ``--but``, how what is found shall differ from the file."""
    parser.add_argument(
        "--but",
        type=qualities,
        default=(),
        metavar="WORDS",
        help="like it, but: calmer, livelier, happier, sadder, older, newer, more-acoustic, "
        "more-electronic; several with commas between",
    )


# --- types of arguments ----------------------------------------------------------------------


def file_path(text: str) -> Path:
    """A file; a completed command line offers files."""
    return Path(text)


def folder_path(text: str) -> Path:
    """A folder; a completed command line offers folders."""
    return Path(text)


def any_path(text: str) -> str:
    """A file, a folder or a pattern, as it was typed."""
    return text


def qualities(text: str) -> tuple[str, ...]:
    """Words for how sounds may differ, with commas between."""
    from genregenie.autotag.qualities import QualityError, words_of

    try:
        return words_of(filter(None, map(str.strip, text.split(","))))
    except QualityError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> int:
    """A whole number from 1."""
    return _integer(text, 1, None)


def at_least_two(text: str) -> int:
    """A whole number from 2."""
    return _integer(text, 2, None)


def kinds(text: str) -> tuple[str, ...]:
    """What is written beside genres, parted by commas; in one order, however it is typed."""
    named = {name.strip() for name in text.split(",")} - {""}
    if wrong := sorted(named.difference(KINDS)):
        raise argparse.ArgumentTypeError(
            f"{', '.join(map(repr, wrong))} is none of {', '.join(KINDS)}"
        )
    if not named:
        raise argparse.ArgumentTypeError(f"name some of {', '.join(KINDS)}")
    return tuple(name for name in KINDS if name in named)


def words(text: str) -> tuple[str, ...]:
    """Words with commas between."""
    found = tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
    if not found:
        raise argparse.ArgumentTypeError("name one at least; several with commas between")
    return found


def length_s(text: str) -> float:
    """A length such as ``60m`` or ``1h30m``, in seconds."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?", text.strip().casefold())
    hours, minutes, seconds = (int(part or 0) for part in (found.groups() if found else ("0",) * 3))
    length = 3600 * hours + 60 * minutes + seconds
    if not length:
        raise argparse.ArgumentTypeError(f"{text!r} is not a length such as 60m or 1h30m")
    if length > MAX_LENGTH_S:
        raise argparse.ArgumentTypeError(f"{text} is more than {MAX_LENGTH_S // 3600} hours")
    return float(length)


def tempo_range(text: str) -> tuple[float, float]:
    """Beats a minute, the slowest and the fastest, such as ``80-110``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)", text.strip())
    slowest, fastest = (float(part) for part in (found.groups() if found else ("1", "0")))
    if slowest > fastest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of tempi such as 80-110")
    return slowest, fastest


def port(text: str) -> int:
    """A port to listen on."""
    return _integer(text, 1, 65_535)


def jobs(text: str) -> int:
    """A number of processes; -1 is one for each core."""
    return -1 if text == "-1" else _integer(text, 1, None)


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is out of range, wanted 0 to 1")
    return value


def _integer(text: str, low: int, high: int | None) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < low or (high is not None and value > high):
        limits = f"from {low} to {high}" if high is not None else f"{low} or more"
        raise argparse.ArgumentTypeError(f"{text} is out of range, wanted {limits}")
    return value
