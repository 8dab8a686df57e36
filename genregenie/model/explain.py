"""What spoke for a genre: how much each part of the sound moves the model's odds.

The vector that the model sees is zero where a clip is like the average training clip. Setting a
part of it to zero therefore asks: what would the model say if this clip were ordinary in that
respect? The odds that are lost are what that part spoke for the answer.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array, ranking
from genregenie.features.mfcc import COEFFICIENTS
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.model.model import Model
from genregenie.model.scorers import ArrayScorer

Part = Literal["loudness", "brightness", "colour", "change", "movement"]


@dataclass(frozen=True)
class Reason:
    """What a part of the sound spoke for the most likely genre.

    Attributes
    ----------
    part : str
        ``loudness`` and ``brightness`` are the means of the first two coefficients, ``colour``
        those of all others; ``change`` is how much each varies, ``movement`` how they vary
        together.
    against : str
        The runner-up.
    log_odds : float
        Natural logarithm of how much it raises the odds of the genre over the runner-up; below 0
        it spoke for the runner-up.
    """

    part: Part
    against: str
    log_odds: float


def _parts() -> dict[Part, NDArray[np.intp]]:
    upper = np.triu_indices(COEFFICIENTS)
    diagonal = upper[0] == upper[1]
    covariances = np.arange(COEFFICIENTS, VECTOR_WIDTH)
    return {
        "loudness": np.array([0]),
        "brightness": np.array([1]),
        "colour": np.arange(2, COEFFICIENTS),
        "change": covariances[diagonal],
        "movement": covariances[~diagonal],
    }


PARTS: Final = _parts()


def reasons(model: Model, vector: Array | None) -> tuple[Reason, ...]:
    """What spoke for the model's answer to a clip, the strongest first.

    Parameters
    ----------
    model : Model
    vector : array, shape (104,), or None
        What the model looked at, from `Model.answers`.

    Returns
    -------
    tuple of Reason
        Empty for a model that is not one of arrays, whose vector is not known here.
    """
    if vector is None or not isinstance(model.scorer, ArrayScorer):
        return ()
    without = np.tile(vector, (len(PARTS), 1))
    for i, part in enumerate(PARTS.values()):
        without[i, part] = 0.0
    logs = model.scorer.log_confidences_of(np.vstack([vector, without])) / model.temperature
    best, runner_up = ranking(logs[0])[:2]
    odds = logs[:, best] - logs[:, runner_up]
    found = (
        Reason(part, model.genres[runner_up], float(odds[0] - odds[i]))
        for i, part in enumerate(PARTS, 1)
    )
    return tuple(sorted(found, key=lambda reason: -reason.log_odds))
