"""The modulation spectrum: sums that merge, blocks of any size, the same at any level."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.datasets.gtzan import PICTURES_NPZ, picture_spectrum
from genregenie.features.mfcc import mel_frames
from genregenie.features.temporal import (
    GROUP_EDGES_HZ,
    GROUPS,
    RATE_EDGES_HZ,
    RATES,
    Modulation,
    ModulationSpectrum,
)


def spectrum_of(blocks) -> ModulationSpectrum:
    modulation = Modulation()
    for frames in mel_frames(blocks):
        modulation.push(frames)
    return modulation.spectrum


def pulsing(rate_hz: float, seconds: float = 12.0) -> np.ndarray:
    """Noise that swells and fades so many times a second."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(0).normal(size=len(time))
    return (0.1 * noise * np.exp(np.sin(2 * np.pi * rate_hz * time))).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [0.7, 1.5, 2.2, 3.5, 5.0])
def test_it_peaks_at_the_rate_of_the_pulse(rate_hz):
    powers = spectrum_of([pulsing(rate_hz)]).power
    loudest = powers.argmax(axis=0)
    expected = np.searchsorted(RATE_EDGES_HZ, rate_hz) - 1
    assert (loudest == expected).all()


@settings(max_examples=15)
@given(st.lists(st.integers(1, 3 * RATE_HZ), min_size=1, max_size=8))
def test_how_the_blocks_are_cut_does_not_matter(lengths):
    samples = pulsing(2.0)
    cut, rest, turn = [], samples, 0
    while len(rest):
        length = lengths[turn % len(lengths)] if turn < 20 else len(rest)
        cut.append(rest[:length])
        rest = rest[length:]
        turn += 1
    whole, parts = spectrum_of([samples]), spectrum_of(cut)
    assert parts.count == whole.count > 0
    assert parts.power == pytest.approx(whole.power, rel=1e-9)


def test_stretches_add_up():
    columns = np.random.default_rng(1).normal(size=(200, GROUPS))
    both = ModulationSpectrum.of(columns[:96]) + ModulationSpectrum.of(columns[96:])
    assert both.count == ModulationSpectrum.of(columns[:96]).count + 2
    whole = ModulationSpectrum.empty() + both
    assert (whole.row == both.row).all()
    assert whole.row.shape == (RATES * GROUPS,)


def test_loudness_and_equaliser_do_not_matter():
    samples = pulsing(2.0)
    row = spectrum_of([samples]).row
    assert spectrum_of([samples / 8]).row == pytest.approx(row, abs=1e-6)
    equalised = np.convolve(samples, [1.0, 0.6], mode="same").astype(np.float32)
    assert np.abs(spectrum_of([equalised]).row - row).mean() < 0.2


def test_silence_counts_for_nothing():
    samples = pulsing(2.0)
    gap = np.zeros(5 * RATE_HZ, np.float32)
    with_gap = np.concatenate([samples[: 6 * RATE_HZ], gap, samples[6 * RATE_HZ :]])
    spectrum = spectrum_of([with_gap])
    assert spectrum.count == spectrum_of([samples]).count
    assert np.isnan(spectrum_of([gap]).row).all()


def test_less_than_five_seconds_is_not_enough():
    assert np.isnan(spectrum_of([pulsing(2.0, 4.5)]).row).all()
    assert np.isfinite(spectrum_of([pulsing(2.0, 5.5)]).row).all()


def test_the_groups_are_sixteen_of_128_mel_bands_each():
    centres = librosa.mel_frequencies(130, fmax=RATE_HZ / 2)[1:-1]
    inside = np.searchsorted(GROUP_EDGES_HZ, centres) - 1
    assert np.bincount(inside).tolist() == [16] * GROUPS


@pytest.mark.data
def test_a_picture_moves_as_its_sound_does(gtzan):
    """What is learnt from published spectrograms holds for sound: they go together."""
    with np.load(gtzan / PICTURES_NPZ) as npz:
        pictures = dict(zip(npz["track"].tolist(), npz["mel"], strict=True))
    heard, seen = [], []
    for path in sorted((gtzan / "audio" / "full").glob("*.flac"))[::3]:
        with AudioFile(path) as audio:
            modulation = Modulation()
            for stretch in audio.stretches():
                for frames in mel_frames(stretch.blocks):
                    modulation.push(frames)
        heard.append(modulation.spectrum.row)
        seen.append(picture_spectrum(pictures[path.stem]).row)
    heard, seen = np.array(heard), np.array(seen)
    correlations = [np.corrcoef(heard[:, i], seen[:, i])[0, 1] for i in range(heard.shape[1])]
    assert np.median(correlations) > 0.9
