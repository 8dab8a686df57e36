"""Many songs, heard one after the other, and what is remembered of each until the page is left."""

import contextlib
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from genregenie.accounts.errors import GuestLimitError
from genregenie.common.errors import AudioError
from genregenie.common.steps import Steps
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.web import analysis, uploads
from genregenie.web.saved_results import as_prediction, as_result
from genregenie.web.songs import told
from genregenie.web.views.batch import Row, Unused

Keep = Callable[[str, Prediction], Any]
"""Keeps what was found of a song of that name."""


@dataclass(frozen=True)
class _Kept:
    clip: uploads.Clip
    details: bytes


@dataclass
class Batch:
    """What is known of the songs that were dropped together; it grows while they are heard.

    Attributes
    ----------
    total : int
        How many there are.
    hearing : str
        The file that is listened to now.
    rows : list of Row
        What was heard.
    unused : list of Unused
        What could not be used.
    """

    total: int
    hearing: str = ""
    rows: list[Row] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    _kept: list[_Kept] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many are over."""
        return len(self.rows) + len(self.unused)

    def take(self, clip: uploads.Clip, result: Prediction | AudioError) -> None:
        """Remember what came of a clip."""
        if isinstance(result, AudioError):
            self.unused.append(Unused(clip.name, str(result)))
            return
        name = _stem(clip.name)
        heard = told(result, name, Classifier.load().model)
        self.rows.append(Row.of(len(self.rows), clip.name, result, heard))
        # Two hundred predictions are tens of megabytes; of their text a tenth is left.
        details = zlib.compress(as_result(result, name).details.encode())
        self._kept.append(_Kept(clip.without_content(), details))

    def prediction(self, number: int) -> Prediction:
        """What was made of the song in this row."""
        details = zlib.decompress(self._kept[number].details).decode()
        return as_prediction(details, Classifier.load().model.catalogue.space)

    def clip(self, number: int) -> Path | bytes | None:
        """The sound of that song: a file, or what is in one; None where it is gone."""
        return self._kept[number].clip.again()


def hear_all(paths: list[str], keep: Keep | None = None, admit: Any = None) -> Iterator[Batch]:
    """Listen to all songs in uploaded files.

    Parameters
    ----------
    paths : list of str
        Files and zip archives.
    keep : callable, optional
        Given a song's name and what was made of it.
    admit : callable, optional
        May refuse a song by a `GuestLimitError` before it is listened to.

    Yields
    ------
    Batch
        The same each time: before each song, at the end, and while one takes its time.
    """
    batch = Batch(uploads.count(paths))
    for clip in uploads.clips(paths):
        batch.hearing = clip.name
        yield batch
        result = yield from _heard(batch, clip, admit)
        batch.take(clip, result)
        if keep is not None and isinstance(result, Prediction):
            keep(_stem(clip.name), result)
    batch.hearing = ""
    yield batch


def _heard(
    batch: Batch, clip: uploads.Clip, admit: Callable[[], None] | None
) -> Generator[Batch, None, Prediction | AudioError]:
    if isinstance(clip.content, AudioError):
        return clip.content
    try:
        if admit is not None:
            admit()
    except GuestLimitError as error:
        return AudioError(str(error))
    content = clip.content if isinstance(clip.content, bytes) else str(clip.content)
    with contextlib.closing(analysis.hear(content)) as working:  # which is what Stop does
        steps = Steps(working)
        try:
            for _ in steps:
                yield batch
        except AudioError as error:
            return error
        return steps.result


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
