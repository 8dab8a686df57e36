"""The models of the earlier systems, each a named pipeline that starts from a table's features.

They are `Candidate`s like those of `genregenie.training`, so the same comparison scores them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from genregenie.common.errors import DataError
from genregenie.lab.estimators import (
    BoostingEnsemble,
    QuantileCapper,
    Sampled,
    SpotifyVectors,
)
from genregenie.lab.systems import SVC_ROWS, System
from genregenie.lab.tables import FeatureTable
from genregenie.spotify_features.vectors import SPOTIFY_COLUMNS
from genregenie.training.candidates import Candidate, candidates
from genregenie.training.estimators import Tempered

_SEED: Final = 0


def candidate(
    name: str, *steps: tuple[str, Any], grid: Mapping[str, Sequence[Any]] | None = None
) -> Candidate:
    """A pipeline whose last step is called ``classify``; none of the systems weighed its clips."""
    return Candidate(name, Pipeline(list(steps)), grid or {}, weighted=False)


# --- A: audio features and the text of title and artist ---------------------------------------


def with_text(audio: Any, audio_columns: int, text_weight: float = 1.0) -> ColumnTransformer:
    """Audio features in the first columns, TF-IDF of the text in the last one, side by side."""
    return ColumnTransformer(
        [
            ("audio", audio, list(range(audio_columns))),
            ("text", TfidfVectorizer(strip_accents="unicode", sublinear_tf=True), audio_columns),
        ],
        transformer_weights={"text": text_weight},
        sparse_threshold=0.0,
    )


def system_a(columns: int, *, text: bool) -> tuple[Candidate, ...]:
    """kNN with a tuned k, a support vector machine and a forest, with the text or deaf to it."""
    suffix = "_text" if text else ""
    grid: dict[str, list[Any]] = {"classify__n_neighbors": [1, 3, 8, 16]}
    if text:
        grid["prepare__transformer_weights"] = [{"text": 2.0}, {"text": 5.0}]

    def prepared(weight: float) -> tuple[str, Any]:
        if text:
            return "prepare", with_text(StandardScaler(), columns, weight)
        audio = ("audio", StandardScaler(), list(range(columns)))
        return "prepare", ColumnTransformer([audio])

    return (
        candidate(
            f"knn{suffix}",
            prepared(4.0),
            ("classify", KNeighborsClassifier(weights="distance")),
            grid=grid,
        ),
        candidate(
            f"svm{suffix}",
            prepared(4.0),
            ("classify", Sampled(Tempered(SVC(C=5.0)), SVC_ROWS)),
        ),
        candidate(
            f"forest{suffix}",
            prepared(1.0),
            ("classify", _forest(150)),
        ),
    )


# --- B: the feature tables of GTZAN -------------------------------------------------------------


def system_b() -> tuple[Candidate, ...]:
    """Min-max scaling, then what was published: forest, kNN after PCA, SVM, boosted trees."""
    scale = ("scale", MinMaxScaler())
    return (
        candidate("forest", scale, ("classify", _forest(200, max_depth=10))),
        candidate(
            "knn",
            scale,
            ("pca", PCA(20, random_state=_SEED)),
            ("classify", KNeighborsClassifier(1)),
        ),
        candidate("svm", scale, ("classify", Sampled(Tempered(SVC()), SVC_ROWS))),
        candidate(
            "boosted_trees",
            scale,
            (
                "classify",
                HistGradientBoostingClassifier(
                    max_iter=120, learning_rate=0.15, max_features=0.3, random_state=_SEED
                ),
            ),
        ),
        candidate("cosine", scale, ("classify", KNeighborsClassifier(1, metric="cosine"))),
    )


# --- C: Spotify's audio features ----------------------------------------------------------------


def _forest(trees: int, **more: Any) -> RandomForestClassifier:
    return RandomForestClassifier(trees, random_state=_SEED, **more)


def system_c(*, sampler: str = "", weighted: bool = False) -> tuple[Candidate, ...]:
    """Capping, then forest, bagging, kNN, tree, SVC and histogram boosting.

    Parameters
    ----------
    sampler : str
        One of `SAMPLERS`, applied to training rows only; empty for none.
    weighted : bool
        Whether classes count by one over their frequency, where the model knows such weights.
    """
    weight = "balanced" if weighted else None
    models: dict[str, BaseEstimator] = {
        "forest": _forest(100, min_samples_leaf=2, class_weight=weight),
        "bagging": BaggingClassifier(
            DecisionTreeClassifier(class_weight=weight), 20, random_state=_SEED
        ),
        "knn": KNeighborsClassifier(weights="distance"),
        "tree": DecisionTreeClassifier(class_weight=weight, random_state=_SEED),
        "svc": Sampled(Tempered(SVC(C=3.0, class_weight=weight)), SVC_ROWS),
        "boosting": boosting(class_weight=weight),
    }
    return tuple(
        balanced(
            name,
            ("cap", QuantileCapper()),
            ("scale", StandardScaler()),
            ("classify", model),
            sampler=sampler,
        )
        for name, model in models.items()
    )


def shipped() -> Candidate:
    """What `genregenie.lab.spotify_training` ships."""
    return candidate("shipped", ("vectors", SpotifyVectors()), ("classify", BoostingEnsemble()))


def boosting(**more: Any) -> HistGradientBoostingClassifier:
    """Histogram boosting as it comes, but for the number of rounds."""
    return HistGradientBoostingClassifier(
        max_iter=100, early_stopping=False, random_state=_SEED, **more
    )


def smote_outside(table: FeatureTable) -> FeatureTable:
    """The table capped and evened out by SMOTE as a whole, before any split.

    The leak: a synthetic row lies between two real ones, and a split puts them on both sides.
    """
    from imblearn.over_sampling import SMOTE

    rows, genre = SMOTE(random_state=_SEED).fit_resample(
        QuantileCapper().fit_transform(table.rows), table.genre
    )
    blank = np.full(len(genre), "")
    track = np.array([f"row {i}" for i in range(len(genre))])
    return FeatureTable(track, genre, blank, blank, blank, rows, table.columns)


SAMPLERS: Final = ("smote", "oversample", "undersample")


def balanced(name: str, *steps: tuple[str, Any], sampler: str) -> Candidate:
    """A candidate that evens out the genres of its training rows just before it classifies.

    imbalanced-learn's pipeline samples while it is fitted and never while it predicts, so no
    synthetic row is ever scored and none is made from a row that is.
    """
    if not sampler:
        return candidate(name, *steps)
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.pipeline import Pipeline as SamplingPipeline
    from imblearn.under_sampling import RandomUnderSampler

    made = {
        "smote": SMOTE(random_state=_SEED),
        "oversample": RandomOverSampler(random_state=_SEED),
        "undersample": RandomUnderSampler(random_state=_SEED),
    }[sampler]
    pipeline = SamplingPipeline([*steps[:-1], ("sample", made), steps[-1]])
    return Candidate(name, pipeline, weighted=False)


# --- E: baselines on hand-made features ---------------------------------------------------------


def system_e() -> tuple[Candidate, ...]:
    """Logistic regression, SGD and a forest, as they come."""
    scale = ("scale", StandardScaler())
    return (
        candidate("logistic_regression", scale, ("classify", LogisticRegression(max_iter=1_000))),
        candidate("sgd", scale, ("classify", Tempered(SGDClassifier(random_state=_SEED), 5.0))),
        candidate("forest", scale, ("classify", _forest(100))),
    )


# --- All of them ----------------------------------------------------------------------------------

_OUR_QUICKEST: Final = ("knn_kl", "lda", "soft_vote")


def _of_a(table: FeatureTable, honest: bool) -> tuple[Candidate, ...]:
    if table.columns[-1] != "text":
        return system_a(len(table.columns), text=False)
    audio = len(table.columns) - 1
    return (*system_a(audio, text=False), *system_a(audio, text=True))


def _of_c(table: FeatureTable, honest: bool) -> tuple[Candidate, ...]:
    if not honest:
        return system_c()
    ours = (shipped(),) if table.columns == SPOTIFY_COLUMNS else ()
    return (*system_c(sampler="smote"), *ours)


_BUILD: Final[Mapping[str, Callable[[FeatureTable, bool], Sequence[Candidate]]]] = {
    "A": _of_a,
    "B": lambda table, honest: system_b(),
    "C": _of_c,
    "D": lambda table, honest: [c for c in candidates() if c.name in _OUR_QUICKEST],
    "E": lambda table, honest: system_e(),
}


def candidates_of(
    system: System, table: FeatureTable, *, honest: bool, names: Sequence[str] | None = None
) -> list[Candidate]:
    """The models of a system for a table, fresh and unfitted.

    Parameters
    ----------
    system : System
    table : FeatureTable
        Prepared for the system.
    honest : bool
        Whether it is split honestly: what leaked when it was published is then done inside.
    names : sequence of str, optional
        Those to give, in this order; by default all.

    Raises
    ------
    DataError
        For a name that none of the system's models has.
    """
    known = {c.name: c for c in _BUILD[system.key](table, honest)}
    for name in names or ():
        if name not in known:
            raise DataError(f"System {system.key} has no model {name}. It has {', '.join(known)}.")
    return [known[name] for name in names or known]


def with_leak(system: System, table: FeatureTable) -> FeatureTable:
    """The table with what was wrongly done to it before it was split, if anything was."""
    return smote_outside(table) if system.key == "C" else table
