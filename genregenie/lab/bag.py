"""The shipped Spotify classifier as a scikit-learn estimator: a few boosted models that average."""

from typing import Any, Final, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier

from genregenie.common.arrays import Array
from genregenie.model.scorers import tempered

SETTINGS: Final[dict[str, Any]] = {
    "learning_rate": 0.06,
    "max_leaf_nodes": 16,
    "min_samples_leaf": 30,
    "l2_regularization": 10.0,
    "max_features": 0.2,
    "early_stopping": False,
}


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
            HistGradientBoostingClassifier(max_iter=self.rounds, random_state=seed, **SETTINGS).fit(
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
