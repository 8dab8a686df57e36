"""What earlier systems hear of a file and read in its tags, without what they are trained with."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from genregenie.audio import RATE_HZ, AudioFile, Samples, Source, Spread
from genregenie.common.arrays import Array
from genregenie.features.statistics import Statistics, statistics
from genregenie.features.tangent import as_row

LENGTH_S: Final = 30.0
"""Of a longer clip its middle is heard, as long as those the systems learnt from."""


@dataclass(frozen=True)
class Middle:
    """The middle of a file.

    Attributes
    ----------
    samples : float32 array, shape (n,)
        Mono at 22 050 Hz, `LENGTH_S` at most.
    text : str
        Artist and title from its own tags; empty if it has none.
    """

    samples: Samples
    text: str


@dataclass(frozen=True)
class Sound:
    """A file, as far as system A is concerned.

    Attributes
    ----------
    row : array, shape (n,)
        The statistics of its timbre.
    text : str
        Artist and title from its own tags; empty if it has none.
    """

    row: Array
    text: str


def hear(source: Source) -> Sound:
    """Listen to a file and read its tags.

    Raises
    ------
    AudioError
        If the file cannot be used as audio.
    """
    with AudioFile(source) as audio:
        stats = sum((statistics(s.blocks) for s in audio.stretches()), Statistics.empty())
    return Sound(as_row(stats), _text(audio))


def middle(source: Source) -> Middle:
    """Listen to the middle of a file and read its tags.

    Raises
    ------
    AudioError
        If the file cannot be used as audio.
    """
    with AudioFile(source) as audio:
        parts = audio.stretches(Spread(1, LENGTH_S, LENGTH_S))
        samples = np.concatenate([block for part in parts for block in part.blocks])
    return Middle(samples[: round(LENGTH_S * RATE_HZ)], _text(audio))


def _text(audio: AudioFile) -> str:
    return " ".join(part for part in (audio.artist, audio.title) if part)
