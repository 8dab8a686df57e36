"""How much of a file is listened to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from genregenie.audio.formats import Samples


@dataclass(frozen=True)
class Spread:
    """How much of a file is listened to.

    Attributes
    ----------
    count : int > 0
        Stretches taken from a file longer than `whole_file_s`, evenly spread over it.
    length_s : float > 0
        Length of each.
    whole_file_s : float >= 0
        A file up to this long is one stretch.

    Raises
    ------
    ValueError
        If there would be nothing to listen to.
    """

    count: int = 20
    length_s: float = 30.0
    whole_file_s: float = 600.0

    def __post_init__(self) -> None:
        if self.count < 1 or self.length_s <= 0 or self.whole_file_s < 0:
            raise ValueError(
                f"{self} is no way to listen: it takes one stretch at least, of more than 0 s."
            )


WHOLE: Final = Spread()
"""Ten minutes whole, twenty stretches of 30 s of anything longer."""

SIX_STRETCHES: Final = Spread(6, 10.0, 60.0)
"""A minute of each file, for many files; the rest is not decoded."""


@dataclass(frozen=True)
class Stretch:
    """One contiguous part of a file, to be read once and in order.

    Attributes
    ----------
    start_s : float >= 0
        Where the stretch begins in the file.
    blocks : iterator of float32 arrays, shape (n,), 0 < n <= 220 500
        Mono samples at `RATE_HZ`, nominally within -1 to 1.
    """

    start_s: float
    blocks: Iterator[Samples]
