"""What a table of features looks like: the numbers behind the plots, free of any plotting."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from genregenie.common.arrays import Array
from genregenie.common.files import write_text
from genregenie.lab.tables import FeatureTable, ceiling, counts, readable

SHOWN_TRACKS: Final = 600
_DIGITS: Final = 4
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_COMPONENTS: Final = 30
_MAX_VECTORS: Final = 100


@dataclass(frozen=True)
class Exploration:
    """A table in numbers.

    Attributes
    ----------
    title : str
    rows : int
    genres : list of str
        The most frequent first.
    counts : list of int
        Rows of each genre.
    columns : list of d str
        Tempo first, where there is one.
    boxes : nested lists, shape (d, k, 5)
        The 5, 25, 50, 75 and 95 % quantiles of each feature in each genre.
    correlation : nested lists, shape (d, d)
    explained : list of float
        Cumulative share of the variance of the standardised features.
    scatter : nested lists, shape (m, 3)
        First two principal components of some rows, and the number of their genre.
    extremes : nested lists, shape (d, 4)
        Smallest and largest value before capping, then after.
    capped : list of d int
        Values beyond the 1 and 99 % quantiles.
    ceiling : float
        The best accuracy possible, since equal rows may carry several genres.
    vectors, several : int
        Different rows, and how many of them carry several genres.
    """

    title: str
    rows: int
    genres: list[str]
    counts: list[int]
    columns: list[str]
    boxes: list[list[list[float]]]
    correlation: list[list[float]]
    explained: list[float]
    scatter: list[list[float]]
    extremes: list[list[float]]
    capped: list[int]
    ceiling: float
    vectors: int
    several: int

    def save(self, path: Path) -> None:
        """Write the numbers as JSON."""
        write_text(path, json.dumps(asdict(self), separators=(",", ":")) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def explore(table: FeatureTable, title: str) -> Exploration:
    """Look at a table; the same table always gives the same numbers."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    from genregenie.lab.estimators import QuantileCapper

    best, vectors, several = ceiling(table)
    table = _tempo_first(readable(table))
    number = counts(table)
    genres = list(number)
    standard = StandardScaler().fit_transform(table.rows)
    capper = QuantileCapper().fit(table.rows)
    after = capper.transform(table.rows)
    width = len(table.columns)
    pca = PCA(min(_COMPONENTS, width, len(table)), svd_solver="full").fit(standard)
    shown = np.random.default_rng(0).permutation(len(table))[:SHOWN_TRACKS]
    places = pca.transform(standard[shown])[:, :2]
    if width == 1:
        places = np.column_stack([places, np.zeros(len(places))])
    order = np.array([genres.index(g) for g in table.genre[shown].tolist()])
    boxes = np.stack(
        [np.quantile(table.rows[table.genre == g], _QUANTILES, axis=0).T for g in genres], axis=1
    )
    extremes = [f(rows, axis=0) for rows in (table.rows, after) for f in (np.min, np.max)]
    return Exploration(
        title=title,
        rows=len(table),
        genres=genres,
        counts=list(number.values()),
        columns=list(table.columns),
        boxes=_rounded(boxes),
        correlation=_rounded(_correlations(standard), 2),
        explained=_rounded(np.cumsum(pca.explained_variance_ratio_)),
        scatter=_rounded(np.column_stack([places, order]), 3),
        extremes=_rounded(np.stack(extremes, axis=1)),
        capped=capper.outside(table.rows).tolist(),
        ceiling=round(best, _DIGITS),
        vectors=vectors,
        several=several,
    )


def _tempo_first(table: FeatureTable) -> FeatureTable:
    """Tempo to the front, and no more columns than can be looked at."""
    columns = sorted(table.columns, key=lambda name: "tempo" not in name.lower())
    return table.only(columns[:_MAX_VECTORS])


def _correlations(standard: Array) -> Array:
    """Correlations between columns, 0 for a column that never changes."""
    return np.asarray(standard.T @ standard / len(standard))


def _rounded(values: Any, digits: int | None = None) -> Any:
    """Nested lists of as many digits as a plot can show: significant ones unless told otherwise."""
    array = np.asarray(values, dtype=np.float64)
    if digits is not None:
        return np.round(array, digits).tolist()
    return np.vectorize(lambda v: float(f"{v:.{_DIGITS}g}"), otypes=[float])(array).tolist()
