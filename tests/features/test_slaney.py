"""The filters are those of librosa, which are Slaney's."""

import librosa
import numpy as np
import pytest

from genregenie.features.slaney import mel_edges_hz, mel_filters, mel_powers


@pytest.mark.parametrize(
    ("rate_hz", "fft_size", "bands"), [(16_000, 512, 96), (22_050, 2_048, 128), (44_100, 4_096, 40)]
)
def test_the_bands_are_slaneys(rate_hz, fft_size, bands):
    expected = librosa.filters.mel(sr=rate_hz, n_fft=fft_size, n_mels=bands).T
    assert mel_filters(rate_hz, fft_size, bands) == pytest.approx(expected, abs=1e-7)


def test_edges_are_evenly_spaced_on_the_mel_scale():
    expected = librosa.mel_frequencies(130, fmin=0.0, fmax=11_025.0)
    assert mel_edges_hz(22_050, 128) == pytest.approx(expected)
    assert np.diff(mel_edges_hz(22_050, 128))[:30] == pytest.approx(25.87, abs=0.1)


@pytest.mark.parametrize(
    ("rate_hz", "fft_size", "bands"), [(16_000, 512, 40), (22_050, 2_048, 128)]
)
def test_powers_in_groups_are_those_of_the_filters(rate_hz, fft_size, bands):
    power = np.random.default_rng(0).gamma(1.0, 1.0, (7, fft_size // 2 + 1)).astype(np.float32)
    expected = power.astype(float) @ mel_filters(rate_hz, fft_size, bands)
    assert mel_powers(power, rate_hz, bands) == pytest.approx(expected, rel=1e-5)
