"""Where in an MP4 the samples lie that its tables speak of."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from genregenie.tagging.delta import Bytes
from genregenie.tagging.formats.atoms import Atom, atoms

_ABOVE: Final = (b"trak", b"mdia", b"minf")
_OFFSETS: Final = {b"stco": ">u4", b"co64": ">u8"}
_MAX_SAMPLES: Final = 1 << 48

Ints = NDArray[np.int64]


def extent(data: Bytes) -> tuple[int, int] | None:
    """The stretch of the file that holds all samples of all tracks.

    None if that cannot be told: the file is in fragments, its samples are all of one size (of which
    QuickTime has its own idea), or its tables contradict each other.
    """
    top = list(atoms(data, 0, len(data), strict=False))
    moov = next((atom for atom in top if atom.name == b"moov"), None)
    if moov is None or any(atom.name == b"moof" for atom in top):
        return None
    inside = list(atoms(data, moov.body, moov.stop))
    if any(atom.name == b"mvex" for atom in inside):
        return None
    begins, ends = [], []
    for table in (t for trak in inside if trak.name == b"trak" for t in _tables(data, trak)):
        chunks = _chunks(data, table)
        if chunks is None:
            return None
        offsets, sizes = chunks
        begins.append(int(offsets.min()))
        ends.append(int((offsets + sizes).max()))
    return (min(begins), max(ends)) if begins else None


def _tables(data: Bytes, parent: Atom) -> Iterator[Atom]:
    for atom in atoms(data, parent.body, parent.stop):
        if atom.name == b"stbl":
            yield atom
        elif atom.name in _ABOVE:
            yield from _tables(data, atom)


def _chunks(data: Bytes, table: Atom) -> tuple[Ints, Ints] | None:
    """Where each chunk of a track begins and how many bytes it has."""
    held = {atom.name: atom for atom in atoms(data, table.body, table.stop)}
    name = next((name for name in _OFFSETS if name in held), None)
    if name is None or b"stsc" not in held or b"stsz" not in held:
        return None
    offsets = _numbers(data, held[name], 4, _OFFSETS[name])
    runs = _numbers(data, held[b"stsc"], 4, ">u4", 3)
    sizes = _numbers(data, held[b"stsz"], 8, ">u4")
    uniform = any(data[held[b"stsz"].body + 4 : held[b"stsz"].body + 8])
    if uniform or offsets is None or runs is None or sizes is None:
        return None
    if not len(offsets) or not len(runs) or offsets.max() > _MAX_SAMPLES:
        return None
    runs = runs.reshape(-1, 3)
    lengths = np.diff(np.append(runs[:, 0] - 1, len(offsets)))
    if runs[0, 0] != 1 or (lengths < 0).any():
        return None
    last = np.cumsum(np.repeat(runs[:, 1], lengths))
    if last[-1] != len(sizes):
        return None
    reached = np.append(0, np.cumsum(sizes))
    return offsets, np.diff(reached[np.append(0, last)])


def _numbers(data: Bytes, atom: Atom, skip: int, kind: str, width: int = 1) -> Ints | None:
    """The numbers of a table that says how many there are; None if there are fewer."""
    at = atom.body + skip + 4
    count = int.from_bytes(data[at - 4 : at], "big") * width
    raw = data[at : at + count * np.dtype(kind).itemsize]
    if at + len(raw) > atom.stop or len(raw) < count * np.dtype(kind).itemsize:
        return None
    return np.frombuffer(raw, kind).astype(np.int64)
