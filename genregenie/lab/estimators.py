"""Estimators and transformers that earlier systems used and scikit-learn lacks."""

from typing import Any, Final, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split

from genregenie.common.arrays import Array
from genregenie.model.scorers import tempered
from genregenie.spotify_features.vectors import spotify_vectors

BOOSTING: Final[dict[str, Any]] = {
    "learning_rate": 0.06,
    "max_leaf_nodes": 16,
    "min_samples_leaf": 30,
    "l2_regularization": 10.0,
    "max_features": 0.2,
    "early_stopping": False,
}
"""How each model of a `BoostingEnsemble` is grown."""


class QuantileCapper(TransformerMixin, BaseEstimator):
    """Pulls values beyond two quantiles of the training rows back to them, column by column.

    Parameters
    ----------
    low, high : float
        Quantiles, ``0 <= low < high <= 1``.

    Attributes
    ----------
    low_, high_ : arrays, shape (d,)
    """

    def __init__(self, low: float = 0.01, high: float = 0.99) -> None:
        self.low = low
        self.high = high

    def fit(self, X: Array, y: Any = None) -> Self:
        """Take the quantiles of rows of shape (n, d)."""
        self.low_, self.high_ = np.quantile(np.asarray(X, float), [self.low, self.high], axis=0)
        return self

    def transform(self, X: Array) -> Array:
        """The rows with every value between the two quantiles of its column."""
        return np.clip(np.asarray(X, dtype=np.float64), self.low_, self.high_)

    def outside(self, X: Array) -> Array:
        """How many values of each column lie beyond the quantiles, shape (d,)."""
        values = np.asarray(X, dtype=np.float64)
        return np.asarray(((values < self.low_) | (values > self.high_)).sum(axis=0))


class SpotifyVectors(TransformerMixin, BaseEstimator):
    """`spotify_vectors` as a transformer."""

    def fit(self, X: Array, y: Any = None) -> Self:
        """Nothing to learn."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Array) -> Array:
        """Rows of shape (n, 10) to vectors of shape (n, 18)."""
        return spotify_vectors(np.asarray(X, dtype=np.float64))


class Sampled(ClassifierMixin, BaseEstimator):
    """A classifier that learns from at most so many rows, drawn in proportion to the genres.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``
    rows : int > 0

    Attributes
    ----------
    classes_ : array, shape (k,)
    estimator_ : the fitted classifier
    """

    def __init__(self, estimator: Any, rows: int = 9_000) -> None:
        self.estimator = estimator
        self.rows = rows

    def fit(self, X: Array, y: Any) -> Self:
        """Fit to rows of shape (n, d), or to some of them."""
        if len(X) > self.rows:
            X, _, y, _ = train_test_split(X, y, train_size=self.rows, stratify=y, random_state=0)
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, X: Array) -> Array:
        """Confidences, shape (n, k)."""
        return np.asarray(self.estimator_.predict_proba(X))

    def predict(self, X: Array) -> Any:
        """The most likely class, shape (n,)."""
        return self.estimator_.predict(X)


class BoostingEnsemble(ClassifierMixin, BaseEstimator):
    """Histogram boosting from several seeds; their decisions are averaged.

    Each tree sees a fifth of the features at each split, so seeds give models that err apart,
    and three together are worth about a third of a point.

    Parameters
    ----------
    members : int > 0
    rounds : int > 0
        Of boosting, for each.

    Attributes
    ----------
    classes_ : array, shape (k,)
    members_ : list of fitted HistGradientBoostingClassifier
    """

    def __init__(self, members: int = 3, rounds: int = 300) -> None:
        self.members = members
        self.rounds = rounds

    def fit(self, X: Array, y: Any) -> Self:
        """Fit every member to all rows of shape (n, d)."""
        self.members_ = [
            HistGradientBoostingClassifier(max_iter=self.rounds, random_state=seed, **BOOSTING).fit(
                X, y
            )
            for seed in range(self.members)
        ]
        self.classes_ = self.members_[0].classes_
        return self

    def decision_function(self, X: Array) -> Array:
        """Unnormalised log-confidences, shape (n, k)."""
        return np.asarray(np.mean([m.decision_function(X) for m in self.members_], axis=0))

    def predict_proba(self, X: Array) -> Array:
        """Confidences, shape (n, k)."""
        return tempered(self.decision_function(X), 1.0)

    def predict(self, X: Array) -> Any:
        """The most likely class, shape (n,)."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]
