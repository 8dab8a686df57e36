"""The models that are compared, each a named scikit-learn pipeline with its search grid.

Every pipeline starts from rows of statistics. Its last step is called ``classify``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from genregenie.training.estimators import KernelLogisticRegression, KLNeighbours, Tempered
from genregenie.training.transformers import GaussianTangent

_SEED: Final = 0


@dataclass(frozen=True)
class Candidate:
    """A model to compare.

    Attributes
    ----------
    name : str
        Short name, used in tables and on the command line.
    pipeline : Pipeline
        From rows of statistics to ``predict_proba``.
    grid : mapping of parameter name to values
        Searched on the training folds only.
    weighted : bool
        Whether the last step takes sample weights, so that no artist dominates.
    in_noise : bool
        Whether every clip is learnt twice, as it is and with noise under it, so that a soft or
        coarse copy of a song is still the song. For rows of MFCC statistics only.
    """

    name: str
    pipeline: Pipeline
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    weighted: bool = True
    in_noise: bool = False


def _pipeline(classifier: Any, *, scaled: bool = False) -> Pipeline:
    steps: list[tuple[str, Any]] = [("tangent", GaussianTangent())]
    if scaled:
        steps.append(("scale", StandardScaler()))
    return Pipeline([*steps, ("classify", classifier)])


def _lda() -> Tempered:
    return Tempered(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"), temperature=3.0)


def _soft_vote() -> VotingClassifier:
    """Two unlike models: one looks at distances to clips, one at a Gaussian for each genre."""
    return VotingClassifier(
        [("kernel", KernelLogisticRegression()), ("lda", _lda())], voting="soft"
    )


def candidates() -> tuple[Candidate, ...]:
    """Fresh, unfitted candidates, simplest first."""
    return tuple(replace(candidate, in_noise=True) for candidate in _candidates())


def _candidates() -> tuple[Candidate, ...]:
    return (
        Candidate(
            "knn",
            _pipeline(KNeighborsClassifier(weights="distance")),
            {"classify__n_neighbors": [5, 8, 12, 20, 30]},
            weighted=False,
        ),
        Candidate(
            "knn_kl",
            Pipeline([("classify", KLNeighbours())]),
            {"classify__n_neighbors": [5, 8, 12, 20, 30]},
            weighted=False,
        ),
        Candidate(
            "logistic_regression",
            _pipeline(LogisticRegression(max_iter=2_000), scaled=True),
            {"classify__C": [0.01, 0.03, 0.1]},
        ),
        Candidate(
            "sgd",
            _pipeline(
                SGDClassifier(loss="log_loss", max_iter=3_000, average=True, random_state=_SEED),
                scaled=True,
            ),
            {"classify__alpha": [0.01, 0.1, 0.3]},
        ),
        Candidate(
            "lda",
            _pipeline(_lda()),
            {"classify__temperature": [2, 3, 4], "classify__estimator__shrinkage": ["auto", 0.5]},
        ),
        Candidate(
            "linear_svm",
            _pipeline(
                Tempered(LinearSVC(random_state=_SEED, max_iter=5_000)),
                scaled=True,
            ),
            {
                "classify__estimator__C": [0.0003, 0.001, 0.003],
                "classify__temperature": [0.2, 0.5, 1.0],
            },
        ),
        Candidate(
            "rbf_svm",
            _pipeline(Tempered(SVC(random_state=_SEED))),
            {
                "classify__estimator__C": [1, 3],
                "classify__estimator__gamma": [0.02, 0.04],
                "classify__temperature": [1.0, 1.5],
            },
        ),
        Candidate(
            "kernel_logistic_regression",
            _pipeline(KernelLogisticRegression()),
            {"classify__gamma": [0.01, 0.02, 0.04], "classify__C": [10, 20, 40]},
        ),
        Candidate(
            "decision_tree",
            _pipeline(DecisionTreeClassifier(random_state=_SEED)),
            {"classify__min_samples_leaf": [5, 10, 20]},
        ),
        Candidate(
            "bagging",
            _pipeline(BaggingClassifier(n_estimators=60, random_state=_SEED)),
            {"classify__max_features": [0.3, 1.0]},
        ),
        Candidate(
            "random_forest",
            _pipeline(RandomForestClassifier(400, random_state=_SEED)),
            {"classify__min_samples_leaf": [1, 3]},
        ),
        Candidate(
            "extra_trees",
            _pipeline(ExtraTreesClassifier(400, random_state=_SEED)),
            {"classify__min_samples_leaf": [1, 3]},
        ),
        Candidate(
            "hist_gradient_boosting",
            _pipeline(
                HistGradientBoostingClassifier(
                    max_iter=40, learning_rate=0.15, max_features=0.3, random_state=_SEED
                )
            ),
            {"classify__max_leaf_nodes": [4, 12]},
        ),
        Candidate(
            "mlp",
            _pipeline(
                MLPClassifier((64,), max_iter=120, n_iter_no_change=120, random_state=_SEED),
                scaled=True,
            ),
            {"classify__alpha": [3.0, 10.0]},
            weighted=False,
        ),
        Candidate(
            "soft_vote",
            _pipeline(_soft_vote()),
            {
                "classify__kernel__gamma": [0.01, 0.02, 0.04],
                "classify__lda__temperature": [2, 3, 4],
            },
        ),
    )
