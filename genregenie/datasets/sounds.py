"""Everything that models learn of a sound, from a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genregenie.audio import WHOLE, AudioFile, Samples, Source
from genregenie.audio.parallel import in_processes
from genregenie.audio.spread import Stretch
from genregenie.autotag.listener import Listener
from genregenie.autotag.network import check_installed
from genregenie.autotag.vocabulary import TAGS
from genregenie.common.arrays import Array
from genregenie.common.errors import AudioError, DataError
from genregenie.datasets.artists import Tags
from genregenie.features.mfcc import mel_frames
from genregenie.features.statistics import MelStatistics, Statistics
from genregenie.features.temporal import Modulation


@dataclass(frozen=True)
class Sound:
    """What is known of a clip.

    Attributes
    ----------
    statistics : Statistics
    temporal : float64 array, shape (64,)
        NaN for a clip of less than 5 s.
    autotags : float64 array, shape (50,)
        NaN where the network was not asked.
    embedding : float64 array, shape (200,), or None
        Mean over the windows that it heard; None where it was not asked.
    tags : Tags
        The file's own.
    """

    statistics: Statistics
    temporal: Array
    autotags: Array
    embedding: Array | None
    tags: Tags


def hear_all(files: Sequence[Path], jobs: int = -1) -> Iterator[Sound]:
    """Listen to files that must all be usable, in worker processes, in their order.

    Raises
    ------
    DataError
        If one cannot be used.
    AutotagError
        If the network cannot be used.
    """
    if files:
        check_installed()  # without it no process needs to start
    for path, sound in zip(files, in_processes(hear, files, jobs), strict=True):
        if isinstance(sound, AudioError):
            raise DataError(f"{path} cannot be used: {sound}")
        yield sound


def hear(source: Source, *, fast: bool = False) -> Sound:
    """Listen to a file or samples, with the network unless it is to be fast.

    Raises
    ------
    AudioError
        If it cannot be used as audio.
    AutotagError
        If the network cannot be used.
    """
    modulation, total = Modulation(), MelStatistics.empty()
    with AudioFile(source) as audio:
        listener = None if fast else Listener(audio.duration_s, WHOLE)
        for stretch in audio.stretches():
            for frames in mel_frames(_listened(stretch, listener)):
                modulation.push(frames)
                total += MelStatistics.of(frames)
        tags = Tags(audio.track_artist, audio.album_artist, audio.album, audio.title)
    heard = listener.heard() if listener is not None else None
    return Sound(
        total.cepstral(),
        modulation.spectrum.row,
        np.full(TAGS, np.nan) if heard is None else heard.autotags,
        None if heard is None else heard.embeddings.mean(axis=0),
        tags,
    )


def _listened(stretch: Stretch, listener: Listener | None) -> Iterator[Samples]:
    """The blocks of a stretch, as the network hears them pass by."""
    if listener is not None:
        listener.begin(stretch.start_s)
    for block in stretch.blocks:
        if listener is not None:
            listener.push(block)
        yield block
    if listener is not None:
        listener.end()
