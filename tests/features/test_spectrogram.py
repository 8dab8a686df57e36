"""Columns of what passes by: the same however it is cut, and no more kept than needed."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import RATE_HZ
from genregenie.features.spectrogram import BATCH, FFT_SIZE, HOP, Spectrogram
from tests import sounds


class Kept:
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.columns: list[np.ndarray] = []
        self.ends: list[int] = []

    def push(self, power: np.ndarray) -> None:
        self.columns.append(power.copy())

    def end(self) -> None:
        self.ends.append(sum(map(len, self.columns)))

    @property
    def power(self) -> np.ndarray:
        return np.concatenate([np.empty((0, FFT_SIZE // 2 + 1), np.float32), *self.columns])


def shown(*blocks: np.ndarray) -> Kept:
    kept = Kept()
    spectrogram = Spectrogram(kept)
    for block in blocks:
        spectrogram.push(block)
    spectrogram.end()
    return kept


@pytest.mark.slow
def test_columns_are_those_of_scipy():
    samples = sounds.noise(4.0)[0]
    _, _, expected = scipy.signal.stft(
        samples.astype(float),
        window="hann",
        nperseg=FFT_SIZE,
        noverlap=FFT_SIZE - HOP,
        boundary=None,
        padded=False,
        scaling="spectrum",
    )
    amplitude = np.abs(expected.T) * (FFT_SIZE / 2)
    assert np.sqrt(shown(samples).power) == pytest.approx(amplitude, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("length", "columns"),
    [(0, 0), (1, 0), (FFT_SIZE - 1, 0), (FFT_SIZE, 1), (FFT_SIZE + HOP - 1, 1)]
    + [(FFT_SIZE + k * HOP, k + 1) for k in (1, BATCH - 2, BATCH - 1, BATCH, 3 * BATCH)],
)
def test_a_column_for_each_hop_that_is_full(length, columns):
    kept = shown(sounds.noise(15.0)[0, :length])
    assert len(kept.power) == columns
    assert kept.ends == [columns]


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 260_000), max_size=12), length=st.integers(0, 260_000))
def test_how_the_blocks_are_cut_does_not_matter_to_the_last_bit(cuts, length):
    samples = sounds.noise(12.0)[0, :length]
    blocks = np.split(samples, sorted(min(cut, length) for cut in cuts))
    whole, parts = shown(samples), shown(*blocks)
    assert [len(some) for some in parts.columns] == [len(some) for some in whole.columns]
    assert (parts.power == whole.power).all()


def test_a_stretch_does_not_go_on_from_the_one_before():
    first, second = sounds.noise(1.0)[0], sounds.noise(1.5, seed=1)[0]
    kept = Kept()
    spectrogram = Spectrogram(kept)
    for samples in (first, second):
        spectrogram.push(samples)
        spectrogram.end()
    assert kept.ends == [
        len(shown(first).power),
        len(shown(first).power) + len(shown(second).power),
    ]
    assert (kept.power == np.concatenate([shown(first).power, shown(second).power])).all()


def test_all_who_listen_are_shown_the_same():
    listeners = Kept(), Kept()
    spectrogram = Spectrogram(*listeners)
    spectrogram.push(sounds.tone(3.0)[0])
    spectrogram.end()
    assert (listeners[0].power == listeners[1].power).all()
    assert listeners[0].power.argmax(axis=1) == pytest.approx(round(440 * FFT_SIZE / RATE_HZ))
