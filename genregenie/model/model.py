"""A trained model on disk: what is in its folder, how it is read, what it answers.

====================  =======================================================================
``model.json``        genres, temperature, thresholds, where it came from and how it scored
``catalogue.npz``     the reference tracks: artist, title, genre and vector
``model.skops``       the fitted scikit-learn pipeline, readable with skops, no pickle
``arrays.npz``        the arrays of a kernel or linear model or their vote, where it is one
====================  =======================================================================

Importing scikit-learn and skops takes longer than all of GenreGenie's own work on a clip, so
such a model is evaluated with NumPy alone; the tests hold both to the same confidences.
"""

import hashlib
import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.errors import GenreGenieError
from genregenie.features import (
    Array,
    MelStatistics,
    Quality,
    Statistics,
    from_low_bands,
    tangent_vectors,
)

FORMAT: Final = 1
MODEL_JSON: Final = "model.json"
CATALOGUE_NPZ: Final = "catalogue.npz"
PIPELINE_SKOPS: Final = "model.skops"
ARRAYS_NPZ: Final = "arrays.npz"

TRUSTED_TYPES: Final = (
    "genregenie.training.estimators.KLNeighbours",
    "genregenie.training.estimators.KernelLogisticRegression",
    "genregenie.training.estimators.Tempered",
    "genregenie.training.transformers.GaussianTangent",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
"""Types beyond skops' own list that a model file may hold.

None can run code. scikit-learn follows the indices inside its trees unchecked, so a forged tree
could crash the process: point GENREGENIE_MODEL at models of your own making only.
"""


class ModelError(GenreGenieError):
    """A model folder that is missing or cannot be used."""


class Scorer(Protocol):
    """Anything that turns rows of statistics into logarithms of confidences."""

    def log_confidences(self, rows: Array) -> Array:
        """Natural logarithms, shape (n, k), for rows of shape (n, 105); any constant per row."""
        ...


@dataclass(frozen=True)
class TangentSpace:
    """The fitted tangent space; see `genregenie.features.tangent_vectors`."""

    centre: Array
    reference: Array
    mean_weight: float
    level_weight: float
    prior_frames: float

    def vectors(self, rows: Array) -> Array:
        """Rows of shape (n, 105) to vectors of shape (n, 104)."""
        return tangent_vectors(
            rows,
            self.centre,
            self.reference,
            mean_weight=self.mean_weight,
            level_weight=self.level_weight,
            prior_frames=self.prior_frames,
        )


@dataclass(frozen=True)
class Kernel:
    """Kernel logistic regression: landmarks (m, 104), dual (m, k), intercept (k,)."""

    landmarks: Array
    dual: Array
    intercept: Array
    gamma: float

    def decisions(self, vectors: Array) -> Array:
        """Unnormalised log-confidences, shape (n, k)."""
        squares = _squared_distances(vectors, self.landmarks)
        return np.asarray(np.exp(-self.gamma * squares) @ self.dual + self.intercept)


@dataclass(frozen=True)
class Linear:
    """A linear model, its temperature worked in: coefficients (104, k), intercept (k,)."""

    coefficients: Array
    intercept: Array

    def decisions(self, vectors: Array) -> Array:
        """Unnormalised log-confidences, shape (n, k)."""
        return np.asarray(vectors @ self.coefficients + self.intercept)


@dataclass(frozen=True)
class ArrayScorer:
    """The mean confidence of a kernel model and a linear model, of whichever is there."""

    space: TangentSpace
    kernel: Kernel | None
    linear: Linear | None

    def log_confidences(self, rows: Array) -> Array:
        """Logarithms of the mean of the members' confidences."""
        return self.log_confidences_of(self.space.vectors(rows))

    def log_confidences_of(self, vectors: Array) -> Array:
        """The same from vectors of shape (n, 104)."""
        members = [m for m in (self.kernel, self.linear) if m is not None]
        mean = np.mean([tempered(m.decisions(vectors), 1.0) for m in members], axis=0)
        return np.asarray(np.log(np.maximum(mean, 1e-12)))

    def save(self, path: Path) -> None:
        """Write the arrays to an npz file."""
        arrays = _space_arrays(self.space)
        for name, member in (("kernel", self.kernel), ("linear", self.linear)):
            if member is not None:
                arrays |= {f"{name}_{f.name}": getattr(member, f.name) for f in fields(member)}
        np.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as npz:
            kernel = linear = None
            if "kernel_dual" in npz:
                kernel = Kernel(
                    npz["kernel_landmarks"],
                    npz["kernel_dual"],
                    npz["kernel_intercept"],
                    float(npz["kernel_gamma"]),
                )
            if "linear_coefficients" in npz:
                linear = Linear(npz["linear_coefficients"], npz["linear_intercept"])
            return cls(_space(npz), kernel, linear)


class PipelineScorer:
    """Any fitted scikit-learn pipeline, read with skops when first asked."""

    def __init__(self, path: Path) -> None:
        from skops.io import load

        self._pipeline = load(path, trusted=list(TRUSTED_TYPES))

    def log_confidences(self, rows: Array) -> Array:
        """Logarithms of the pipeline's ``predict_proba``."""
        return np.asarray(np.log(np.clip(self._pipeline.predict_proba(rows), 1e-12, None)))


@dataclass(frozen=True)
class Catalogue:
    """The reference tracks.

    Attributes
    ----------
    artist, title, genre : str arrays, shape (n,)
    vectors : array, shape (n, 104)
    space : TangentSpace
        Where the vectors live; `TangentSpace.prior_frames` is lower than the classifier's, because
        shrinking would hide how unlike music a steady noise is.
    """

    artist: NDArray[np.str_]
    title: NDArray[np.str_]
    genre: NDArray[np.str_]
    vectors: Array
    space: TangentSpace

    def distances(self, rows: Array) -> Array:
        """Euclidean distance of each row to each reference track, shape (n, m)."""
        return np.asarray(np.sqrt(_squared_distances(self.space.vectors(rows), self.vectors)))

    def save(self, path: Path) -> None:
        """Write the catalogue to an npz file."""
        np.savez_compressed(
            path,
            allow_pickle=False,
            artist=self.artist,
            title=self.title,
            genre=self.genre,
            vectors=self.vectors.astype(np.float32),
            **_space_arrays(self.space),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as npz:
            vectors = npz["vectors"].astype(np.float64)
            return cls(npz["artist"], npz["title"], npz["genre"], vectors, _space(npz))


_COARSE_NOVELTY: Final = 1.4
"""So many times as far from all references as any other a coarse sound may be and still be music,
for what its noise hides may be near. Of 199 recordings in 8 bits, also over a telephone before, or
stored up to 60 dB too soft, the furthest lay at 1.25 thresholds; tones lie at 1.4 to 2.6. A narrow
sound needs no such thing: what it lacks is filled in."""


@dataclass(frozen=True)
class Thresholds:
    """Where verdicts change.

    Attributes
    ----------
    confident : float
        Calibrated confidence from which an answer counts as confident.
    novelty : float
        Mean distance to the nearest `novelty_neighbours` references above which a sound does
        not count as music.
    """

    confident: float
    novelty: float
    novelty_neighbours: int

    def is_music(self, novelty: float, quality: Quality) -> bool:
        """Whether a sound of this novelty counts as music; a coarse one may lie further away."""
        return novelty <= self.novelty * (_COARSE_NOVELTY if quality == "coarse" else 1.0)


@dataclass(frozen=True)
class Model:
    """A trained model, ready to answer. Safe to use from many threads.

    Attributes
    ----------
    genres : tuple of str
        The order of all confidences.
    card : dict
        Everything in ``model.json``, for display.
    """

    genres: tuple[str, ...]
    scorer: Scorer
    temperature: float
    thresholds: Thresholds
    catalogue: Catalogue
    card: dict[str, Any]

    @property
    def version(self) -> str:
        """Twelve characters that change with every training that comes out differently."""
        text = json.dumps(self.card, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def confidences(self, rows: Array) -> Array:
        """Calibrated confidences, shape (n, k); each row sums to 1."""
        return tempered(self.scorer.log_confidences(rows), self.temperature)

    def seen(self, stats: MelStatistics, end_hz: float | None = None) -> Statistics:
        """What the model sees of a clip: its MFCC statistics.

        Where the sound ends at `end_hz` (`Spectrum.end_hz`), those it would have if it did not.
        """
        if end_hz is None:
            return stats.cepstral()
        space = self.catalogue.space
        return from_low_bands(stats, end_hz, space.centre, space.reference)

    def novelty(self, distances: Array) -> Array:
        """How unlike every reference, shape (n,), from `Catalogue.distances`."""
        return novelty(distances, self.thresholds.novelty_neighbours)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a model folder.

        Raises
        ------
        ModelError
            If it is missing, incomplete, or written in another format.
        """
        try:
            card = json.loads((folder / MODEL_JSON).read_text(encoding="utf-8"))
            if card["format"] != FORMAT:
                raise ModelError(
                    f"The model in {folder} has format {card['format']}, wanted {FORMAT}. "
                    "Train it again with 'genregenie train'."
                )
            arrays = folder / ARRAYS_NPZ
            scorer: Scorer = (
                ArrayScorer.load(arrays)
                if arrays.exists()
                else PipelineScorer(folder / PIPELINE_SKOPS)
            )
            return cls(
                genres=tuple(card["genres"]),
                scorer=scorer,
                temperature=float(card["temperature"]),
                thresholds=Thresholds(**card["thresholds"]),
                catalogue=Catalogue.load(folder / CATALOGUE_NPZ),
                card=card,
            )
        except FileNotFoundError as error:
            raise ModelError(
                f"There is no model in {folder}. Train one with 'genregenie train', or point "
                "GENREGENIE_MODEL at one."
            ) from error
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ModelError(f"The model in {folder} cannot be read: {error}") from error


def tempered(log_confidences: Array, temperature: float) -> Array:
    """Softmax of ``log_confidences / temperature`` along the last axis.

    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    scaled = log_confidences / temperature
    scaled = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=-1, keepdims=True))


def novelty(distances: Array, neighbours: int) -> Array:
    """Mean distance to the nearest `neighbours`, shape (n,), from distances of shape (n, m)."""
    k = min(neighbours, distances.shape[1])
    return np.asarray(np.partition(distances, k - 1, axis=1)[:, :k].mean(axis=1))


def _squared_distances(a: Array, b: Array) -> Array:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))


def _space_arrays(space: TangentSpace) -> dict[str, Any]:
    weights = [space.mean_weight, space.level_weight, space.prior_frames]
    return {"centre": space.centre, "reference": space.reference, "weights": np.array(weights)}


def _space(npz: Any) -> TangentSpace:
    mean_weight, level_weight, prior_frames = npz["weights"].tolist()
    return TangentSpace(npz["centre"], npz["reference"], mean_weight, level_weight, prior_frames)
