"""The earlier systems as data: what each did, what it reported, and how it is run here.

Their models are in `genregenie.lab.models`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from genregenie.common.errors import DataError
from genregenie.evaluation.protocols import (
    FAULT_FILTERED,
    GROUPED,
    RANDOM,
    STRATIFIED,
    TRACKS,
    VECTORS,
    Protocol,
)
from genregenie.lab.tables import FeatureTable

SVC_ROWS: Final = 6_000
"""Rows that a support vector machine learns from at most; its time grows with their square."""

Prepare = Callable[[FeatureTable], FeatureTable]


@dataclass(frozen=True)
class Shares:
    """How a published protocol cut its table, where it did not use folds.

    Attributes
    ----------
    test : float
    valid : float
        Share that was used for tuning, and is neither learnt nor scored here.
    """

    test: float
    valid: float = 0.0

    def __str__(self) -> str:
        train = 1.0 - self.test - self.valid
        parts = (train, self.valid, self.test) if self.valid else (train, self.test)
        return "-".join(f"{100 * part:.0f}" for part in parts)


def _as_it_is(table: FeatureTable) -> FeatureTable:
    return table


@dataclass(frozen=True)
class System:
    """An earlier system.

    Attributes
    ----------
    key : str
        ``A`` to ``E``.
    title, did : str
    table : str
        The name of the table it is run on.
    published : mapping of candidate to figure
    protocol : Protocol
        What it was published under, as far as is known.
    shares : Shares
    honest : Protocol
    protocols : tuple of Protocol
        All that its table can be split by.
    remark : str
        What stands between our figure and the published one.
    prepare : function from table to table
        What is done to the table first.
    seeds : int
        How often everything is repeated with other splits.
    folds : int or None
        Of an honest comparison; None holds `shares` out once, where the table is large enough.
    """

    key: str
    title: str
    did: str
    table: str
    published: Mapping[str, float]
    protocol: Protocol
    shares: Shares
    honest: Protocol
    protocols: tuple[Protocol, ...]
    remark: str
    prepare: Prepare = _as_it_is
    seeds: int = 2
    folds: int | None = 5


SPECTRAL_MEANS: Final = (
    "chroma_stft_mean",
    "rms_mean",
    "spectral_centroid_mean",
    "spectral_bandwidth_mean",
    "rolloff_mean",
    "zero_crossing_rate_mean",
    "harmony_mean",
    "perceptr_mean",
    "tempo",
)
"""The hand-made features that are not MFCCs, without their variances."""

_ON_GTZAN: Final = (RANDOM, STRATIFIED, GROUPED, FAULT_FILTERED)


def _with_text(table: FeatureTable) -> FeatureTable:
    known = np.char.add(table.artist, table.title) != ""
    return table.with_text() if known.any() else table


def _spectral(table: FeatureTable) -> FeatureTable:
    return table.only(SPECTRAL_MEANS) if set(SPECTRAL_MEANS) <= set(table.columns) else table


def _statistics(table: FeatureTable) -> FeatureTable:
    if "cov_0_0" not in table.columns:
        raise DataError("System D works on MFCC statistics: choose the table mfcc, or an .npz.")
    return table


SYSTEMS: Final = {
    system.key: system
    for system in (
        System(
            "A",
            "kNN on tracks, with their text",
            "MFCC, chroma and spectral features beside the text of title and artist; kNN with a "
            "tuned k against a support vector machine and a forest",
            "gtzan",
            {"knn_text": 0.74},
            STRATIFIED,
            Shares(0.2),
            GROUPED,
            _ON_GTZAN,
            "Its 1,000 tracks are not at hand; GTZAN's 1,000 clips stand in, with the artist and "
            "title that are known of 919 of them.",
            prepare=_with_text,
        ),
        System(
            "B",
            "Feature tables of GTZAN",
            "57 features of short slices, min-max scaling, PCA; forest, kNN, support vector "
            "machine, boosted trees; a recommender by cosine similarity; a CNN and a feed-forward "
            "network on the MFCCs of slices",
            "segments",
            {"forest": 0.81, "knn": 0.87, "svm": 0.75, "boosted_trees": 0.90},
            RANDOM,
            Shares(0.3),
            GROUPED,
            (RANDOM, STRATIFIED, TRACKS, GROUPED, FAULT_FILTERED),
            "Published on slices of 3 s, ten a clip; ours are 10 s, three a clip, so a scored "
            "slice has fewer siblings to be recognised by. Its networks are given slices of 3 s as "
            "published, made of published spectrograms: levels are relative to the clip's loudest, "
            "and 39 columns are stretched to 130 frames. Its CNN is on record as the best of its "
            "table, without a figure.",
            seeds=1,
        ),
        System(
            "C",
            "Spotify audio features",
            "Outlier capping by quantiles, SMOTE; forest, bagging, kNN, tree and SVC for 15 genres",
            "spotify",
            {"forest": 0.773, "bagging": 0.761, "knn": 0.765, "tree": 0.706, "svc": 0.664},
            RANDOM,
            Shares(0.2),
            VECTORS,
            (RANDOM, STRATIFIED, VECTORS),
            "Loudness and instrumentalness are not in this copy of the table. For time, the SVC "
            f"learns from {SVC_ROWS:,} rows drawn from each training part.",
            seeds=1,
            folds=None,
        ),
        System(
            "D",
            "GenreGenie",
            "MFCC statistics, tangent space, fifteen candidates, calibrated confidences",
            "mfcc",
            {},
            STRATIFIED,
            Shares(0.2),
            GROUPED,
            (RANDOM, STRATIFIED, GROUPED, FAULT_FILTERED),
            "This project, so there is no earlier figure. Three of its candidates run here, on "
            "timbre alone; 'genregenie train' compares all of them. The network of attention over "
            "windows is not shipped: it hears the pretrained network's tags of 500 clips, as the "
            "shipped model does beside timbre and rhythm.",
            prepare=_statistics,
        ),
        System(
            "E",
            "Deep against baseline",
            "Logistic regression, SGD and a forest on hand-made features; a residual CNN on mel "
            "spectrograms and chroma, bidirectional LSTMs on wavelets and MFCCs, and a hybrid of "
            "both with embeddings of a pretrained network; 60-20-20",
            "gtzan",
            {
                "logistic_regression": 0.45,
                "sgd": 0.38,
                "forest": 0.55,
                "cnn": 0.625,
                "lstm": 0.57,
                "hybrid": 0.745,
            },
            STRATIFIED,
            Shares(0.2, 0.2),
            GROUPED,
            _ON_GTZAN,
            "Which hand-made features it used is not on record; these are the nine of the table "
            "that are no MFCCs. Its networks are given 709 published spectrograms, no sound, "
            "at 4.3 columns a second; chroma is folded from mel bands, wavelets are those of "
            "the bands' levels. In VGGish's place the hybrid has the tags that this project's "
            "pretrained network hears, which is another network, of 500 clips.",
            prepare=_spectral,
            seeds=5,
        ),
    )
}


def system(key: str) -> System:
    """A system by its letter.

    Raises
    ------
    DataError
        For a letter that no system has.
    """
    if key.upper() not in SYSTEMS:
        raise DataError(f"There is no system {key}. There are {', '.join(SYSTEMS)}.")
    return SYSTEMS[key.upper()]
