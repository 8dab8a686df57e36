"""A file as bytes that are asked for by their place."""

import contextlib
import os
from collections.abc import Iterator
from typing import BinaryIO, Literal


class View:
    """A binary file to look into.

    Parameters
    ----------
    file : seekable binary file

    Attributes
    ----------
    size : int
        In bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)

    def at(self, place: int, count: int) -> bytes:
        """So many bytes from a place on; fewer where the file ends before."""
        if place >= self.size:
            return b""
        self._file.seek(place)
        return self._file.read(min(count, self.size - place))

    def number(self, place: int, count: int, order: Literal["little", "big"]) -> int:
        """A whole number of so many bytes, without a sign."""
        return int.from_bytes(self.at(place, count), order)


@contextlib.contextmanager
def viewed(file: BinaryIO) -> Iterator[View]:
    """Look into a file, which is left where it is."""
    place = file.tell()
    try:
        yield View(file)
    finally:
        file.seek(place)
