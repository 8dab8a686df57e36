"""What the network hears of a clip while its samples pass by."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from genregenie.audio import WHOLE, Samples, Spread
from genregenie.autotag.mel import SEGMENT_S, Window, Windows, patches
from genregenie.autotag.music import music_probability
from genregenie.autotag.network import network
from genregenie.common.arrays import Array

MAX_WINDOWS: Final = 12
"""How many windows of 3 s a file that is listened to as a whole has at most: up to two minutes one
every 10 s, in a longer file as many, spread over it. Of one heard in stretches, it is one a stretch
at least."""

_TOO_MANY: Final = 4


@dataclass(frozen=True)
class Heard:
    """What the network makes of a clip, window by window, in order of time.

    Attributes
    ----------
    start_s, end_s : float64 arrays, shape (n,)
        Where each window is in the clip.
    probabilities : float64 array, shape (n, 50)
        Of the tags, in the order of `genregenie.autotag.network.Network.names`.
    embeddings : float64 array, shape (n, 200)
    """

    start_s: Array
    end_s: Array
    probabilities: Array
    embeddings: Array

    @classmethod
    def of(cls, windows: list[Window]) -> Self:
        """Let the network hear some windows.

        Raises
        ------
        AutotagError
            If it cannot be used.
        """
        probabilities, embeddings = network().hear(patches(windows))
        return cls(
            np.array([window.start_s for window in windows]),
            np.array([window.end_s for window in windows]),
            probabilities.astype(np.float64),
            embeddings.astype(np.float64),
        )

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def autotags(self) -> Array:
        """Mean probabilities, shape (50,). Needs one window at least."""
        return np.asarray(self.probabilities.mean(axis=0))

    @property
    def music_probability(self) -> float:
        """How likely it is music, 0 to 1."""
        return music_probability(self.embeddings)

    def around(self, start_s: float, end_s: float) -> Array:
        """Probabilities, shape (50,), of the window nearest to the middle of a stretch."""
        away = np.abs((self.start_s + self.end_s) - (start_s + end_s))
        return np.asarray(self.probabilities[away.argmin()])


class Listener:
    """Listens to the stretches of a clip, one after the other.

    Parameters
    ----------
    duration_s : float
        Length of the clip, as far as it is known; 0 if it is not.
    spread : Spread
        How much of it is listened to.
    """

    def __init__(self, duration_s: float, spread: Spread = WHOLE) -> None:
        whole = duration_s <= spread.whole_file_s
        total_s = duration_s if whole else spread.count * spread.length_s
        self._segment_s = max(SEGMENT_S, total_s / MAX_WINDOWS)
        self._windows: list[Window] = []
        self._stretch = Windows(0.0, self._segment_s)

    def begin(self, start_s: float) -> None:
        """A stretch begins."""
        self._stretch = Windows(start_s, self._segment_s)

    def push(self, block: Samples) -> None:
        """The next samples of the stretch, shape (n,)."""
        self._windows += self._stretch.push(block)
        if len(self._windows) >= _TOO_MANY * MAX_WINDOWS:  # nobody knew how long it would be
            del self._windows[::2]

    def end(self) -> None:
        """The stretch has ended."""
        self._windows += self._stretch.rest()

    def heard(self) -> Heard | None:
        """What the network makes of it; None of what is silent or shorter than 1 s.

        Raises
        ------
        AutotagError
            If it cannot be used.
        """
        return Heard.of(self._windows) if self._windows else None
