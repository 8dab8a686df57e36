"""Groups of files that hold the same recording, in other formats, bit rates and cuts."""

import filecmp
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from genregenie.audio import WHOLE, AudioError, AudioFile
from genregenie.audio.scan import AudioPath, Skipped
from genregenie.common.formatting import format_duration
from genregenie.features.fingerprint import WORD_S, Fingerprinter, Words
from genregenie.library.matching import Match, Progress, matches
from genregenie.library.measuring import Measurement, measured

_WHOLE: Final = 0.95
"""A copy this long, of the longest of its group, is no cut: fades and silence differ by as much."""


@dataclass(frozen=True, eq=False)
class Heard:
    """A file's fingerprint.

    Attributes
    ----------
    words : uint32 array
    duration_s : float
    is_lossless : bool
        Whether its format gives back all that was put in.
    """

    words: Words
    duration_s: float
    is_lossless: bool


@dataclass(frozen=True)
class Copy:
    """A file of a group.

    Attributes
    ----------
    path : str
    size : int
        In bytes.
    duration_s : float
    bit_rate : int
        Bits a second, of all that is in the file.
    is_lossless : bool
        As of `Heard`; what was lost before it was put into that format is not known.
    is_cut : bool
        Whether it is shorter than the longest of the group by more than 5 %.
    alike : float
        Share of the fingerprint's bits that are those of the best copy, 0 to 1.
    reason : str
        Why it stands where it does, a few words.
    """

    path: str
    size: int
    duration_s: float
    bit_rate: int
    is_lossless: bool
    is_cut: bool
    alike: float
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Duplicates:
    """What was found.

    Attributes
    ----------
    groups : tuple of tuples of Copy
        Each with its best copy first; the group with the most bytes to spare first.
    files : int
        How many were compared.
    skipped : tuple of Skipped
    """

    groups: tuple[tuple[Copy, ...], ...]
    files: int
    skipped: tuple[Skipped, ...]


def fingerprint(path: str) -> Heard:
    """Hear a file, up to ten minutes of it whole.

    Raises
    ------
    AudioError
    """
    fingerprinter = Fingerprinter()
    with AudioFile(path) as audio:
        # Stretches of a longer file leave gaps, which would move what comes after them.
        for stretch in audio.stretches(WHOLE):
            for block in stretch.blocks:
                fingerprinter.hear(block)
    duration_s = max(audio.duration_s, audio.analysed_s)
    return Heard(fingerprinter.words(), duration_s, audio.is_lossless)


_HEAD: Final = struct.Struct("<dI")


def _dumped(heard: Heard) -> bytes:
    return _HEAD.pack(heard.duration_s, heard.is_lossless) + heard.words.astype("<u4").tobytes()


def _loaded(data: bytes) -> Heard:
    duration_s, is_lossless = _HEAD.unpack_from(data)
    words = np.frombuffer(data, "<u4", offset=_HEAD.size).astype(np.uint32)
    return Heard(words, duration_s, bool(is_lossless))


FINGERPRINT: Final = Measurement("fingerprint 2", fingerprint, _dumped, _loaded)


def find_duplicates(
    files: Sequence[AudioPath],
    jobs: int = -1,
    progress: Callable[[], None] = lambda: None,
    cluster: str | None = None,
    comparing: Progress = lambda done, total: None,
) -> Duplicates:
    """Find the files that hold the same recording. Nothing is changed.

    Parameters
    ----------
    files : sequence of AudioPath
    jobs : int
        Processes; -1 takes one per core.
    progress : callable
        Called after each file.
    cluster : str, optional
        Address of a Dask scheduler that has the files heard.
    comparing : callable
        As `progress` of `genregenie.library.matching.matches`.

    Raises
    ------
    MeasuredError, ClusterError
    """
    heard: list[tuple[AudioPath, Heard]] = []
    skipped = []
    for file, result in measured(files, FINGERPRINT, jobs, cluster):
        if isinstance(result, AudioError):
            skipped.append(Skipped(file.path, str(result)))
        else:
            heard.append((file, result))
        progress()
    found = matches([one.words for _, one in heard], comparing)
    groups = [_group(heard, members, found) for members in _connected(found)]
    groups.sort(key=lambda group: (-sum(copy.size for copy in group[1:]), group[0].path))
    return Duplicates(tuple(groups), len(heard), tuple(skipped))


def _connected(found: Iterable[Match]) -> list[list[int]]:
    """Numbers that matches join, directly or through others."""
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while parent.setdefault(number, number) != number:
            parent[number] = number = parent[parent[number]]
        return number

    for match in found:
        parent[root(match.second)] = root(match.first)
    groups: Mapping[int, list[int]] = defaultdict(list)
    for number in sorted(parent):
        groups[root(number)].append(number)
    return list(groups.values())


def _group(
    heard: Sequence[tuple[AudioPath, Heard]], members: Sequence[int], found: Sequence[Match]
) -> tuple[Copy, ...]:
    longest_s = max(heard[number][1].duration_s for number in members)
    is_cut = {n: heard[n][1].duration_s < _WHOLE * longest_s for n in members}
    rates = {n: _bit_rate(*heard[n]) for n in members}
    best, *others = sorted(
        members,
        key=lambda n: (
            *(is_cut[n], not heard[n][1].is_lossless, -rates[n]),
            *(-heard[n][1].duration_s, heard[n][0].path),
        ),
    )
    by_pair = {(match.first, match.second): match for match in found}
    copy = partial(_copy, heard, is_cut, rates)
    copies = [copy(best, 1.0, _of_best(heard, best, others, rates))]
    for other in others:
        match = by_pair.get((min(best, other), max(best, other)))
        if match is None:  # it follows through a third
            pair = matches([heard[best][1].words, heard[other][1].words])
            match = pair[0] if pair else None
            begins_s = match.offset_s if match else None
        else:
            begins_s = match.offset_s if match.first == best else -match.offset_s
        alike = 1.0 - match.error if match else 0.0
        copies.append(copy(other, alike, _why(heard, best, other, is_cut[other], begins_s)))
    return tuple(copies)


def _copy(
    heard: Sequence[tuple[AudioPath, Heard]],
    is_cut: Mapping[int, bool],
    rates: Mapping[int, int],
    number: int,
    alike: float,
    reason: str,
) -> Copy:
    file, one = heard[number]
    return Copy(
        *(file.path, file.size, one.duration_s, rates[number], one.is_lossless),
        *(is_cut[number], alike, reason),
    )


def _bit_rate(file: AudioPath, one: Heard) -> int:
    return round(8 * file.size / max(one.duration_s, WORD_S))


def _of_best(
    heard: Sequence[tuple[AudioPath, Heard]],
    best: int,
    others: Sequence[int],
    rates: Mapping[int, int],
) -> str:
    if heard[best][1].is_lossless and not all(heard[other][1].is_lossless for other in others):
        return "lossless"
    if all(rates[best] >= rates[other] for other in others):
        return "the highest bit rate"
    return "the highest bit rate of those that are whole"


def _why(
    heard: Sequence[tuple[AudioPath, Heard]],
    best: int,
    other: int,
    is_cut: bool,
    begins_s: float | None,
) -> str:
    if heard[best][0].size == heard[other][0].size and _same_bytes(heard, best, other):
        return "the same file, byte for byte"
    if begins_s is None:
        return "the same recording as a third file of this group"
    if is_cut and begins_s > 1.0:
        return f"a cut, from {format_duration(begins_s)} on"
    return "a cut, from the beginning" if is_cut else "the same recording"


def _same_bytes(heard: Sequence[tuple[AudioPath, Heard]], best: int, other: int) -> bool:
    try:
        return filecmp.cmp(heard[best][0].path, heard[other][0].path, shallow=False)
    except OSError:  # one of them has gone since
        return False
