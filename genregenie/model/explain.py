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
from genregenie.model.metadata import Part
from genregenie.model.model import Answers, Model
from genregenie.model.scorers import ArrayScorer

Trait = Literal["loudness", "brightness", "colour", "change", "movement", "rhythm", "style"]


@dataclass(frozen=True)
class Reason:
    """What a part of the sound spoke for the most likely genre.

    Attributes
    ----------
    part : str
        ``loudness`` and ``brightness`` are the means of the first two coefficients, ``colour``
        those of all others; ``change`` is how much each varies, ``movement`` how they vary
        together. ``rhythm`` is how loudness moves in time, ``style`` what the network hears.
    against : str
        The runner-up.
    log_odds : float
        Natural logarithm of how much it raises the odds of the genre over the runner-up; below 0
        it spoke for the runner-up.
    """

    part: Trait
    against: str
    log_odds: float


def _traits() -> dict[Trait, NDArray[np.intp]]:
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


TRAITS: Final = _traits()


def reasons(
    model: Model, answers: Answers, temporal: Array, autotags: Array | None
) -> tuple[Reason, ...]:
    """What spoke for the model's answer to a clip, the strongest first.

    Parameters
    ----------
    model : Model
    answers : Answers
        Of which the first row is the clip's.
    temporal : array, shape (64,)
    autotags : array, shape (50,), or None
        What the model was asked with.

    Returns
    -------
    tuple of Reason
        Empty for a model that is not one of arrays, whose vector is not known here.
    """
    if answers.vectors is None or not isinstance(model.scorer, ArrayScorer):
        return ()
    weights = answers.hearings[0].weights
    best, runner_up = ranking(answers.confidences[0])[:2]
    vector = answers.vectors[0]
    changed = np.tile(vector, (len(TRAITS), 1))
    for i, places in enumerate(TRAITS.values()):
        changed[i, places] = 0.0
    logs = weights["timbre"] * model.scorer.log_confidences_of(np.vstack([vector, changed]))
    odds = logs[:, best] - logs[:, runner_up]
    lost: dict[Trait, float] = {
        trait: float(odds[0] - odds[i]) for i, trait in enumerate(TRAITS, 1)
    }
    others: tuple[tuple[Trait, Part, Array | None], ...] = (
        ("rhythm", "temporal", temporal),
        ("style", "autotags", autotags),
    )
    for trait, part, values in others:
        if part in weights and values is not None:
            head = model.heads[part]
            logs = head.log_confidences(np.vstack([values, head.centre])) * weights[part]
            odds = logs[:, best] - logs[:, runner_up]
            lost[trait] = float(odds[0] - odds[1])
    found = (Reason(trait, model.genres[runner_up], log_odds) for trait, log_odds in lost.items())
    return tuple(sorted(found, key=lambda reason: -reason.log_odds))
