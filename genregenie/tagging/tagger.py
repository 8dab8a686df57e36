"""Listens to many files, plans their tags, and writes them: the middle of `tag` and `untag`."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from genregenie.audio import SIX_STRETCHES, AudioError, Spread
from genregenie.audio.scan import AudioPath
from genregenie.inference.batch import classify_many
from genregenie.inference.prediction import Prediction
from genregenie.tagging.delta import DeltaError, difference, digest, digests, restored
from genregenie.tagging.formats.fields import Tags
from genregenie.tagging.journal import Journal
from genregenie.tagging.places import candidates
from genregenie.tagging.policy import TagPolicy
from genregenie.tagging.records import CachedResult, Change
from genregenie.tagging.replace import ReplaceError, prepare, sentence
from genregenie.tagging.tags import TagError, mapped, no_place, read_tags, write_copy

_CHANGED: Final = "This file has changed since it was listened to. Run the command again."
_CHANGED_SINCE: Final = "This file has changed since; it was left as it is."
_IS_GONE: Final = (
    "There is no file with this name any more. If it was moved, say so with --moved OLD NEW, the "
    "folder where it was and the one where it is."
)

State = Literal["to write", "written", "as it is", "unsure", "not music", "failed"]


@dataclass(frozen=True, slots=True)
class Item:
    """A file, what was heard in it, and what becomes of its tags.

    Attributes
    ----------
    file : AudioPath
    state : State
        ``"unsure"`` and ``"not music"`` are left alone, but that `TagPolicy.unsure` has heard tags
        written into the former; ``"as it is"`` needs nothing.
    heard : CachedResult or None
        None if it could not be listened to.
    before, after : Tags
        What its tags hold, and what is planned or written.
    reason : str
        Why it failed, or what there is no place for in it, a sentence; else empty.
    """

    file: AudioPath
    state: State
    heard: CachedResult | None
    before: Tags = field(default_factory=dict)
    after: Tags = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Listening:
    """How files are listened to.

    Attributes
    ----------
    version : str
        `genregenie.inference.classifier.Classifier.version`.
    spread : Spread
    backend, jobs, fast
        As for `genregenie.inference.batch.classify_many`.
    """

    version: str
    spread: Spread = SIX_STRETCHES
    backend: str = "processes"
    jobs: int = -1
    fast: bool = False

    @property
    def key(self) -> str:
        """What an answer in the journal depends on, beside the file."""
        return f"{self.version} {self.spread.count}x{self.spread.length_s}"


def plan(
    files: Sequence[AudioPath], journal: Journal, policy: TagPolicy, listening: Listening
) -> Iterator[Item]:
    """What is to become of each file, in order. Files heard before are not heard again.

    Raises
    ------
    JournalError, ModelError, ClusterError
    """
    key = listening.key

    def known(file: AudioPath) -> bool:
        answer = journal.recall(file, key)
        return answer is not None and answer[0].is_enough_for(policy)

    new = [file for file in files if not known(file)]
    new = [file for file in new if not (journal.find_elsewhere(file) and known(file))]
    missing = {id(file) for file in new}
    results: Iterator[Prediction | AudioError] = iter(())
    if new:
        results = classify_many(
            [file.path for file in new],
            backend=listening.backend,
            jobs=listening.jobs,
            spread=listening.spread,
            fast=listening.fast,
        )
    for file in files:
        if id(file) in missing:
            result = next(results)
            if isinstance(result, AudioError):
                yield Item(file, "failed", None, reason=str(result))
                continue
            heard, held = _heard(result), None
        else:
            answer = journal.recall(file, key)
            if answer is None:  # another run has just written to it
                yield Item(file, "failed", None, reason=_CHANGED)
                continue
            heard, held = answer
        reason = ""
        if held is None:
            try:
                held = read_tags(file.path)
            except TagError as error:
                reason = str(error)
            if id(file) in missing or held is not None:
                journal.remember(file, key, heard, held)
        if held is None:
            yield Item(file, "failed", heard, reason=reason)
        else:
            yield _planned(file, heard, held, policy)


def _heard(prediction: Prediction) -> CachedResult:
    return CachedResult(
        verdict=prediction.verdict,
        genre=prediction.genre,
        confidence=prediction.confidence,
        confidences=prediction.confidences,
        duration_s=prediction.duration_s,
        analysed_s=prediction.analysed_s,
        title=prediction.title,
        artist=prediction.artist,
        # A telephone's sound has no style: what the network then hears is the telephone.
        autotags=prediction.heard if prediction.quality == "full" else (),
        tempo_bpm=prediction.tempo_bpm if prediction.is_tempo_sure else None,
        key=prediction.key if prediction.is_key_sure else None,
        is_measured=True,
    )


def _planned(file: AudioPath, heard: CachedResult, before: Tags, policy: TagPolicy) -> Item:
    if heard.verdict == "not music":
        return Item(file, "not music", heard, before, before)
    is_sure = heard.verdict == "confident"
    if not is_sure and not policy.unsure:
        return Item(file, "unsure", heard, before, before)
    wanted = heard.wanted_by(policy, is_sure=is_sure)
    after = policy.after(before, wanted)
    state: State = "to write" if after != before else "as it is" if is_sure else "unsure"
    lacking = [field for field in wanted if field not in before]
    return Item(file, state, heard, before, after, no_place(lacking) if lacking else "")


def write(
    item: Item, run: int, journal: Journal, listening: Listening, keep_mtime: bool = False
) -> Item:
    """Write the tags of an item that is ``"to write"``.

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
    wanted = {name: values for name, values in item.after.items() if values != item.before[name]}
    undo = b""

    def make(source: str, copy: str) -> None:
        nonlocal undo
        if read_tags(source) != item.before:
            raise ReplaceError(_CHANGED)
        write_copy(source, copy, wanted)
        with mapped(source) as old, mapped(copy) as new:
            undo = difference(old, new)

    try:
        if _now(path) != then:
            raise ReplaceError(_CHANGED)
        real = os.path.realpath(path)
        prefix = journal.prefix_in(os.path.dirname(real))
        copy = prepare(path, prefix, make, then.changed_ns if keep_mtime else None)
        if _now(path) != then:
            copy.discard()
            raise ReplaceError(_CHANGED)
        change = journal.intend(run, Change(real, then.changed_ns, item.before, undo))
        try:
            copy.take_its_place()
        except ReplaceError:
            journal.not_made(change)
            raise
        now = _now(path)
    except (ReplaceError, TagError) as error:
        return replace(item, state="failed", reason=str(error))
    if item.heard is not None:
        journal.remember(now, listening.key, item.heard, item.after)
    return replace(item, file=now, state="written")


@dataclass(frozen=True, slots=True)
class PutBack:
    """A file of a run that was to be undone; `reason` says why it was not, else is empty."""

    path: str
    reason: str = ""


def untag(run: int, journal: Journal, moved: tuple[str, str] | None = None) -> Iterator[PutBack]:
    """Put every file of a run back as it was, to the byte, its modification time included.

    A file that has changed since is left alone. What was put back is not put back again, so an
    interrupted call goes on where it stopped.

    Parameters
    ----------
    moved : (str, str), optional
        A folder, or file, that the run wrote to, and where it is now.

    Raises
    ------
    JournalError
    """
    asked = next((r.request.paths for r in journal.runs() if r.number == run), ())
    for number, change in journal.changes(run):
        path = change.path
        try:
            path = _moved(_where(change, asked), moved)
            _put_back(replace(change, path=path), journal)
        except (ReplaceError, DeltaError) as error:
            reason = _CHANGED_SINCE if isinstance(error, DeltaError) else str(error)
            yield PutBack(path, reason)
            continue
        journal.undone(number)
        yield PutBack(path)


def _where(change: Change, asked: Sequence[str]) -> str:
    """The absolute path of a changed file.

    An earlier release wrote down the path as it was typed. What it means now is the one place,
    seen from what the run was asked to do, where the file is that the run wrote; or else the one
    that it was about to write.
    """
    places = list(dict.fromkeys(candidates(change.path, asked)))
    if places == [change.path]:
        return change.path
    before, after = digests(change.undo)
    found = {digest_: place for place in places if (digest_ := _digest(place))}
    if place := found.get(after) or found.get(before):
        return place
    if found:
        raise DeltaError("another file")
    raise ReplaceError(_IS_GONE)


def _moved(path: str, moved: tuple[str, str] | None) -> str:
    """The path seen from where its folder is now."""
    if moved is None:
        return path
    old, new = map(os.path.abspath, moved)
    if path != old and not path.startswith(old.rstrip(os.sep) + os.sep):
        return path
    return os.path.join(new, os.path.relpath(path, old)) if path != old else new


def _digest(path: str) -> bytes | None:
    try:
        with mapped(path) as data:
            return digest(data)
    except (OSError, TagError):
        return None


def _put_back(change: Change, journal: Journal) -> None:
    def make(source: str, copy: str) -> None:
        with mapped(source) as now, open(copy, "wb") as file:
            for piece in restored(now, change.undo):
                file.write(piece)

    path = change.path
    try:
        tagged = AudioPath.at(path)
        with mapped(path) as now:
            if digest(now) == digests(change.undo)[0]:
                return  # as it was already: the run was killed just before it wrote
    except OSError as error:
        gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        raise ReplaceError(_IS_GONE if gone else sentence(error)) from error
    except TagError as error:  # it is empty
        raise DeltaError("an empty file") from error
    prefix = journal.prefix_in(os.path.dirname(os.path.realpath(path)))
    prepare(path, prefix, make, change.changed_ns).take_its_place()
    journal.follow(tagged, _now(path), change.before)


def _now(path: str) -> AudioPath:
    try:
        return AudioPath.at(path)
    except OSError as error:
        raise ReplaceError(sentence(error)) from error
