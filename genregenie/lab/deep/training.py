"""Training a network epoch by epoch: told as it goes, stopped and taken up again, to the same end.

The order of the clips, what is hidden of them and the weights to begin with follow from the seed
and the epoch alone, and a checkpoint holds the optimiser's state, so a training that was stopped
ends with the same network as one that was not.
"""

import json
import shutil
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.common.files import write_text
from genregenie.lab.deep.augmentation import Augmentation, augmented
from genregenie.lab.deep.clips import Clips, Inputs
from genregenie.lab.deep.networks import Network, built, keras, rate_at

SAVED_EVERY: Final = 20
"""Epochs from one checkpoint to the next."""

MIN_CLIPS: Final = 20


@dataclass(frozen=True)
class Epoch:
    """How a training stands after an epoch.

    Attributes
    ----------
    number, of : int
        The first is 1.
    loss, accuracy : float
        On what is learnt, as the epoch went.
    held_loss, held_accuracy : float or None
        On what is held out to watch it.
    left_s : float
        How long the rest will take at this pace, at most.
    """

    number: int
    of: int
    loss: float
    accuracy: float
    held_loss: float | None
    held_accuracy: float | None
    left_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Plan:
    """What stands beside the published schedule of a training.

    Attributes
    ----------
    seed : int
    patience : int or None
        Epochs without a lower loss on what is held out after which it stops, and goes back to the
        best; None trains to the end of the schedule.
    augmentation : str
    epochs : int or None
        Fewer or more than the schedule has.
    """

    seed: int = 0
    patience: int | None = None
    augmentation: Augmentation = "none"
    epochs: int | None = None


AS_PUBLISHED: Final = Plan()


@dataclass(frozen=True)
class Trained:
    """A network that has learnt.

    Attributes
    ----------
    model : keras.Model
    history : tuple of Epoch
    """

    model: Any
    history: tuple[Epoch, ...]

    def confidences(self, clips: Clips) -> Array:
        """Of the genres that it learnt, in their order, shape (n, k)."""
        return confidences(self.model, clips.inputs)


def confidences(model: Any, inputs: Inputs) -> Array:
    """What a network says of clips, shape (n, k)."""
    names = [layer.name for layer in model.inputs]
    given = {name: inputs[name] for name in names}
    return np.asarray(model.predict(_given(given), batch_size=64, verbose=0), dtype=float)


def trained(
    network: Network,
    learnt: Clips,
    held: Clips | None = None,
    plan: Plan = AS_PUBLISHED,
    checkpoint: Path | None = None,
) -> Generator[Epoch, None, Trained]:
    """Train a network.

    Parameters
    ----------
    network : Network
    learnt : Clips
        Of its kind; numbers of genres are those of this set.
    held : Clips, optional
        Watched, and never learnt; early stopping needs them.
    plan : Plan
    checkpoint : path, optional
        A folder that the training is kept in now and then, and taken up from if it is there.

    Yields
    ------
    Epoch

    Returns
    -------
    Trained

    Raises
    ------
    DataError
        If there is too little to learn from, or something that is no number; if Keras is missing.
    """
    _check(learnt, network)
    genres = learnt.table.genres
    schedule = replace(network.schedule, epochs=plan.epochs or network.schedule.epochs)
    inputs = {name: learnt.inputs[name] for name in network.inputs}
    labels = one_hot(learnt.table.labels, len(genres))
    watched = _watched(network, held, genres)
    state = _State.taken_up(checkpoint, _mark(network, learnt, plan))
    model = state.model or built(network, inputs, len(genres), plan.seed)
    best, clock = state.best, time.perf_counter()
    begun = len(state.history)
    for number in range(begun, schedule.epochs):
        if _has_settled(state.history, plan.patience):
            break
        rng = np.random.default_rng([plan.seed, number])
        order = rng.permutation(len(labels))
        now, truth = augmented(
            {name: values[order] for name, values in inputs.items()},
            labels[order],
            plan.augmentation,
            rng,
        )
        model.optimizer.learning_rate = rate_at(schedule, number)
        found = model.fit(
            _given(now),
            truth,
            batch_size=schedule.batch,
            validation_data=watched,
            shuffle=False,
            verbose=0,
        ).history
        pace = (time.perf_counter() - clock) / (number + 1 - begun)
        epoch = Epoch(
            number + 1,
            schedule.epochs,
            found["loss"][0],
            found["accuracy"][0],
            found.get("val_loss", [None])[0],
            found.get("val_accuracy", [None])[0],
            pace * (schedule.epochs - number - 1),
        )
        if plan.patience is not None and _is_best(epoch, state.history):
            best = model.get_weights()
        state.history.append(epoch)
        yield epoch
        if checkpoint is not None and (number + 1) % SAVED_EVERY == 0:
            state.save(checkpoint, model, best)
    if best is not None:
        model.set_weights(best)
    return Trained(model, tuple(state.history))


def one_hot(labels: NDArray[np.intp], genres: int) -> NDArray[np.float32]:
    """Labels as rows that are 1 in one place, shape (n, k)."""
    return np.eye(genres, dtype=np.float32)[labels]


def _check(clips: Clips, network: Network) -> None:
    if len(clips.table.genres) < 2:
        raise DataError("There is one genre here. A network learns to tell two or more apart.")
    if len(clips) < MIN_CLIPS:
        raise DataError(
            f"There are {len(clips)} clips to learn from. A network needs {MIN_CLIPS} at least, "
            "and hundreds to be worth anything."
        )
    for name in network.inputs:
        bad = ~np.isfinite(clips.inputs[name]).reshape(len(clips), -1).all(axis=1)
        if bad.any():
            first = clips.table.track[np.flatnonzero(bad)[0]]
            raise DataError(
                f"{bad.sum()} of {len(clips)} clips hold something that is no number, {first} for "
                "one. Leave them out."
            )


def _watched(network: Network, held: Clips | None, genres: tuple[str, ...]) -> Any:
    if held is None or not len(held):
        return None
    number = {genre: i for i, genre in enumerate(genres)}
    known = np.array([i for i, g in enumerate(held.table.genre.tolist()) if g in number])
    if not len(known):
        return None
    labels = np.array([number[g] for g in held.table.genre[known].tolist()])
    inputs = {name: held.inputs[name][known] for name in network.inputs}
    return _given(inputs), one_hot(labels, len(genres))


def _given(inputs: Inputs) -> Any:
    """As Keras wants it: an array by itself where there is one alone."""
    return next(iter(inputs.values())) if len(inputs) == 1 else dict(inputs)


def _is_best(epoch: Epoch, before: list[Epoch]) -> bool:
    return epoch.held_loss is not None and all(
        e.held_loss is not None and epoch.held_loss < e.held_loss for e in before
    )


def _has_settled(history: list[Epoch], patience: int | None) -> bool:
    losses = [e.held_loss for e in history if e.held_loss is not None]
    return (
        patience is not None
        and bool(losses)
        and len(losses) - 1 - int(np.argmin(losses)) >= patience
    )


def _mark(network: Network, learnt: Clips, plan: Plan) -> str:
    """What must be the same for a checkpoint to go on from."""
    about = [network.title, asdict(network.schedule), asdict(plan), learnt.table.track.tolist()]
    sums = [float(learnt.inputs[name].sum(dtype=float)) for name in network.inputs]
    return json.dumps([about, sums])


@dataclass
class _State:
    """A training that is under way."""

    mark: str
    history: list[Epoch] = field(default_factory=list)
    model: Any = None
    best: Any = None

    @classmethod
    def taken_up(cls, folder: Path | None, mark: str) -> "_State":
        """What a folder holds of this training; a fresh start from none, or from another's."""
        try:
            kept = json.loads((folder / "state.json").read_text("utf-8")) if folder else None
        except (OSError, ValueError):
            kept = None
        if folder is None or kept is None or kept["mark"] != mark:
            return cls(mark)
        model = keras().models.load_model(folder / kept["model"])
        for variable, seed in zip(_dropout_seeds(model), kept["seeds"], strict=True):
            variable.assign(np.array(seed, dtype=np.uint32))
        best = None
        if (path := folder / kept["best"]).exists():
            with np.load(path, allow_pickle=False) as weights:
                best = [weights[str(i)] for i in range(len(weights.files))]
        return cls(mark, [Epoch(**epoch) for epoch in kept["history"]], model, best)

    def save(self, folder: Path, model: Any, best: Any) -> None:
        """Keep it; what was kept before stays whole until this is."""
        number = len(self.history)
        folder.mkdir(parents=True, exist_ok=True)
        kept: dict[str, Any] = {
            "model": f"{number}.keras",
            "best": f"{number}.npz",
            "mark": self.mark,
            "seeds": [np.asarray(variable).tolist() for variable in _dropout_seeds(model)],
        }
        model.save(folder / kept["model"])
        if best is not None:
            with (folder / kept["best"]).open("wb") as file:
                np.savez(file, **{str(i): weight for i, weight in enumerate(best)})
        history = [asdict(epoch) for epoch in self.history]
        write_text(folder / "state.json", json.dumps(kept | {"history": history}))
        for old in folder.glob("*.*"):
            if old.stem not in (str(number), "state"):
                old.unlink()


def _dropout_seeds(model: Any) -> list[Any]:
    """Where the random numbers of its layers stand, which Keras does not save with a model."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]


def forget(checkpoint: Path) -> None:
    """Remove what was kept of a training that has ended."""
    shutil.rmtree(checkpoint, ignore_errors=True)
