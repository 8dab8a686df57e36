"""Which files a command means: folders, patterns, what is to be left out, nothing twice."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from genregenie.audio.formats import AUDIO_SUFFIXES
from genregenie.common.formatting import reason

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE: Final = ".genregenieignore"
"""Lists what is left out of the folder it lies in, in the grammar of ``.gitignore``."""

_SUFFIXES: Final = tuple(AUDIO_SUFFIXES)


@dataclass(frozen=True, slots=True)
class AudioPath:
    """A file, and what tells whether it has changed.

    Attributes
    ----------
    path : str
        As it was asked for.
    size, changed_ns : int
    identity : str
        Device, inode and the time at which the system last saw it change, which no program can
        set: a file of the same name, size and time that is another one has another identity.
    """

    path: str
    size: int
    changed_ns: int
    identity: str = field(default="", compare=False)

    @classmethod
    def at(cls, path: str, status: os.stat_result | None = None) -> Self:
        """The file as it is now.

        Raises
        ------
        OSError
        """
        status = status or os.stat(path)
        identity = f"{status.st_dev}:{status.st_ino}:{status.st_ctime_ns}"
        return cls(path, status.st_size, status.st_mtime_ns, identity)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that could not be used, and why."""

    path: str
    reason: str


def walk(paths: Sequence[str], exclude: Sequence[str] = ()) -> Iterator[AudioPath | Skipped]:
    """Every audio file that `paths` name or hold, in order of name within each folder.

    Links are followed, but no file and no folder is visited twice, so a circle ends. Hidden files
    and folders are passed over. A file named itself is taken whatever its name ends in.

    Parameters
    ----------
    paths : files, folders, or patterns such as ``"music/**/*.mp3"``
    exclude : lines of the ``.gitignore`` grammar, relative to each folder of `paths`

    Raises
    ------
    ValueError
        If a line of `exclude` is not a pattern.
    """
    return _Walk(_spec(exclude) if exclude else None).over(paths)


def files_in(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """Every audio file in a folder and below it, as `walk` finds them, and what was unreadable."""
    found, skipped = [], []
    for entry in walk([str(folder)]):
        if isinstance(entry, Skipped):
            skipped.append(entry)
        else:
            found.append(Path(entry.path))
    return found, skipped


class _Walk:
    def __init__(self, exclude: "GitIgnoreSpec | None") -> None:
        self._exclude = exclude
        self._seen: set[tuple[int, int]] = set()

    def over(self, paths: Sequence[str]) -> Iterator[AudioPath | Skipped]:
        for path in paths:
            if os.path.lexists(path) or not glob.has_magic(path):
                yield from self._one(path)
                continue
            matches = sorted(glob.glob(path, recursive=True))
            if not matches:
                yield Skipped(path, "Nothing matches this pattern.")
            for match in matches:
                if match.lower().endswith(_SUFFIXES) or os.path.isdir(match):
                    yield from self._one(match)

    def _one(self, path: str) -> Iterator[AudioPath | Skipped]:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            yield _unreadable(path, error)
            return
        if not os.path.isdir(path):
            yield from self._file(path, status)
        elif self._is_new(status):
            yield from self._folder(path, [(path, self._exclude)] if self._exclude else [])

    def _folder(
        self, folder: str, rules: list[tuple[str, "GitIgnoreSpec"]]
    ) -> Iterator[AudioPath | Skipped]:
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(folder, error)
            return
        if any(entry.name == IGNORE_FILE for entry in entries):
            try:
                rules = [*rules, (folder, _read_ignore_file(os.path.join(folder, IGNORE_FILE)))]
            except (OSError, ValueError) as error:
                yield Skipped(
                    os.path.join(folder, IGNORE_FILE), f"This cannot be read: {reason(error)}."
                )
        for entry in entries:
            if entry.name[0] == ".":
                continue
            try:
                is_folder = entry.is_dir()
                if not is_folder and not entry.name.lower().endswith(_SUFFIXES):
                    continue
                if _left_out(entry.path, is_folder, rules):
                    continue
                status = entry.stat()
            except OSError as error:
                yield _unreadable(entry.path, error)
                continue
            if not is_folder:
                yield from self._file(entry.path, status)
            elif self._is_new(status):
                yield from self._folder(entry.path, rules)

    def _file(self, path: str, status: os.stat_result) -> Iterator[AudioPath]:
        if self._is_new(status):
            yield AudioPath.at(path, status)

    def _is_new(self, status: os.stat_result) -> bool:
        key = (status.st_dev, status.st_ino)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


def _spec(lines: Sequence[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec  # not paid for where nothing is left out

    return GitIgnoreSpec.from_lines(lines)


def _read_ignore_file(path: str) -> "GitIgnoreSpec":
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return _spec(file.read().splitlines())


def _left_out(path: str, is_folder: bool, rules: list[tuple[str, "GitIgnoreSpec"]]) -> bool:
    """The innermost list that has a line for the path decides."""
    for base, spec in reversed(rules):
        if not spec.patterns:
            continue
        name = os.path.relpath(path, base) + ("/" if is_folder else "")
        answer = spec.check_file(name).include
        if answer is not None:
            return answer
    return False


def _unreadable(path: str, error: OSError | ValueError) -> Skipped:
    if isinstance(error, FileNotFoundError):
        return Skipped(path, "There is no file or folder with this name.")
    return Skipped(path, f"This cannot be read: {reason(error)}.")
