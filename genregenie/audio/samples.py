"""Samples in memory, which are heard exactly as a file with them in it would be.

They are put into a WAV file in memory, so all that is done for files is done for them: channels
that cancel out, a constant offset, samples of 8 bits, stretches of a long recording.
"""

import math
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genregenie.audio.formats import MAX_RATE_HZ, MIN_RATE_HZ
from genregenie.common.errors import AudioError

MAX_CHANNELS: Final = 64
MAX_BYTES: Final = 2**32 - 64
"""What a WAV file can hold: 6 hours of stereo at 44.1 kHz in float32."""

_PCM: Final = 1
_FLOAT: Final = 3
# What is stored for each kind of number, and how WAV calls it.
_STORED: Final = {
    "uint8": ("<u1", _PCM),
    "int16": ("<i2", _PCM),
    "int32": ("<i4", _PCM),
    "float16": ("<f4", _FLOAT),
    "float32": ("<f4", _FLOAT),
    "float64": ("<f8", _FLOAT),
}


def as_wav(samples: ArrayLike, rate_hz: float) -> bytes:
    """A WAV file that holds these samples, to the last bit.

    Parameters
    ----------
    samples : array, shape (n,) or (n, channels)
        float16, float32 or float64 with full scale -1 to 1; int16, int32, or uint8 around 128, as
        files hold them.
    rate_hz : float > 0
        Samples a second, 4 000 to 768 000, as a whole number.

    Returns
    -------
    bytes

    Raises
    ------
    AudioError
        If there are no samples, or they are not numbers, or the shape, the kind of number or the
        rate is none of these.

    Examples
    --------
    >>> len(as_wav(np.zeros((22_050, 2), np.int16), 22_050))
    88244
    """
    rate = whole_rate(rate_hz)
    array = checked_array(samples)
    stored, tag = _STORED[array.dtype.name]
    data = np.ascontiguousarray(array, dtype=stored)
    channels, width = data.shape[1], data.itemsize
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + data.nbytes,
        b"WAVE",
        b"fmt ",
        16,
        tag,
        channels,
        rate,
        rate * channels * width,
        channels * width,
        8 * width,
        b"data",
        data.nbytes,
    )
    return header + data.tobytes()


def whole_rate(rate_hz: Any) -> int:
    """A sample rate that GenreGenie takes.

    Raises
    ------
    AudioError
    """
    if np.ndim(rate_hz):
        raise AudioError("The sample rate is an array. Give (samples, rate), in this order.")
    try:
        rate = float(rate_hz)
    except (TypeError, ValueError) as error:
        raise AudioError(f"The sample rate is {rate_hz!r}, and not a number of Hz.") from error
    if not (math.isfinite(rate) and MIN_RATE_HZ <= rate <= MAX_RATE_HZ and rate == int(rate)):
        raise AudioError(
            f"The sample rate is {rate_hz} Hz. GenreGenie takes whole numbers from {MIN_RATE_HZ} "
            f"to {MAX_RATE_HZ}."
        )
    return int(rate)


def checked_array(samples: ArrayLike) -> NDArray[Any]:
    """The samples as they are, shape (n, channels), of a kind that `as_wav` takes.

    Raises
    ------
    AudioError
    """
    try:
        array = np.asarray(samples)
    except ValueError as error:  # lists of unequal length
        raise AudioError("These samples are no array of numbers.") from error
    if array.ndim not in (1, 2):
        raise AudioError(
            f"These samples have shape {array.shape}. GenreGenie takes (n,) or (n, channels)."
        )
    if array.size == 0:
        raise AudioError("There are no samples in this array.")
    if array.ndim == 1:
        array = array[:, None]
    if array.shape[1] > MAX_CHANNELS:
        raise AudioError(
            f"These samples have shape {array.shape}, which is {array.shape[1]} channels. "
            "GenreGenie takes (n, channels): turn the array round with .T."
        )
    if array.dtype.name not in _STORED:
        raise AudioError(
            f"These samples are of type {array.dtype}. GenreGenie takes floats with full scale -1 "
            "to 1, int16, int32 or uint8."
        )
    if array.size * np.dtype(_STORED[array.dtype.name][0]).itemsize > MAX_BYTES:
        raise AudioError("These samples take more than 4 GB. Give them in parts, or as a file.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise AudioError("This array holds samples that are not numbers (NaN or infinite).")
    return array
