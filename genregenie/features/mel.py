"""The mel scale and its bands, to the last bit those of python_speech_features.

Importing it would load SciPy's transforms, which costs a command as much as all else it loads.
"""

import numpy as np

from genregenie.common.arrays import Array


def band_edges(bands: int, rate_hz: int) -> Array:
    """Where triangular bands, evenly spaced on the mel scale, begin, peak and end.

    Parameters
    ----------
    bands : int > 0
    rate_hz : int > 0
        The sample rate; the last band ends at half of it.

    Returns
    -------
    float64 array, shape (bands + 2,)
        In Hz: a band begins at one, peaks at the next and ends at the one after that.
    """
    highest = 2595 * np.log10(1 + rate_hz / 2 / 700.0)
    return np.asarray(700 * (10 ** (np.linspace(0.0, highest, bands + 2) / 2595.0) - 1))


def filter_bank(bands: int, fft_size: int, rate_hz: int) -> Array:
    """How much each bin of a power spectrum counts for each band.

    Parameters
    ----------
    bands, rate_hz : int > 0
        As for `band_edges`.
    fft_size : int > 0
        Even.

    Returns
    -------
    float64 array, shape (bands, fft_size // 2 + 1)
        From 0 to 1, which each band reaches in the bin it peaks in. A band narrower than a bin may
        have none.
    """
    edges = np.floor((fft_size + 1) * band_edges(bands, rate_hz) / rate_hz)
    start, peak, end = (edges[i : i + bands, None] for i in range(3))
    bins = np.arange(fft_size // 2 + 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # a slope of no bins, which none is on
        up, down = (bins - start) / (peak - start), (end - bins) / (end - peak)
    rises, falls = (start <= bins) & (bins < peak), (peak <= bins) & (bins < end)
    return np.where(rises, up, np.where(falls, down, 0.0))
