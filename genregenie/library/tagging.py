"""Listens to many files, plans their genres, and writes them: the middle of `tag` and `untag`."""

import mmap
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Literal

from genregenie.audio import SIX_STRETCHES, AudioError, Spread
from genregenie.classifier import Prediction
from genregenie.library.choice import Wish
from genregenie.library.delta import DeltaError, difference, digest, digests, restored
from genregenie.library.journal import Journal
from genregenie.library.records import Change, Heard
from genregenie.library.replace import ReplaceError, prepare, sentence
from genregenie.library.tags import TagError, read_genres, write_genres
from genregenie.library.walk import Found
from genregenie.many import classify_many

_CHANGED: Final = "This file has changed since it was listened to. Run the command again."

State = Literal["to write", "written", "as it is", "unsure", "not music", "failed"]


@dataclass(frozen=True, slots=True)
class Item:
    """A file, what was heard in it, and what becomes of its genres.

    Attributes
    ----------
    file : Found
    state : State
        ``"unsure"`` and ``"not music"`` are left alone; ``"as it is"`` needs nothing.
    heard : Heard or None
        None if it could not be listened to.
    before, after : tuple of str
        Genres in its tags, and those planned or written.
    reason : str
        Why it failed, a sentence; else empty.
    """

    file: Found
    state: State
    heard: Heard | None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Listening:
    """How files are listened to.

    Attributes
    ----------
    version : str
        `genregenie.classifier.Classifier.version`.
    spread : Spread
    backend, jobs
        As for `genregenie.many.classify_many`.
    """

    version: str
    spread: Spread = SIX_STRETCHES
    backend: str = "processes"
    jobs: int = -1

    @property
    def key(self) -> str:
        """What an answer in the journal depends on, beside the file."""
        return f"{self.version} {self.spread.count}x{self.spread.length_s}"


def plan(
    files: Sequence[Found], journal: Journal, wish: Wish, listening: Listening
) -> Iterator[Item]:
    """What is to become of each file, in order. Files heard before are not heard again.

    Raises
    ------
    JournalError, ModelError, ClusterError
    """
    key = listening.key
    new = [file for file in files if not journal.knows(file, key)]
    missing = {id(file) for file in new}
    results: Iterator[Prediction | AudioError] = iter(())
    if new:
        results = classify_many(
            [file.path for file in new],
            backend=listening.backend,
            jobs=listening.jobs,
            spread=listening.spread,
        )
    for file in files:
        if id(file) in missing:
            result = next(results)
            if isinstance(result, AudioError):
                yield Item(file, "failed", None, reason=str(result))
                continue
            heard, genres = _heard(result), None
        else:
            known = journal.recall(file, key)
            if known is None:  # another run has just written to it
                yield Item(file, "failed", None, reason=_CHANGED)
                continue
            heard, genres = known
        trouble = ""
        if genres is None:
            try:
                genres = read_genres(file.path)
            except TagError as error:
                trouble = str(error)
            if id(file) in missing:
                journal.remember(file, key, heard, genres)
        if genres is None:
            yield Item(file, "failed", heard, reason=trouble)
        else:
            yield _planned(file, heard, genres, wish)


def _heard(prediction: Prediction) -> Heard:
    return Heard(
        verdict=prediction.verdict,
        genre=prediction.genre,
        confidence=prediction.confidence,
        confidences=prediction.confidences,
        duration_s=prediction.duration_s,
        analysed_s=prediction.analysed_s,
        title=prediction.title,
        artist=prediction.artist,
    )


def _planned(file: Found, heard: Heard, before: tuple[str, ...], wish: Wish) -> Item:
    if heard.verdict == "unsure" or heard.verdict == "not music":
        state: State = "unsure" if heard.verdict == "unsure" else "not music"
        return Item(file, state, heard, before, before)
    after = wish.after(before, heard.confidences)
    return Item(file, "as it is" if after == before else "to write", heard, before, after)


def write(
    item: Item, run: int, journal: Journal, listening: Listening, keep_mtime: bool = False
) -> Item:
    """Write the genres of an item that is ``"to write"``.

    Parameters
    ----------
    run : int
        Number from `Journal.start_run`.
    keep_mtime : bool
        Leave the file's modification time as it was.

    Returns
    -------
    Item
        ``"written"``, or ``"failed"`` with the reason; the file is then as it was.

    Raises
    ------
    JournalError
        Nothing is written that cannot be taken back.
    """
    path, then = item.file.path, item.file
    undo = b""

    def make(source: str, copy: str) -> None:
        nonlocal undo
        shutil.copyfile(source, copy)
        write_genres(copy, item.after)
        with _mapped(source) as old, _mapped(copy) as new:
            undo = difference(old, new)

    try:
        if _looked_up(path) != (then.size, then.changed_ns):
            raise ReplaceError(_CHANGED)
        prefix = journal.prefix_in(os.path.dirname(os.path.realpath(path)))
        copy = prepare(path, prefix, make, then.changed_ns if keep_mtime else None)
        change = journal.intend(run, Change(path, then.changed_ns, item.before, undo))
        try:
            copy.take_its_place()
        except ReplaceError:
            journal.not_made(change)
            raise
    except (ReplaceError, TagError) as error:
        return replace(item, state="failed", reason=str(error))
    now = Found(path, copy.size, copy.changed_ns)
    if item.heard is not None:
        journal.remember(now, listening.key, item.heard, item.after)
    return replace(item, file=now, state="written")


@dataclass(frozen=True, slots=True)
class PutBack:
    """A file of a run that was to be undone; `reason` says why it was not, else is empty."""

    path: str
    genres: tuple[str, ...]
    reason: str = ""


def untag(run: int, journal: Journal) -> Iterator[PutBack]:
    """Put every file of a run back as it was, to the byte, its modification time included.

    A file that has changed since is left alone. What was put back is not put back again, so an
    interrupted call goes on where it stopped.

    Raises
    ------
    JournalError
    """
    for number, change in journal.changes(run):
        try:
            _put_back(change, journal)
        except (ReplaceError, DeltaError) as error:
            reason = str(error)
            if isinstance(error, DeltaError):
                reason = "This file has changed since; it was left as it is."
            yield PutBack(change.path, change.genres, reason)
            continue
        journal.undone(number)
        yield PutBack(change.path, change.genres)


def _put_back(change: Change, journal: Journal) -> None:
    def make(source: str, copy: str) -> None:
        with _mapped(source) as now, open(copy, "wb") as file:
            for piece in restored(now, change.undo):
                file.write(piece)

    path = change.path
    try:
        tagged = Found(path, *_looked_up(path))
        with _mapped(path) as now:
            if digest(now) == digests(change.undo)[0]:
                return  # as it was already: the run was killed just before it wrote
    except OSError as error:
        raise ReplaceError(sentence(error)) from error
    except ValueError as error:  # an empty file cannot be mapped
        raise DeltaError("an empty file") from error
    prefix = journal.prefix_in(os.path.dirname(os.path.realpath(path)))
    copy = prepare(path, prefix, make, change.changed_ns)
    copy.take_its_place()
    journal.follow(tagged, Found(path, copy.size, copy.changed_ns), change.genres)


@contextmanager
def _mapped(path: str) -> Iterator[mmap.mmap]:
    """The bytes of a file, which the system reads when asked for."""
    with (
        open(path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield data


def _looked_up(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise ReplaceError(sentence(error)) from error
    return status.st_size, status.st_mtime_ns
