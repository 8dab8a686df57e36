"""How finely a sound was stored: 8 bits stay 8 bits in whatever they are put."""

from typing import Final

import av
import numpy as np

_LOOK_AT: Final = 200
_EVERY: Final = 8
_BITS: Final = {"u8": 8, "u8p": 8, "s16": 16, "s16p": 16, "s32": 32, "s32p": 32}


class Precision:
    """The step between the values that samples take, from a look at a frame now and then."""

    def __init__(self) -> None:
        self._seen = self._used = 0
        self._bits = 0

    def look(self, frame: av.AudioFrame) -> None:
        """Take note of a frame as it was decoded."""
        self._seen += 1
        if self._seen > _LOOK_AT or self._seen % _EVERY:
            return
        bits = _BITS.get(frame.format.name, 0)
        if bits != self._bits:
            self._bits, self._used = bits, 0
        if bits:
            samples = frame.to_ndarray()
            if bits == 8:
                samples = samples.astype(np.int16) - 128
            self._used |= int(np.bitwise_or.reduce(samples, axis=None))

    @property
    def step(self) -> float:
        """The step, full scale being 1; 0 where samples are not whole numbers, or none was seen."""
        lowest = self._used & -self._used
        return lowest / 2 ** (self._bits - 1) if lowest else 0.0
