"""Sound is heard while it comes: samples are pushed in, predictions are asked for at any time."""

import copy
import math
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genregenie.audio import MIN_DURATION_S, RATE_HZ, Samples
from genregenie.audio.incoming import Incoming
from genregenie.autotag.listener import Heard, Listener
from genregenie.autotag.mel import WINDOW_S, Window, mean_power, patches, windows
from genregenie.autotag.network import network
from genregenie.common.arrays import Array
from genregenie.common.errors import AudioError
from genregenie.inference.classifier import Classifier
from genregenie.inference.evidence import Evidence
from genregenie.inference.prediction import Prediction

RECENT_S: Final = 10.0
"""How much of what was heard last `LiveClassifier.recent` judges."""

FIRST_S: Final = 2.9
"""A first verdict needs three seconds, and the third one may be a little short."""
SOFTEST_DB: Final = -60.0
HARDLY_ANYTHING: Final = ("I hear hardly anything", "Closer to the speaker?")
"""What is said where `is_hardly_heard`: a headline, and the line under it."""

_QUIET_S: Final = 4
_QUIET_DB: Final = -50.0
_EVERY_S: Final = 0.95  # the network hears no more often; who asks once a second is not turned away


class LiveClassifier:
    """Classifies sound while it is played. Safe to use from many threads.

    Memory does not grow with the time but for a few sums every 3 s.

    Parameters
    ----------
    rate : int
        Samples a second of what will be pushed.
    classifier : Classifier, optional
        None is the shipped one, as `genregenie.load` gives it.

    Raises
    ------
    AudioError
        If the rate is none that GenreGenie reads.
    ModelError
        If there is no usable model.
    AutotagError
        If the network is wanted and cannot be used.

    Examples
    --------
    >>> from genregenie.audio import AudioFile
    >>> live = LiveClassifier(rate=22_050)
    >>> with AudioFile("assets/examples/jazz.mp3") as audio:
    ...     for stretch in audio.stretches():
    ...         for block in stretch.blocks:
    ...             live.push(block)
    >>> live.prediction().genre
    'jazz'
    """

    def __init__(self, rate: int, classifier: Classifier | None = None) -> None:
        self._classifier = Classifier.load() if classifier is None else classifier
        self._incoming = Incoming(rate)
        if not self._classifier.fast:
            network()  # loaded before the first second comes, and not when it is asked for
        self._evidence = Evidence(None if self._classifier.fast else Listener(0.0))
        self._samples = 0
        self._last: deque[Samples] = deque()
        self._ears = _Ears()
        self._lock = threading.RLock()

    @property
    def heard_s(self) -> float:
        """How much has been heard, in seconds."""
        return self._samples / RATE_HZ

    def push(self, samples: ArrayLike) -> None:
        """The next samples.

        Parameters
        ----------
        samples : array, shape (n,) or (n, channels)
            Floats with full scale -1 to 1, int16, int32, or uint8 around 128.

        Raises
        ------
        AudioError
            If they are no samples; what was pushed before stands.
        """
        with self._lock:
            for block in self._incoming.push(samples):
                self._take(block)

    def end(self) -> None:
        """There are no more: the last few, which were held back, are heard too."""
        with self._lock:
            for block in self._incoming.end():
                self._take(block)

    def _take(self, block: Samples) -> None:
        self._evidence.push(block)
        self._samples += len(block)
        self._last.append(block)
        kept = sum(map(len, self._last))
        while kept - len(self._last[0]) >= RECENT_S * RATE_HZ:
            kept -= len(self._last.popleft())

    def prediction(self) -> Prediction:
        """What is made of all that was pushed; of up to two minutes, that of a file with it.

        Raises
        ------
        AudioError
            If that is less than `MIN_DURATION_S`.
        """
        with self._lock:
            self._check_enough()
            evidence = copy.deepcopy(self._evidence).end()
            heard_s, step = self.heard_s, self._incoming.step
        return self._classifier.judge(
            evidence, evidence.heard(), duration_s=heard_s, analysed_s=heard_s, step=step
        )

    def recent(self) -> Prediction:
        """What is made of the last `RECENT_S`: the song that is playing now.

        The network listens to the last 3 s, once a second at most; what it heard before counts as
        long as it is recent.

        Raises
        ------
        AudioError
            If less than `MIN_DURATION_S` was pushed.
        """
        with self._lock:
            self._check_enough()
            samples = np.concatenate(self._last)[-round(RECENT_S * RATE_HZ) :]
            start_s = self.heard_s - len(samples) / RATE_HZ
            heard = None if self._classifier.fast else self._ears.hear(start_s, samples)
            step = self._incoming.step
        evidence = Evidence()
        evidence.begin(start_s)
        evidence.push(samples)
        evidence.end()
        end_s = start_s + len(samples) / RATE_HZ
        length_s = end_s - start_s
        return self._classifier.judge(
            evidence, heard, duration_s=end_s, analysed_s=length_s, step=step
        )

    def _check_enough(self) -> None:
        if self.heard_s < MIN_DURATION_S:
            raise AudioError(
                f"Only {self.heard_s:.2f} s have been heard. GenreGenie needs at least "
                f"{MIN_DURATION_S:.0f} s, and 10 s or more work best."
            )


def peak_db(samples: NDArray[np.int16]) -> float:
    """The peak of 16-bit samples in dB below full scale, `SOFTEST_DB` at least."""
    peak = int(np.abs(samples.astype(np.int32)).max(initial=0))
    return max(20 * math.log10(peak / 32_768), SOFTEST_DB) if peak else SOFTEST_DB


def is_hardly_heard(peaks_db: Sequence[float]) -> bool:
    """Whether next to nothing has come for four seconds, by the peak of each second."""
    return len(peaks_db) >= _QUIET_S and max(peaks_db[-_QUIET_S:]) < _QUIET_DB


class _Ears:
    """What the network heard of the last seconds, a window of 3 s at a time."""

    def __init__(self) -> None:
        self._heard: deque[tuple[Window, Array, Array]] = deque()
        self._due_s = 0.0

    def hear(self, start_s: float, samples: Samples) -> Heard | None:
        """Of samples that begin at `start_s`; None of silence."""
        end_s = start_s + len(samples) / RATE_HZ
        while self._heard and self._heard[0][0].start_s < start_s:
            self._heard.popleft()
        if end_s >= self._due_s:
            self._due_s = end_s + _EVERY_S
            last = samples[-round(WINDOW_S * RATE_HZ) :]
            for window in windows(end_s - len(last) / RATE_HZ, [last], WINDOW_S):
                power = mean_power([window, *(before for before, _, _ in self._heard)])
                probabilities, embeddings = network().hear(patches([window], power))
                self._heard.append(
                    (window, probabilities[0].astype(float), embeddings[0].astype(float))
                )
        if not self._heard:
            return None
        return Heard(
            np.array([window.start_s for window, _, _ in self._heard]),
            np.array([window.end_s for window, _, _ in self._heard]),
            np.array([probabilities for _, probabilities, _ in self._heard]),
            np.array([embeddings for _, _, embeddings in self._heard]),
        )
