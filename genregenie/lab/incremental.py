"""Folding new labelled rows into a model that is already fitted, against fitting it anew.

Three models allow it: linear models by stochastic gradient descent and Gaussian naive Bayes with
``partial_fit``, and kNN by remembering more rows.
"""

import time
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from genregenie.common.arrays import Array
from genregenie.evaluation.protocols import Index, Protocol, holdout
from genregenie.lab.records import Step
from genregenie.lab.tables import FeatureTable

FIRST_SHARE: Final = 0.5
BATCHES: Final = 5
_TEST_SHARE: Final = 0.2
_PASSES: Final = 5


class GrowingNeighbours:
    """kNN with ``partial_fit``: what it learns is a list of rows, which can grow.

    Parameters
    ----------
    n_neighbors : int > 0
    """

    def __init__(self, n_neighbors: int = 15) -> None:
        self.n_neighbors = n_neighbors
        self._rows: Array | None = None

    def partial_fit(self, X: Array, y: NDArray[np.intp], classes: Any = None) -> Self:
        """Remember rows of shape (n, d) besides those known."""
        if self._rows is None:
            self._rows, self._labels = X, y
        else:
            self._rows = np.concatenate([self._rows, X])
            self._labels = np.concatenate([self._labels, y])
        # Brute force: nothing to build, so that a new row costs no more than its place.
        self._knn = KNeighborsClassifier(
            min(self.n_neighbors, len(self._rows)), weights="distance", algorithm="brute"
        ).fit(self._rows, self._labels)
        return self

    def predict(self, X: Array) -> Any:
        """The most frequent genre among the neighbours, shape (m,)."""
        return self._knn.predict(X)


class SteppingSGD(SGDClassifier):
    """A linear model whose every `partial_fit` goes through the new rows a few times."""

    def partial_fit(self, X: Array, y: NDArray[np.intp], classes: Any = None) -> Self:
        """Take gradient steps on rows of shape (n, d)."""
        for _ in range(_PASSES):
            super().partial_fit(X, y, classes=classes)
        return self


def growing_models() -> dict[str, Any]:
    """Fresh models that can be fitted step by step."""
    return {
        "sgd": SteppingSGD(loss="log_loss", alpha=1e-3, average=True, random_state=0),
        "gaussian_nb": GaussianNB(),
        "knn": GrowingNeighbours(),
    }


def fold_in(table: FeatureTable, protocol: Protocol) -> list[Step]:
    """Fit to half the training rows, then fold in the rest in `BATCHES` steps.

    What is scored is held out under `protocol`. The scaler stays as the first rows set it in the
    growing model, and is fitted anew in the other: that is part of what a full refit buys.
    """
    train, test = holdout(table, protocol, _TEST_SHARE, seed=0)
    train = np.random.default_rng(0).permutation(train)
    first = int(FIRST_SHARE * len(train))
    ends = np.linspace(first, len(train), BATCHES + 1).astype(int)
    found = []
    for name in growing_models():
        growing = growing_models()[name]
        scaler = StandardScaler().fit(table.rows[train[:first]])
        start = 0
        for end in ends.tolist():
            folded_s = _step(growing, scaler, table, train[start:end])
            clock = time.perf_counter()
            fresh_scaler = StandardScaler().fit(table.rows[train[:end]])
            fresh = growing_models()[name]
            _step(fresh, fresh_scaler, table, train[:end])
            refitted_s = time.perf_counter() - clock
            found.append(
                Step(
                    name,
                    end,
                    _accuracy(growing, scaler, table, test),
                    _accuracy(fresh, fresh_scaler, table, test),
                    folded_s,
                    refitted_s,
                )
            )
            start = end
    return found


def _step(model: Any, scaler: StandardScaler, table: FeatureTable, index: Index) -> float:
    clock = time.perf_counter()
    model.partial_fit(
        scaler.transform(table.rows[index]), table.labels[index], np.arange(len(table.genres))
    )
    return time.perf_counter() - clock


def _accuracy(model: Any, scaler: StandardScaler, table: FeatureTable, index: Index) -> float:
    found = model.predict(scaler.transform(table.rows[index]))
    return float((found == table.labels[index]).mean())
