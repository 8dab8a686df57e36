"""The networks as they were published, in Keras 3 on whatever backend is there.

Keras is imported when one is built. But for B's CNN, which was given MFCCs as they are, each begins
by bringing its inputs to mean 0 and deviation 1.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from genregenie.common.errors import DataError
from genregenie.lab.deep.clips import Inputs, Kind

Build = Callable[[Any, Mapping[str, Any], int], Any]


@dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Attributes
    ----------
    epochs, batch : int > 0
    rate : float > 0
        Of Adam, the largest.
    warm_up : int
        Epochs in which the rate rises to `rate`; after them it falls to nothing along a cosine.
        None: it stays.
    decay : float
        Weight decay.
    smoothing : float in [0, 1)
        Of the labels.
    """

    epochs: int
    batch: int = 32
    rate: float = 1e-3
    warm_up: int | None = None
    decay: float = 0.0
    smoothing: float = 0.0


@dataclass(frozen=True)
class Network:
    """A network of an earlier system.

    Attributes
    ----------
    system, name : str
    kind : str
        The set of clips it learns from.
    inputs : tuple of str
        Which of the set's arrays it sees.
    build : function from Keras, normalised inputs by name and the number of genres to an output
    schedule : Schedule
        As it was published, where that is on record.
    normalised : bool
        Whether its inputs are brought to mean 0 and deviation 1 first.
    is_kept : bool
        Whether it is small enough to be kept and asked about clips.
    """

    system: str
    name: str
    kind: Kind
    inputs: tuple[str, ...]
    build: Build
    schedule: Schedule
    normalised: bool = True
    is_kept: bool = True

    @property
    def title(self) -> str:
        """Such as ``E cnn``."""
        return f"{self.system} {self.name}"


def keras() -> Any:
    """Keras, on TensorFlow unless ``KERAS_BACKEND`` says otherwise.

    Raises
    ------
    DataError
        If it, or its backend, is not installed.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _mute():
            import keras as found
    except ImportError as error:
        raise DataError(
            "Training networks needs Keras and a backend: pip install 'genregenie[deep]' "
            f"({error}). What was trained answers without them."
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it counts what it compiles
    return found


@contextlib.contextmanager
def _mute() -> Iterator[None]:
    """What TensorFlow says as it is loaded goes nowhere: it asks nobody where to write."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def built(network: Network, learnt: Inputs, genres: int, seed: int) -> Any:
    """A Keras model with fresh weights, ready to be trained.

    Parameters
    ----------
    network : Network
    learnt : mapping of name to float32 array, shape (n, ...)
        What it will learn from; its normalisation is fitted to that.
    genres, seed : int

    Raises
    ------
    DataError
        If Keras or its backend is not installed.
    """
    k = keras()
    k.utils.set_random_seed(seed)
    inputs, given = [], {}
    for name in network.inputs:
        shape, axis = _SHAPES[name](learnt[name])
        inputs.append(k.Input(shape, name=name))
        given[name] = inputs[-1]
        if network.normalised:
            given[name] = _normalised(k, inputs[-1], learnt[name], axis)
    answer = network.build(k, given, genres)
    model = k.Model(inputs, answer, name=network.title.replace(" ", "_"))
    plan = network.schedule
    model.compile(
        optimizer=k.optimizers.AdamW(plan.rate, weight_decay=plan.decay)
        if plan.decay
        else k.optimizers.Adam(plan.rate),
        loss=k.losses.CategoricalCrossentropy(label_smoothing=plan.smoothing),
        metrics=["accuracy"],
    )
    return model


def _normalised(k: Any, given: Any, learnt: Any, axis: int) -> Any:
    """Brought to mean 0 and deviation 1 along an axis, by what is learnt.

    A batch normalisation that does not learn: unlike a `Normalization` its numbers are weights,
    which converters to ONNX know what to do with.
    """
    norm = k.layers.BatchNormalization(
        axis=axis, center=False, scale=False, epsilon=1e-6, trainable=False, name=f"as_{given.name}"
    )
    answer = norm(given)
    others = tuple(i for i in range(learnt.ndim) if i != axis % learnt.ndim)
    norm.set_weights([learnt.mean(axis=others), learnt.var(axis=others)])
    return answer


def rate_at(schedule: Schedule, epoch: int) -> float:
    """The learning rate of an epoch, the first being 0."""
    if schedule.warm_up is None:
        return schedule.rate
    if epoch < schedule.warm_up:
        return schedule.rate * (epoch + 1) / schedule.warm_up
    done = (epoch - schedule.warm_up) / max(schedule.epochs - schedule.warm_up, 1)
    return float(schedule.rate * 0.5 * (1.0 + np.cos(np.pi * min(done, 1.0))))


# What varies in length is normalised row by row: by band, by coefficient.
_SHAPES: Final[Mapping[str, Callable[[Any], tuple[tuple[int | None, ...], int]]]] = {
    "slice": lambda values: (values.shape[1:], -1),
    "image": lambda values: ((values.shape[1], None), 1),
    "sequence": lambda values: ((None, values.shape[2]), -1),
    "embedding": lambda values: (values.shape[1:], -1),
    "windows": lambda values: ((None, values.shape[2]), -1),
}


# --- B ---------------------------------------------------------------------------------------


def _b_feed_forward(k: Any, given: Mapping[str, Any], genres: int) -> Any:
    x = k.layers.Flatten()(given["slice"])
    for width in (512, 256, 64):
        x = k.layers.Dense(width, activation="relu")(x)
        x = k.layers.Dropout(0.3)(x)
    return k.layers.Dense(genres, activation="softmax")(x)


def _b_cnn(k: Any, given: Mapping[str, Any], genres: int) -> Any:
    frames, cepstra = given["slice"].shape[1:]
    x = k.layers.Reshape((frames, cepstra, 1))(given["slice"])
    for filters, kernel, pool in ((64, 3, 3), (32, 3, 3), (32, 2, 2), (16, 1, 2)):
        x = k.layers.Conv2D(filters, kernel, activation="relu")(x)
        x = k.layers.MaxPooling2D(pool, 2, padding="same")(x)
        x = k.layers.BatchNormalization()(x)
    x = k.layers.Flatten()(x)
    x = k.layers.Dense(64, activation="relu")(x)
    x = k.layers.Dropout(0.3)(x)
    return k.layers.Dense(genres, activation="softmax")(x)


# --- E ---------------------------------------------------------------------------------------


def _normal(k: Any, x: Any) -> Any:
    # Keras's own momentum of 0.99 lags behind where an epoch has 14 batches.
    return k.layers.BatchNormalization(momentum=0.9)(x)


def _residual(k: Any, x: Any, filters: int) -> Any:
    """Two convolutions beside a shortcut, to half the size; He et al. 2016."""
    beside = k.layers.Conv2D(filters, 1, strides=2, use_bias=False)(x)
    x = k.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
    x = k.layers.ReLU()(_normal(k, x))
    x = _normal(k, k.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x))
    return k.layers.Dropout(0.2)(k.layers.ReLU()(k.layers.Add()([x, beside])))


def _convolved(k: Any, image: Any) -> Any:
    x = k.layers.Reshape((image.shape[1], -1, 1))(image)
    x = k.layers.Conv2D(12, 5, strides=2, padding="same", use_bias=False)(x)
    x = k.layers.ReLU()(_normal(k, x))
    for filters in (24, 48, 64):
        x = _residual(k, x, filters)
    return k.layers.GlobalAveragePooling2D()(x)


def _recurrent(k: Any, sequence: Any) -> Any:
    x = k.layers.Bidirectional(k.layers.LSTM(48, return_sequences=True))(sequence)
    x = k.layers.Dropout(0.3)(x)
    return k.layers.Bidirectional(k.layers.LSTM(32))(x)


def _e_cnn(k: Any, given: Mapping[str, Any], genres: int) -> Any:
    x = k.layers.Dropout(0.4)(_convolved(k, given["image"]))
    return k.layers.Dense(genres, activation="softmax")(x)


def _e_lstm(k: Any, given: Mapping[str, Any], genres: int) -> Any:
    x = k.layers.Dropout(0.4)(_recurrent(k, given["sequence"]))
    return k.layers.Dense(genres, activation="softmax")(x)


def _e_hybrid(k: Any, given: Mapping[str, Any], genres: int) -> Any:
    joined = k.layers.Concatenate()(
        [
            _convolved(k, given["image"]),
            _recurrent(k, given["sequence"]),
            k.layers.Dense(64, activation="relu")(given["embedding"]),
        ]
    )
    x = k.layers.Dropout(0.5)(joined)
    x = k.layers.Dense(64, activation="relu")(x)
    x = k.layers.Dropout(0.4)(x)
    return k.layers.Dense(genres, activation="softmax")(x)


# --- ours --------------------------------------------------------------------------------------


def _d_attention(k: Any, given: Mapping[str, Any], genres: int) -> Any:
    """What each window says, weighed by how much it has to say; Ilse et al. 2018."""
    heard = k.layers.Dropout(0.3)(given["windows"])
    said = k.layers.Dense(96, activation="relu")(heard)
    said = k.layers.Dropout(0.4)(said)
    weight = k.layers.Softmax(axis=1)(k.layers.Dense(1)(k.layers.Dense(24, "tanh")(said)))
    pooled = k.layers.Flatten()(k.layers.Dot(axes=1)([weight, said]))
    return k.layers.Dense(genres, activation="softmax")(k.layers.Dropout(0.4)(pooled))


NETWORKS: Final = (
    Network("B", "feed_forward", "slices", ("slice",), _b_feed_forward,
            Schedule(50, rate=1e-4), is_kept=False),  # a million weights, and the last of all
    Network("B", "cnn", "slices", ("slice",), _b_cnn, Schedule(30), False),
    Network("D", "attention", "heard", ("windows",), _d_attention,
            Schedule(120, warm_up=5, decay=1e-3, smoothing=0.1)),
    Network("E", "cnn", "pictures", ("image",), _e_cnn, Schedule(250, warm_up=10)),
    Network("E", "lstm", "pictures", ("sequence",), _e_lstm, Schedule(200, warm_up=0)),
    Network("E", "hybrid", "heard", ("image", "sequence", "embedding"), _e_hybrid,
            Schedule(200, warm_up=10)),
)  # fmt: skip


def networks_of(system: str, name: str | None = None) -> list[Network]:
    """The networks of a system, or the one of this name.

    Raises
    ------
    DataError
        If there is none.
    """
    own = [n for n in NETWORKS if n.system == system.upper() and name in (None, n.name)]
    if not own:
        known = ", ".join(n.title for n in NETWORKS)
        wanted = f"{system.upper()} {name or ''}".strip()
        raise DataError(f"There is no network {wanted}. There are {known}.")
    return own
