"""VGGish's front end, for those who have its network: Hershey et al., ICASSP 2017.

The network itself is not shipped. Given as an ONNX file it hears log-mel patches of 0.96 s and
answers 128 numbers for each.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.audio import RATE_HZ, Samples
from genregenie.autotag.network import AutotagError
from genregenie.autotag.network import session as onnx_session
from genregenie.common.errors import DataError

EMBEDDING: Final = 128

_RATE_HZ: Final = 16_000
_WINDOW: Final = 400
_HOP: Final = 160
_FFT: Final = 512
_BANDS: Final = 64
_FROM_HZ: Final = 125.0
_TO_HZ: Final = 7_500.0
_FRAMES: Final = 96
_OFFSET: Final = 0.01


def embedding(samples: Samples, network: Path) -> NDArray[np.float32]:
    """What VGGish makes of a clip: the mean over its patches, shape (128,).

    Parameters
    ----------
    samples : float32 array, shape (n,)
        Mono at 22 050 Hz, 0.96 s at least.
    network : Path

    Raises
    ------
    DataError
        If the file is no such network.
    """
    session = _session(network)
    given = session.get_inputs()[0]
    heard = patches(samples)
    shape = given.shape
    if len(shape) == 4:  # some conversions have their channel first, some last
        heard = heard[:, None] if shape[1] == 1 else heard[..., None]
    answered = np.asarray(session.run(None, {given.name: heard})[0])
    if answered.ndim != 2 or answered.shape[1] != EMBEDDING:
        raise DataError(
            f"{network.name} answers arrays of shape {answered.shape}; VGGish answers {EMBEDDING} "
            "numbers for each patch."
        )
    return np.asarray(answered.mean(axis=0), dtype=np.float32)


def patches(samples: Samples) -> NDArray[np.float32]:
    """Log-mel patches of 0.96 s, shape (patches, 96, 64), from 25 ms windows every 10 ms."""
    import soxr

    heard = soxr.resample(samples, RATE_HZ, _RATE_HZ, quality="HQ")
    frames = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    magnitude = np.abs(np.fft.rfft(frames * window, _FFT, axis=1))
    mel = np.log(magnitude @ _filters() + _OFFSET).astype(np.float32)
    count = len(mel) // _FRAMES
    return mel[: count * _FRAMES].reshape(count, _FRAMES, _BANDS)


@cache
def _filters() -> NDArray[np.float64]:
    """Triangles on the HTK mel scale, shape (257, 64); their sides are straight in mel."""
    bins = 1127.0 * np.log1p(np.linspace(0.0, _RATE_HZ / 2, _FFT // 2 + 1) / 700.0)
    low, high = (1127.0 * np.log1p(hz / 700.0) for hz in (_FROM_HZ, _TO_HZ))
    edges = np.linspace(low, high, _BANDS + 2)
    rise = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    found = np.maximum(0.0, np.minimum(rise, fall))
    found[0] = 0.0
    return np.asarray(found)


@cache
def _session(network: Path) -> Any:
    if not network.is_file():
        raise DataError(f"There is no network {network}.")
    try:
        session = onnx_session(network)
    except AutotagError as error:
        raise DataError(f"{network.name} is no ONNX network: {error}") from error
    shape = session.get_inputs()[0].shape
    if len(session.get_inputs()) != 1 or _FRAMES not in shape or _BANDS not in shape:
        raise DataError(
            f"{network.name} wants {shape}; VGGish wants patches of {_FRAMES} frames and {_BANDS} "
            "bands."
        )
    return session
