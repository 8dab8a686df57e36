"""Estimators that scikit-learn lacks, built from its parts.

`KernelLogisticRegression` and `Tempered` give confidences without a calibration step of their
own inside the folds, which would see the same artists on both sides.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.utils.validation import has_fit_parameter

from genregenie.common.arrays import Array
from genregenie.features.mfcc import COEFFICIENTS
from genregenie.features.tangent import row_covariances, row_means
from genregenie.model.scorers import tempered


class KernelLogisticRegression(ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression on a Gaussian kernel with every clip as a landmark.

    Zhu and Hastie, "Kernel logistic regression and the import vector machine", JCGS 2005.

    Parameters
    ----------
    gamma : float > 0
        The kernel is ``exp(-gamma |x - y|^2)``.
    C : float > 0
        Inverse strength of the penalty.

    Attributes
    ----------
    classes_ : array, shape (k,)
    landmarks_ : array, shape (m, d)
    dual_ : array, shape (m, k)
    intercept_ : array, shape (k,)
    """

    def __init__(self, gamma: float = 0.02, C: float = 20.0) -> None:
        self.gamma = gamma
        self.C = C

    def fit(self, X: Array, y: Any, sample_weight: Any = None) -> Self:
        """Fit to vectors of shape (m, d)."""
        kernel_map = Nystroem(gamma=self.gamma, n_components=len(X), random_state=0)
        features = kernel_map.fit_transform(X)
        linear = LogisticRegression(C=self.C, max_iter=2_000).fit(features, y, sample_weight)
        self.classes_ = linear.classes_
        self.landmarks_ = kernel_map.components_
        self.dual_ = kernel_map.normalization_.T @ symmetric(linear.coef_.T)
        self.intercept_ = symmetric(linear.intercept_)
        return self

    def decision_function(self, X: Array) -> Array:
        """Unnormalised log-confidences, shape (n, k)."""
        kernel = rbf_kernel(X, self.landmarks_, gamma=self.gamma)
        return np.asarray(kernel @ self.dual_ + self.intercept_)

    def predict_proba(self, X: Array) -> Array:
        """Confidences, shape (n, k)."""
        return tempered(self.decision_function(X), 1.0)

    def predict(self, X: Array) -> Any:
        """The most likely class, shape (n,)."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]


class Tempered(ClassifierMixin, BaseEstimator):
    """Confidences as the softmax of an estimator's decision function over a temperature.

    Parameters
    ----------
    estimator : classifier with ``decision_function``
    temperature : float > 0
        A hyper-parameter like any other, so the search can set it with artists apart.

    Attributes
    ----------
    classes_ : array, shape (k,)
    estimator_ : the fitted estimator
    """

    def __init__(self, estimator: Any, temperature: float = 1.0) -> None:
        self.estimator = estimator
        self.temperature = temperature

    def fit(self, X: Array, y: Any, sample_weight: Any = None) -> Self:
        """Fit the estimator, with weights if it knows them."""
        self.estimator_ = clone(self.estimator)
        if sample_weight is not None and has_fit_parameter(self.estimator_, "sample_weight"):
            self.estimator_.fit(X, y, sample_weight=sample_weight)
        else:
            self.estimator_.fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, X: Array) -> Array:
        """Confidences, shape (n, k)."""
        decisions = self.estimator_.decision_function(X)
        if decisions.ndim == 1:  # two classes
            decisions = symmetric(decisions[:, None])
        return tempered(decisions, self.temperature)

    def predict(self, X: Array) -> Any:
        """The most likely class, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class KLNeighbours(ClassifierMixin, BaseEstimator):
    """k nearest neighbours under the symmetrised Kullback-Leibler divergence of Gaussians.

    The classifier of the well-known tutorials, without their loop in Python.

    Parameters
    ----------
    n_neighbors : int > 0

    Attributes
    ----------
    classes_ : array, shape (k,)
    """

    def __init__(self, n_neighbors: int = 8) -> None:
        self.n_neighbors = n_neighbors

    def fit(self, X: Array, y: Any) -> Self:
        """Remember the Gaussians in rows of shape (n, 105)."""
        self.classes_, self.labels_ = np.unique(y, return_inverse=True)
        self.rows_ = np.asarray(X)
        return self

    def divergences(self, X: Array) -> Array:
        """Symmetrised divergence of each row to each remembered one, shape (m, n), in nats.

        With S for covariances, P for their inverses and d for the difference of means it is
        ``(tr(P1 S2) + tr(P2 S1) + d' (P1 + P2) d) / 2 - 13``; every term is a product of
        matrices over all pairs at once.
        """
        mean_a, cov_a, inv_a = _gaussians(X)
        mean_b, cov_b, inv_b = _gaussians(self.rows_)

        def flat(matrices: Array) -> Array:
            return matrices.reshape(len(matrices), -1)

        def mahalanobis(means: Array, inverses: Array, others: Array) -> Array:
            projected = np.einsum("nij,nj->ni", inverses, means)
            own = np.einsum("ni,ni->n", projected, means)
            outer = np.einsum("ni,nj->nij", others, others)
            return np.asarray(
                own[:, None] - 2 * projected @ others.T + flat(inverses) @ flat(outer).T
            )

        traces = flat(inv_a) @ flat(cov_b).T + flat(cov_a) @ flat(inv_b).T
        means = mahalanobis(mean_a, inv_a, mean_b) + mahalanobis(mean_b, inv_b, mean_a).T
        return np.asarray(np.maximum((traces + means) / 2 - COEFFICIENTS, 0.0))

    def predict_proba(self, X: Array) -> Array:
        """Share of each genre among the neighbours, shape (m, k)."""
        k = min(self.n_neighbors, len(self.labels_))
        nearest = np.argsort(self.divergences(X), axis=1, kind="stable")[:, :k]
        return np.asarray(np.eye(len(self.classes_))[self.labels_[nearest]].mean(axis=1))

    def predict(self, X: Array) -> Any:
        """The most frequent genre among the neighbours, shape (m,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def symmetric(values: Array) -> Array:
    """Two columns for the single one that scikit-learn gives two-class models.

    Softmax over ``[-z / 2, z / 2]`` is the sigmoid of z. Arrays of more columns pass through.
    """
    if values.shape[-1] != 1:
        return values
    return np.concatenate([-values / 2, values / 2], axis=-1)


def _gaussians(rows: Array) -> tuple[Array, Array, Array]:
    covariances = row_covariances(rows) + 1e-6 * np.eye(COEFFICIENTS)
    return row_means(rows), covariances, np.asarray(np.linalg.inv(covariances), dtype=np.float64)
