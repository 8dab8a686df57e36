"""Beats a minute of a signal that comes in blocks, and how sure that is.

A small network learnt from annotated clips (``make tempo-key``) weighs what speaks for each tempo;
what it gives the tempi within 4 % of the best is the confidence, the probability that it is right.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.audio.formats import RATE_HZ
from genregenie.common import resources
from genregenie.common.arrays import Array
from genregenie.features.pulse import BANDS, GROUPS, SEGMENT_S, TEMPI, Pulse, onsets
from genregenie.features.slaney import mel_powers
from genregenie.features.softmax import SoftmaxModel, softmax
from genregenie.features.spectrogram import COLUMN_S, FFT_SIZE, Power

TOLERANCE: Final = 0.04
"""A tempo that is this near to the true one is right."""

_RISE: Final = 2  # columns, 78 ms
_SEGMENT: Final = round(SEGMENT_S / COLUMN_S)
_LEAST: Final = 1e-10  # keeps the logarithm finite; music lies far above
_NEAR: Final = int(TOLERANCE / np.log(TEMPI[1] / TEMPI[0]) + 0.5)  # steps of TEMPI
_LOOKS: Final = ((0.03, 8), (0.008, 64))
"""How near to look, and at how many beats: over more of them a tempo shows more exactly, but one
that is off by half a beat at the last of them would look as good."""
_STEPS: Final = 61


@dataclass(frozen=True)
class TempoEstimate:
    """The tempo of a sound.

    Attributes
    ----------
    bpm : float > 0
        Beats a minute.
    confidence : float
        How likely that is right to 4 %, 0 to 1.
    """

    bpm: float
    confidence: float


@dataclass(frozen=True)
class TempoModel(SoftmaxModel):
    """One hidden layer beside a linear one, applied to what speaks for each tempo.

    Attributes
    ----------
    hidden : float64 array, shape (EVIDENCE_WIDTH, units)
    bias, output : float64 arrays, shape (units,)
    linear : float64 array, shape (EVIDENCE_WIDTH,)
    """

    hidden: Array
    bias: Array
    output: Array
    linear: Array

    def probabilities(self, evidence: Array) -> Array:
        """How likely each tempo of `TEMPI` is.

        Parameters
        ----------
        evidence : array, shape (..., 120, EVIDENCE_WIDTH)
            From `Pulse.evidence`.

        Returns
        -------
        array, shape (..., 120)
        """
        x = self.standardised(evidence)
        return softmax(np.tanh(x @ self.hidden + self.bias) @ self.output + x @ self.linear)


class Tempo:
    """Listens to a `Spectrogram`; memory does not grow with what it hears.

    Parameters
    ----------
    model : TempoModel, optional
        None is the shipped one.
    """

    def __init__(self, model: TempoModel | None = None) -> None:
        self._model = model
        self._pulse = Pulse.empty(COLUMN_S)
        self._before = np.empty((0, BANDS), np.float32)  # columns that the next rise from
        self._segment = np.empty((_SEGMENT, GROUPS))
        self._filled = 0

    @property
    def pulse(self) -> Pulse:
        """The sums over all that has been heard."""
        return self._pulse + Pulse.of(self._segment[: self._filled], COLUMN_S)

    def push(self, power: Power) -> None:
        """Take the next columns, shape (n, 1025)."""
        mel = mel_powers(power, RATE_HZ, BANDS) / FFT_SIZE
        levels = np.vstack([self._before, np.log(mel + _LEAST)])
        self._before = levels[-_RISE:]
        strength = onsets(levels, _RISE)
        while len(strength):
            part = strength[: _SEGMENT - self._filled]
            self._segment[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            strength = strength[len(part) :]
            if self._filled == _SEGMENT:
                self._close()

    def end(self) -> None:
        """Know that the stretch is over."""
        self._close()
        self._before = self._before[:0]

    def estimate(self) -> TempoEstimate | None:
        """The tempo of all that has been heard; None of what is still, or shorter than 5 s."""
        pulse = self.pulse
        if not pulse.columns:
            return None
        near, confidence = best((self._model or shipped()).probabilities(pulse.evidence()))
        return TempoEstimate(_refined(pulse, float(TEMPI[near])), float(confidence))

    def _close(self) -> None:
        self._pulse = self.pulse
        self._filled = 0


def best(probabilities: Array) -> tuple[NDArray[np.intp], Array]:
    """Place of the best tempo of `TEMPI`, and the probability of those within 4 % of it.

    Parameters
    ----------
    probabilities : array, shape (..., 120)

    Returns
    -------
    tuple of arrays, shape (...)
    """
    place = probabilities.argmax(axis=-1)
    away = np.abs(np.arange(len(TEMPI)) - place[..., None])
    return place, np.where(away <= _NEAR, probabilities, 0.0).sum(axis=-1)


def _refined(pulse: Pulse, bpm: float) -> float:
    """The tempo within 3 % of one at whose beats the onsets agree best."""
    correlation = pulse.correlation[:, 0]
    places = np.arange(len(correlation))
    for near, beats in _LOOKS:
        tempi = bpm * np.exp(np.linspace(-near, near, _STEPS))
        lags = 60.0 / tempi[:, None] * np.arange(1, beats + 1) / pulse.column_s
        known = (lags < len(correlation) - 1).all(axis=0)
        agreement = np.interp(lags[:, known], places, correlation).sum(axis=1)
        bpm = float(tempi[agreement.argmax()])
    return bpm


@cache
def shipped() -> TempoModel:
    """The model that comes with GenreGenie."""
    return TempoModel.load(resources.models() / "tempo_key" / "tempo.npz")
