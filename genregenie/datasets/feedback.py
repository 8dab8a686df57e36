"""What people said of clips, as data to learn from: a table, and who said each row.

Nobody is simply believed. A clip about which people disagree counts for as many as are left over,
one person's word is worth half a curated clip, and all words of one person together are worth one
curated clip in twenty.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.datasets.table import Table, as_table, read_columns
from genregenie.features.statistics import Statistics

DOUBT: Final = 0.5
"""What is left to doubt after one person's word; each further one that agrees halves it again."""

ONE_PERSON: Final = 0.05
"""The most that one person's answers weigh together, as a share of the curated clips."""


@dataclass(frozen=True)
class FeedbackTable:
    """Answers.

    Attributes
    ----------
    table : Table
        A row for each answer; ``track`` is the same for answers about the same clip.
    person : str array, shape (n,)
        Who gave it; what it reads does not matter.
    """

    table: Table
    person: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.table)

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]], source: str) -> Self:
        """Answers from columns as `as_table` takes them, and ``person``.

        Raises
        ------
        DataError
        """
        if "person" not in columns:
            raise DataError(f"{source} lacks the column person, so it is no feedback.")
        table = as_table(columns, source)
        person = np.asarray(columns["person"]).astype(np.str_)
        if person.shape != (len(table),):
            raise DataError(f"{source}: person has shape {person.shape}, wanted {(len(table),)}.")
        return cls(table, person)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "FeedbackTable":
        """The answers at `index`."""
        return FeedbackTable(self.table.take(index), self.person[index])

    def clips(self, curated: int) -> tuple[Table, Array]:
        """Each clip once, under the genre most say, and its weight; 1 is a curated clip's.

        Parameters
        ----------
        curated : int
            How many curated clips there are, which limits what one person's answers may weigh.

        Returns
        -------
        Table of m clips, and a float array of shape (m,) with values in (0, 1)
            Clips for which no genre has a majority are left out.
        """
        told = zip(self.table.track.tolist(), self.person.tolist(), strict=True)
        latest = {key: i for i, key in enumerate(told)}  # of two answers the later counts
        by_clip: dict[str, list[int]] = {}
        for (track, _), i in latest.items():
            by_clip.setdefault(track, []).append(i)
        index: list[int] = []
        shares: list[dict[str, float]] = []
        for answers in by_clip.values():
            (genre, most), *_ = Counter(self.table.genre[answers].tolist()).most_common()
            left_over = 2 * most - len(answers)
            if left_over > 0:
                agreeing = [i for i in answers if self.table.genre[i] == genre]
                weight = 1.0 - DOUBT**left_over
                index.append(agreeing[0])
                shares.append({str(self.person[i]): weight / most for i in agreeing})
        spoken: Counter[str] = Counter()
        for share in shares:
            spoken.update(share)
        limit = ONE_PERSON * curated
        weights = [
            sum(part * min(1.0, limit / spoken[person]) for person, part in share.items())
            for share in shares
        ]
        return self.table.take(np.array(index, dtype=np.intp)), np.array(weights)


def read_feedback(path: Path) -> FeedbackTable:
    """Read what ``genregenie feedback export`` wrote.

    Raises
    ------
    DataError
        If the file is missing, or is something else.
    """
    return FeedbackTable.of(read_columns(path), str(path))


def sound_columns(numbers: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """The columns ``count``, ``mean`` and ``cov`` from statistics as they are kept with answers.

    Raises
    ------
    DataError
        If they are no statistics.
    """
    try:
        statistics = [Statistics.from_bytes(kept) for kept in numbers]
    except ValueError as error:
        raise DataError(f"The database holds feedback of another GenreGenie: {error}") from None
    return {
        "count": np.array([s.count for s in statistics]),
        "mean": np.array([s.mean for s in statistics]),
        "cov": np.array([s.covariance for s in statistics]),
    }
