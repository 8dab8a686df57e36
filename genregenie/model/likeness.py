"""How alike two sounds are: the one measure by which neighbours are found.

Half of it is timbre: the cosine of the angle between two vectors of the catalogue's space, seen
from its mean. Half is what the pretrained network hears: the cosine between the same two sounds on
axes of its tags, those that best tell the genres of the catalogue apart (Fisher's discriminant
axes). Where the network has not heard a sound, its timbre tells where on the axes it is to be
expected. docs/evaluation.md compares this with other measures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array

Directions = NDArray[np.float32]

_PREFIX: Final = "axes_"


@dataclass(frozen=True)
class TagAxes:
    """Axes of the network's tags.

    Attributes
    ----------
    centre : float64 array, shape (50,)
        Mean probabilities of the catalogue.
    weights : float64 array, shape (50, k)
        What each tag counts on each axis.
    expected : float64 array, shape (104, k)
        The same for timbre as seen from the mean of the catalogue, where tags are not known.
    expected_at_centre : float64 array, shape (k,)
        What is expected there.
    """

    centre: Array
    weights: Array
    expected: Array
    expected_at_centre: Array

    def places(self, away: Array, autotags: Array) -> Array:
        """Where sounds lie on the axes, shape (n, k).

        Parameters
        ----------
        away : array, shape (n, 104)
            Their timbre as seen from the mean of the catalogue.
        autotags : array, shape (n, 50)
            Probabilities; NaN in the row of a sound that the network has not heard.
        """
        heard = (autotags - self.centre) @ self.weights
        return np.where(np.isnan(heard), away @ self.expected + self.expected_at_centre, heard)

    def arrays(self) -> dict[str, Array]:
        """The axes as arrays for an npz file."""
        return {_PREFIX + f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self | None:
        """The axes whose `arrays` lie in an npz file; None where there are none."""
        names = [f.name for f in fields(cls)]
        if not all(_PREFIX + name in arrays for name in names):
            return None
        return cls(**{name: arrays[_PREFIX + name] for name in names})


@dataclass(frozen=True)
class Likeness:
    """Turns sounds into directions; how alike two are is the product of theirs, -1 to 1.

    Attributes
    ----------
    centre : float64 array, shape (104,)
        Mean of the catalogue's vectors.
    axes : TagAxes or None
        None: timbre alone, for a catalogue that the network has not heard.
    """

    centre: Array
    axes: TagAxes | None = None

    @property
    def width(self) -> int:
        """How many numbers a direction has."""
        return len(self.centre) + (0 if self.axes is None else self.axes.weights.shape[1])

    def directions(self, vectors: Array, autotags: Array) -> Directions:
        """Directions of sounds, each of length 1, shape (n, width).

        Parameters
        ----------
        vectors : array, shape (n, 104)
            Where they lie in the catalogue's space.
        autotags : array, shape (n, 50)
            Probabilities of their tags; NaN in the row of a sound that was not heard.
        """
        away = vectors - self.centre
        if self.axes is None:
            return unit(away)
        halves = unit(away), unit(self.axes.places(away, autotags))
        return np.asarray(np.hstack(halves) / np.sqrt(2), dtype=np.float32)

    def timbre_alike(self, directions: Directions, direction: Directions) -> Directions:
        """How alike the timbre alone is, shape (n,), of directions, shape (n, width), and one."""
        timbre = len(self.centre)
        share = 1.0 if self.axes is None else 0.5
        return np.asarray(directions[:, :timbre] @ direction[:timbre] / share, dtype=np.float32)


def unit(vectors: NDArray[np.floating]) -> Directions:
    """Vectors, shape (n, d), drawn to length 1; one of no length stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)
