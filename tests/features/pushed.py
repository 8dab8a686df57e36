"""Sound pushed to what listens to its columns, as a classifier pushes it."""

from collections.abc import Iterable

import numpy as np

from genregenie.features.spectrogram import Spectrogram


def pushed(listener, *stretches: Iterable[np.ndarray]):
    """The listener, after stretches of blocks."""
    spectrogram = Spectrogram(listener)
    for blocks in stretches:
        for block in blocks:
            spectrogram.push(block)
        spectrogram.end()
    return listener
