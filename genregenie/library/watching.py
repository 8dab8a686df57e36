"""Watches a folder of music: what arrives is tagged, if told so, and indexed.

Whatever the system tells of changes only says that it is time to look: the folder is then walked
as `index` walks it. So nothing is lost that was not told, and it makes no difference whether files
arrived while nobody watched.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from genregenie.audio.scan import AudioPath, walk
from genregenie.common.formatting import count_of, valid_text
from genregenie.inference.classifier import Classifier
from genregenie.recommend.indexing import Progress, index_files
from genregenie.recommend.library_index import Library, LibraryError
from genregenie.recommend.writing import only_writer

SETTLED_S: Final = 3.0
"""A file is whole when its size and time have stayed the same for so long. One that is copied with
a longer pause is heard as it is then, and again when it has grown."""
AT_ONCE: Final = 64
"""So many files are heard before the index is written: what is heard when the power fails."""
LOOK_S: Final = 1.0
RESCAN_S: Final = 600.0
"""The folder is walked so often, whatever is told of changes."""
POLL_S: Final = 10.0
REMOTE: Final = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone")
)
"""File systems that do not tell what other machines change."""

EventKind = Literal["watching", "tagged", "left alone", "indexed", "skipped", "index"]


@dataclass(frozen=True)
class Event:
    """Something that has happened.

    Attributes
    ----------
    event : str
        ``"watching"``, ``"tagged"``, ``"left alone"``, ``"indexed"`` or ``"skipped"`` of a file,
        ``"index"`` of the index as it is now.
    path : str
    detail : str
    """

    event: EventKind
    path: str
    detail: str = ""

    def to_dict(self) -> dict[str, str]:
        """As JSON can hold it."""
        return asdict(self)


Tag = Callable[[Sequence[AudioPath]], Iterator[Event]]
"""Writes tags into files that are whole, and says what it did."""


def watch(
    folder: Path,
    output: Path,
    *,
    tag: Tag | None = None,
    jobs: int = -1,
    poll: bool | None = None,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> Iterator[Event]:
    """Index the audio files of a folder as they arrive, until it is stopped.

    It may be stopped at any time, by an exception such as KeyboardInterrupt too: the index is as it
    was before the files that were being heard, and what was heard of them is kept beside it.

    Parameters
    ----------
    folder, output : Path
        The music, and its index.
    tag : callable, optional
        Called with new files before they are indexed.
    jobs : int
        Processes; -1 takes one per core.
    poll : bool, optional
        Look for changes, instead of being told; None: where the folder is on another machine.
    stop : threading.Event, optional
        Ends it.
    progress : callable, optional
        As for `genregenie.recommend.indexing.index_folder`; of the files that have arrived.

    Yields
    ------
    Event

    Raises
    ------
    LibraryError
        If there is no such folder, or another process writes the index.
    ModelError, AutotagError
    """
    folder, output = folder.absolute(), output.absolute()
    if not folder.is_dir():
        raise LibraryError(f"There is no folder {folder}.")
    poll = is_remote(folder) if poll is None else poll
    with only_writer(output):
        yield Event("watching", str(folder), "by looking" if poll else "")
        arrivals = _Arrivals(folder, output, tag, jobs, progress)
        due = 0.0
        for changed in _told(folder, poll, stop):
            if changed or arrivals.waiting or time.monotonic() >= due:
                yield from arrivals.look()
                due = time.monotonic() + RESCAN_S


def _told(folder: Path, poll: bool, stop: threading.Event | None) -> Iterator[bool]:
    """Each second at least, whether something may have changed; at once, first."""
    from watchfiles import watch as watch_files

    while stop is None or not stop.is_set():
        yield True
        # It gives up at a name whose bytes are no text. That is a change like others.
        with contextlib.suppress(RuntimeError):
            for changes in watch_files(
                folder,
                watch_filter=None,
                step=200,
                rust_timeout=round(1_000 * LOOK_S),
                yield_on_timeout=True,
                stop_event=stop,
                force_polling=poll,
                poll_delay_ms=round(1_000 * POLL_S),
                ignore_permission_denied=True,
            ):
                yield bool(changes)
            return
        time.sleep(LOOK_S)


def is_remote(folder: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether a folder is on another machine, as far as the system says so."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    real = folder.resolve()
    within = [
        (len(place.parts), kind)
        for place, kind in (
            (Path(fields[1].replace("\\040", " ")), fields[2])
            for fields in map(str.split, lines)
            if len(fields) > 2
        )
        if real == place or place in real.parents
    ]
    return max(within, default=(0, ""))[1] in REMOTE


class _Arrivals:
    """What is new in a folder, and what was made of it."""

    def __init__(
        self,
        folder: Path,
        output: Path,
        tag: Tag | None,
        jobs: int,
        progress: Progress | None = None,
    ) -> None:
        self._folder, self._output, self._tag, self._jobs = folder, output, tag, jobs
        self._progress = progress
        self._since: dict[str, tuple[AudioPath, float]] = {}
        self._refused: dict[str, AudioPath] = {}
        self._indexed = self._read()
        self.waiting = False

    def look(self) -> Iterator[Event]:
        """Walk the folder; hear what is new and whole."""
        files = [
            file
            for file in walk([str(self._folder)])
            if isinstance(file, AudioPath) and self._output not in Path(file.path).parents
        ]
        if not files:  # a disk that is not there, sooner than a library that is thrown away
            self.waiting = False
            return
        new = [file for file in files if self._is_new(file)]
        whole = self._whole(new)
        self.waiting = len(whole) < len(new)
        gone = bool(self._indexed.keys() - {valid_text(file.path) for file in files})
        old = {file.path for file in files if valid_text(file.path) in self._indexed}
        if gone and not whole:
            yield from self._write(old, [])
        for start in range(0, len(whole), AT_ONCE):
            some = whole[start : start + AT_ONCE]
            if self._tag is not None:
                yield from self._tag(some)
            old.update(file.path for file in some)
            yield from self._write(old, some, start, len(whole))

    def _is_new(self, file: AudioPath) -> bool:
        state = (file.size, file.changed_ns)
        return state != self._indexed.get(valid_text(file.path)) and file != self._refused.get(
            file.path
        )

    def _whole(self, new: Sequence[AudioPath]) -> list[AudioPath]:
        """Those that have stayed the same for `SETTLED_S`."""
        now = time.monotonic()
        before, self._since = self._since, {}
        for file in new:
            known, since = before.get(file.path, (None, now))
            self._since[file.path] = (file, since if known == file else now)
        return [file for file, since in self._since.values() if now - since >= SETTLED_S]

    def _write(
        self, paths: set[str], new: Sequence[AudioPath], done: int = 0, total: int = 0
    ) -> Iterator[Event]:
        """Write the index of files; those of `new` are heard for it, after `done` of `total`."""
        for file in new:
            self._since.pop(file.path, None)

        def say(heard: int, _: int, name: str) -> None:
            if self._progress is not None:
                self._progress(done + heard, total, name)

        files = [Path(path) for path in sorted(paths)]
        try:
            made = index_files(self._folder, files, self._output, self._jobs, say)
        except LibraryError as error:
            # A first file that is no music leaves nothing to write; whatever else is told.
            if self._output.exists():
                raise
            skipped = {file.path: str(error) for file in new}
        else:
            skipped = {skip.path: skip.reason for skip in made.skipped}
        for file in new:
            if file.path in skipped:
                self._refused[file.path] = file
                paths.discard(file.path)
                yield Event("skipped", file.path, skipped[file.path])
            else:
                yield Event("indexed", file.path)
        self._indexed = self._read()
        yield Event("index", str(self._output), count_of(len(self._indexed), "track"))

    def _read(self) -> dict[str, tuple[int, int]]:
        """Files in the index, and their size and time as of then."""
        likeness = Classifier.load().model.catalogue.likeness
        try:
            entries = Library.load(self._output, likeness).entries()
        except LibraryError:
            return {}
        return {entry.path: (entry.size, entry.changed_ns) for entry in entries}
