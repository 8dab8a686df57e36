"""Learns what speaks for a tempo and for a key, from annotated spectrograms.

Both are a softmax: over 120 tempi with one hidden layer, over 24 keys with weights that all tonics
share. How much the weights are held back is chosen by cross-validation, artists apart. A clip
teaches as a whole and by its parts, so that short ones are heard too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from genregenie.common.arrays import Array
from genregenie.datasets.table import Table
from genregenie.datasets.tempo_key import Annotated, picture_harmony, picture_pulse
from genregenie.evaluation.protocols import GROUPED, splits
from genregenie.features.key import KEYS, PAIRS, KeyModel
from genregenie.features.pulse import EVIDENCE_WIDTH, TEMPI
from genregenie.features.tempo import TempoModel

FOLDS: Final = 5
LENGTHS: Final = (1, 2, 4)
"""Into how many parts clips are cut: 30, 15 and 7.5 s."""
SURE: Final = 0.8
"""Share of the sure estimates that are right."""

_INNER_FOLDS: Final = 3
_UNITS: Final = 8
_SPREAD: Final = 0.02  # of the target around the annotated tempo: one step
_ITERATIONS: Final = 150

Features = NDArray[np.float32]


class Model(Protocol):
    """What is learnt."""

    def probabilities(self, features: Any, /) -> Array:
        """Of each answer, shape (..., answers)."""


M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Examples:
    """Clips as a whole and in parts.

    Attributes
    ----------
    table : Table
        Of n clips.
    target : float64 array, shape (n, answers)
        How right each answer is; rows sum to 1.
    features : dict of int to float32 array, shape (n, parts, ...)
        By how many parts the clips are cut into, of `LENGTHS`.
    """

    table: Table
    target: Array
    features: Mapping[int, Features]

    def take(self, index: NDArray[np.intp]) -> "Examples":
        """Some of the clips."""
        features = {parts: values[index] for parts, values in self.features.items()}
        return Examples(self.table.take(index), self.target[index], features)


@dataclass(frozen=True)
class Task(Generic[M]):
    """Something to learn.

    Attributes
    ----------
    fit : callable
        A model of features, targets and a penalty on the weights; no estimate of it is sure.
    penalties : tuple of float
        Those that are tried.
    taught : tuple of int
        By how many parts the clips that teach are cut into, of `LENGTHS`.
    """

    fit: Callable[[Features, Array, float], M]
    penalties: tuple[float, ...]
    taught: tuple[int, ...]

    def learn(self, examples: Examples) -> M:
        """A model of all clips, with the penalty that serves held-out artists best."""
        losses = np.zeros(len(self.penalties))
        for train, test in splits(examples.table, GROUPED, _INNER_FOLDS, seed=0):
            rest, features = examples.take(test), examples.features[1][test, 0]
            for number, penalty in enumerate(self.penalties):
                model = self._fit(examples.take(train), penalty)
                losses[number] -= (rest.target * np.log(model.probabilities(features))).sum()
        return self._fit(examples, self.penalties[losses.argmin()])

    def held_out(self, examples: Examples, seed: int = 0) -> dict[int, Array]:
        """What models that have heard other artists only say, by how many parts clips are cut into.

        Returns
        -------
        dict of int to array, shape (n, parts, answers)
        """
        said = {
            parts: np.empty((*values.shape[:2], examples.target.shape[1]))
            for parts, values in examples.features.items()
        }
        for train, test in splits(examples.table, GROUPED, FOLDS, seed):
            model = self.learn(examples.take(train))
            for parts, values in examples.features.items():
                said[parts][test] = model.probabilities(values[test])
        return said

    def _fit(self, examples: Examples, penalty: float) -> M:
        taught = [examples.features[n][:, part] for n in self.taught for part in range(n)]
        return self.fit(np.concatenate(taught), np.tile(examples.target, (len(taught), 1)), penalty)


def tempo_examples(annotated: Annotated) -> Examples:
    """Evidence for each tempo, shape (n, parts, 120, EVIDENCE_WIDTH), where the tempo is known."""
    known = np.flatnonzero(~np.isnan(annotated.bpm))
    away = np.log(TEMPI / annotated.bpm[known, None]) / _SPREAD
    target = np.exp(-0.5 * away**2)
    return Examples(
        annotated.table.take(known),
        target / target.sum(axis=1, keepdims=True),
        _cut(annotated.pictures[known], lambda picture: picture_pulse(picture).evidence()),
    )


def key_examples(annotated: Annotated) -> Examples:
    """Evidence for each tonic, shape (n, parts, 12, 78), where the key is known.

    Spectrograms are too coarse to show how clips are tuned, so all count as in tune.
    """
    known = np.flatnonzero(annotated.keys >= 0)
    return Examples(
        annotated.table.take(known),
        np.eye(len(KEYS))[annotated.keys[known]],
        _cut(
            annotated.pictures[known],
            lambda picture: picture_harmony(picture).evidence(tuning=0.0),
        ),
    )


def _cut(pictures: NDArray[np.uint8], describe: Callable[[Array], Array]) -> dict[int, Features]:
    return {
        parts: np.array(
            [[describe(p) for p in np.array_split(picture, parts, axis=1)] for picture in pictures],
            np.float32,
        )
        for parts in LENGTHS
    }


def fit_tempo(evidence: Features, target: Array, penalty: float) -> TempoModel:
    """Maximum likelihood, less `penalty` times the squared weights.

    Parameters
    ----------
    evidence : array, shape (n, 120, EVIDENCE_WIDTH)
    target : array, shape (n, 120)
    penalty : float >= 0
    """
    mean, scale = _standard(evidence)
    x = ((evidence - mean) / scale).astype(np.float32).reshape(-1, EVIDENCE_WIDTH)
    wanted = target.astype(np.float32)
    rng = np.random.default_rng(0)
    start = [
        rng.normal(0, EVIDENCE_WIDTH**-0.5, EVIDENCE_WIDTH * _UNITS),
        np.zeros(_UNITS),
        rng.normal(0, 0.3 * _UNITS**-0.5, _UNITS),
        np.zeros(EVIDENCE_WIDTH),
    ]
    ends = np.cumsum([len(part) for part in start])[:-1]

    def parts(weights: NDArray[Any]) -> tuple[Any, Any, Any, Any]:
        hidden, bias, output, linear = np.split(weights, ends)
        return hidden.reshape(EVIDENCE_WIDTH, _UNITS), bias, output, linear

    def loss(weights: Array) -> tuple[float, Array]:
        hidden, bias, output, linear = parts(weights.astype(np.float32))
        units = np.tanh(x @ hidden + bias)
        value, slope = _cross_entropy((units @ output + x @ linear).reshape(wanted.shape), wanted)
        slope = slope.ravel()
        back = slope[:, None] * output * (1 - units**2)
        slopes = [(x.T @ back).ravel(), back.sum(axis=0), slope @ units, slope @ x]
        value += penalty * float(weights @ weights)
        return value, np.concatenate(slopes) + 2 * penalty * weights

    best = minimize(
        loss, np.concatenate(start), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
    )
    return TempoModel(mean, scale, 1.0, *parts(best.x))


def fit_key(evidence: Features, target: Array, penalty: float) -> KeyModel:
    """Maximum likelihood, less `penalty` times the squared weights.

    Parameters
    ----------
    evidence : array, shape (n, 12, 78)
    target : array, shape (n, 24)
    penalty : float >= 0
    """
    mean, scale = _standard(evidence)
    x = ((evidence - mean) / scale).reshape(-1, PAIRS)

    def parts(weights: Array) -> tuple[Array, Array]:
        return weights[:-2].reshape(PAIRS, 2), weights[-2:]

    def loss(weights: Array) -> tuple[float, Array]:
        of_pairs, bias = parts(weights)
        scores = np.swapaxes((x @ of_pairs + bias).reshape(len(target), -1, 2), 1, 2)
        value, slope = _cross_entropy(scores.reshape(target.shape), target)
        slope = np.swapaxes(slope.reshape(scores.shape), 1, 2).reshape(-1, 2)
        slopes = [(x.T @ slope).ravel(), slope.sum(axis=0)]
        held = np.append(weights[:-2], [0.0, 0.0])  # no more major keys than there are
        value += penalty * float(held @ held)
        return value, np.concatenate(slopes) + 2 * penalty * held

    best = minimize(loss, np.zeros(2 * PAIRS + 2), jac=True, method="L-BFGS-B")
    return KeyModel(mean, scale, 1.0, *parts(best.x))


TEMPO: Final = Task(fit_tempo, (2e-3, 5e-3, 1.5e-2), taught=(1, 2))
KEY: Final = Task(fit_key, (2e-3, 5e-3, 1e-2, 3e-2), taught=LENGTHS)


def _standard(features: Features) -> tuple[Array, Array]:
    """Mean and standard deviation of each feature."""
    rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
    return rows.mean(axis=0), rows.std(axis=0) + 1e-6


def _cross_entropy(scores: NDArray[Any], target: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """Mean cross-entropy of a softmax, and its slope, both shape (n, answers)."""
    scores = scores - scores.max(axis=1, keepdims=True)
    odds = np.exp(scores)
    total = odds.sum(axis=1, keepdims=True)
    value = -float((target * (scores - np.log(total))).sum()) / len(scores)
    return value, (odds / total - target) / len(scores)


def sure_from(confidence: Array, right: NDArray[np.bool_]) -> float:
    """The lowest confidence from which `SURE` of the estimates are right.

    Parameters
    ----------
    confidence, right : arrays, shape (n,)

    Returns
    -------
    float
        1 if there is no such confidence.
    """
    order = np.argsort(-confidence, kind="stable")
    share = right[order].cumsum() / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(share >= SURE)
    return float(confidence[order[enough[-1]]]) if len(enough) else 1.0
