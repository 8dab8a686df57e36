"""Key and mode of a signal that comes in blocks, and how sure that is.

Peaks of the spectrum between 82 Hz and 2.1 kHz give a histogram of pitch classes, ten bins a
semitone, for each half second. What counts is how strongly two classes sound together: 78 pairs. A
softmax over the 24 keys, with the same weights for all twelve tonics, was learnt from annotated
clips (``make tempo-key``).

Gómez, "Tonal description of polyphonic audio for music content processing", INFORMS JoC 2006, has
the histogram; Krumhansl's and later profiles are what a softmax over single classes would learn.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.audio.formats import RATE_HZ
from genregenie.common import resources
from genregenie.common.arrays import Array
from genregenie.features.mfcc import FULL_SCALE, SIGNAL
from genregenie.features.softmax import SoftmaxModel, softmax
from genregenie.features.spectrogram import BATCH, COLUMN_S, FFT_SIZE, Power

_MAJOR: Final = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
KEYS: Final = (*(f"{tonic} major" for tonic in _MAJOR), *(f"{tonic} minor" for tonic in _MINOR))
"""All 24, by semitones from C, in the order of all probabilities. Each is spelt as it has the fewer
sharps or flats; of the two with six each, F sharp major and E flat minor are the usual ones."""

LOWEST: Final = 40.0
HIGHEST: Final = 96.0
"""Pitches that count, in semitones as MIDI numbers them."""
BINS: Final = 120
"""Of a histogram of pitch classes, a tenth of a semitone each."""
CLASSES: Final = 12
PAIRS: Final = CLASSES * (CLASSES + 1) // 2

_BLOCK: Final = BATCH // 9  # so that none lies in two batches
BLOCK_S: Final = _BLOCK * COLUMN_S
"""Length of a block, 0.465 s."""
MIN_KEY_S: Final = 5.0
"""Nothing is said of less."""
_MIN_VARIETY: Final = 4.0
"""Tones, fifths and telephones' signals have less; of 199 recordings of music the least is 4.4."""
_WIDTH: Final = 0.25
"""Standard deviation in semitones of what counts for a class."""
_TUNED: Final = 0.3
"""How well pitches must agree on a tuning, 0 to 1, for it to be believed."""
_TUNINGS: Final = np.arange(-5, 5) / 10
_PRIOR: Final = 32
"""Blocks: as if 15 s of no key had been heard."""
_ENOUGH: Final = 64
"""Blocks: more than the 30 s that were annotated makes nothing surer."""
_UPPER: Final = np.triu_indices(CLASSES)
_ROTATIONS: Final = (np.arange(CLASSES)[:, None] + np.arange(CLASSES)) % CLASSES
# Bins of the spectrum from one below the lowest pitch to one above the highest.
_FIRST, _LAST = (
    int(440.0 * 2 ** ((pitch - 69) / 12) * FFT_SIZE / RATE_HZ) + step
    for pitch, step in ((LOWEST, -1), (HIGHEST, 2))
)
# A column counts as heard as an MFCC frame does: its signal spans a few steps of 16 bits.
_SILENT: Final = (SIGNAL / FULL_SCALE / 4) ** 2 * 3 / 8 * FFT_SIZE**2 / 2


@dataclass(frozen=True)
class KeyEstimate:
    """The key of a sound.

    Attributes
    ----------
    name : str
        One of `KEYS`.
    confidence : float
        How likely that is right, 0 to 1.
    """

    name: str
    confidence: float


@dataclass(frozen=True)
class KeyModel(SoftmaxModel):
    """A softmax over the 24 keys, given pairs of pitch classes.

    Attributes
    ----------
    weights : float64 array, shape (78, 2)
        Of the pairs as they lie above the tonic, for major and minor.
    bias : float64 array, shape (2,)
    """

    weights: Array
    bias: Array

    def probabilities(self, evidence: Array) -> Array:
        """How likely each of `KEYS` is.

        Parameters
        ----------
        evidence : array, shape (..., 12, 78)
            From `Harmony.evidence`.

        Returns
        -------
        array, shape (..., 24)
        """
        scores = self.standardised(evidence) @ self.weights + self.bias
        return softmax(np.concatenate([scores[..., 0], scores[..., 1]], axis=-1))


@dataclass(frozen=True)
class Harmony:
    """Sums over blocks of half a second; ``a + b`` describes both stretches together.

    Attributes
    ----------
    count : int >= 0
        Number of blocks with pitches.
    histogram : float64 array, shape (120,)
        Sum of their histograms.
    together : float64 array, shape (10, 12, 12)
        Sum of how strongly two classes sound together, for each tuning: no one knows the tuning
        before the end.
    """

    count: int
    histogram: Array
    together: Array

    @classmethod
    def empty(cls) -> Self:
        """The harmony of nothing, the zero of the addition."""
        return cls(0, np.zeros(BINS), np.zeros((len(_TUNINGS), CLASSES, CLASSES)))

    @classmethod
    def of(cls, histograms: Array) -> Self:
        """Sum up histograms of blocks, shape (n, 120); an empty one is nothing."""
        heard = histograms[histograms.any(axis=1)]
        classes = np.sqrt(heard @ _BINS_TO_CLASSES)
        return cls(len(heard), heard.sum(axis=0), np.swapaxes(classes, 1, 2) @ classes)

    def __add__(self, other: "Harmony") -> "Harmony":
        return Harmony(
            self.count + other.count,
            self.histogram + other.histogram,
            self.together + other.together,
        )

    @property
    def tuning(self) -> float:
        """How far all is off 440 Hz, -0.5 to 0.4 semitones; 0 where pitches do not agree on it."""
        angles = 2j * np.pi * np.arange(BINS) / (BINS // CLASSES)
        agreed = self.histogram @ np.exp(angles) / max(self.histogram.sum(), 1e-9)
        if abs(agreed) < _TUNED:
            return 0.0
        return float(_TUNINGS[round(float(np.angle(agreed)) / (2 * np.pi) * 10 + 5) % 10])

    @property
    def variety(self) -> float:
        """How many pitch classes there are, each counted by its share: 1 of a tone, 12 of noise."""
        share = np.diagonal(self.together[self._place(self.tuning)])
        return float(share.sum() ** 2 / max((share**2).sum(), 1e-12))

    def evidence(self, tuning: float | None = None) -> Array:
        """How strongly each pair of classes above each tonic sounds together, shape (12, 78).

        What tells one tonic from another is taken the less seriously the less has been heard.

        Parameters
        ----------
        tuning : float, optional
            In semitones; None is its own.
        """
        place = self._place(self.tuning if tuning is None else tuning)
        pairs = self.together[place] / max(self.count, 1)
        turned = pairs[_ROTATIONS[:, :, None], _ROTATIONS[:, None, :]]
        above = turned[:, _UPPER[0], _UPPER[1]]
        mean = above.mean(axis=0)
        count = min(self.count, _ENOUGH)
        return np.asarray(mean + (above - mean) * count / (count + _PRIOR))

    @staticmethod
    def _place(tuning: float) -> int:
        return round((tuning - _TUNINGS[0]) * 10)


class Key:
    """Listens to a `Spectrogram`; memory does not grow with what it hears.

    Parameters
    ----------
    model : KeyModel, optional
        None is the shipped one.
    """

    def __init__(self, model: KeyModel | None = None) -> None:
        self._model = model
        self.harmony = Harmony.empty()

    def push(self, power: Power) -> None:
        """Take the next columns, shape (n, 1025)."""
        power = power[: len(power) // _BLOCK * _BLOCK]
        power = power[:, _FIRST:_LAST]
        levels = 0.5 * np.log(power + np.float32(1e-12))
        levels[power.sum(axis=1) < _SILENT] = 0.0
        column, place, level = spectral_peaks(levels)
        pitch = pitches((place + _FIRST) * (RATE_HZ / FFT_SIZE))
        found = histograms(column, pitch, np.exp(level), len(power))
        self.harmony += Harmony.of(blocks(found, _BLOCK))

    def end(self) -> None:
        """Know that the stretch is over, which makes no difference."""

    def estimate(self) -> KeyEstimate | None:
        """The key of all that has been heard.

        None of what is silent, shorter than 5 s, or of fewer pitch classes than a key has.
        """
        is_short = self.harmony.count * _BLOCK * COLUMN_S < MIN_KEY_S - BLOCK_S
        if is_short or self.harmony.variety < _MIN_VARIETY:
            return None
        probabilities = (self._model or shipped()).probabilities(self.harmony.evidence())
        best = int(probabilities.argmax())
        return KeyEstimate(KEYS[best], float(probabilities[best]))


def spectral_peaks(
    levels: NDArray[np.floating],
) -> tuple[NDArray[np.intp], Array, Array]:
    """Where columns of logarithms of amplitudes, shape (n, bins), peak.

    Returns
    -------
    columns : int array, shape (peaks,)
    places : array, shape (peaks,)
        Between the bins, by the parabola through three of them.
    levels : array, shape (peaks,)
    """
    below, here, above = levels[:, :-2], levels[:, 1:-1], levels[:, 2:]
    is_peak = np.zeros(levels.shape, np.bool_)
    is_peak[:, 1:-1] = (here > below) & (here >= above)
    # As one row, which is twice as fast: no peak is at an edge, so neighbours are in its column.
    row, at = levels.ravel(), np.flatnonzero(is_peak)
    left, middle, right = row[at - 1], row[at], row[at + 1]
    column, bin_ = np.divmod(at, levels.shape[1])
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return column, bin_ + shift, middle - 0.25 * (left - right) * shift


def pitches(hz: Array) -> Array:
    """Frequencies as pitches in semitones, as MIDI numbers them."""
    return np.asarray(69 + 12 * np.log2(hz / 440.0))


def histograms(column: NDArray[np.intp], pitch: Array, amplitude: Array, count: int) -> Array:
    """Histograms of pitch classes, shape (count, 120); each sums to 1, or is empty.

    Parameters
    ----------
    column : int array, shape (n,)
        In which column each peak is.
    pitch : array, shape (n,)
        In semitones as MIDI numbers them; those outside `LOWEST` to `HIGHEST` do not count.
    amplitude : array, shape (n,)
    count : int
        Number of columns.
    """
    inside = (pitch >= LOWEST) & (pitch < HIGHEST)
    column, pitch, amplitude = column[inside], pitch[inside], amplitude[inside]
    bins = np.rint(pitch * (BINS // CLASSES)).astype(np.intp) % BINS
    sums = np.bincount(column * BINS + bins, amplitude, count * BINS).reshape(count, BINS)
    return np.asarray(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12))


def blocks(histograms: Array, size: int) -> Array:
    """Means of so many histograms each, shape (n / size, 120), of those of shape (n, 120)."""
    return np.asarray(histograms.reshape(-1, size, BINS).mean(axis=1))


@cache
def shipped() -> KeyModel:
    """The model that comes with GenreGenie."""
    return KeyModel.load(resources.models() / "tempo_key" / "key.npz")


def _bins_to_classes() -> Array:
    """Shape (10, 120, 12): how much each bin counts for each class, in each tuning."""
    bins = np.arange(BINS) / (BINS // CLASSES)
    away = bins[:, None] - _TUNINGS[:, None, None] - np.arange(CLASSES)
    away = (away + 6) % 12 - 6
    return np.where(np.abs(away) <= 0.5, np.exp(-0.5 * (away / _WIDTH) ** 2), 0.0)


_BINS_TO_CLASSES: Final = _bins_to_classes()
