"""What the network's probabilities are worth: each autotag's group, and its usual level.

Probabilities follow how common a tag is: rock and pop are always high, sad never is. So a tag
counts as heard by its level, the share of reference clips in which it is less likely.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, Literal, Self

import numpy as np

from genregenie.common import resources
from genregenie.common.arrays import Array

Group = Literal["style", "era", "mood", "voice"]

GROUPS: Final[Mapping[Group, tuple[str, ...]]] = {
    "style": (
        *("rock", "pop", "alternative", "indie", "electronic", "dance", "alternative rock", "jazz"),
        *("metal", "classic rock", "soul", "indie rock", "electronica", "folk", "punk", "blues"),
        *("hard rock", "ambient", "experimental", "Hip-Hop", "country", "easy listening", "funk"),
        *("electro", "heavy metal", "Progressive rock", "rnb", "indie pop", "House"),
    ),
    "era": ("60s", "70s", "80s", "90s", "00s", "oldies"),
    "mood": (
        *("beautiful", "chillout", "Mellow", "chill", "party", "sexy", "catchy", "sad", "happy"),
    ),
    "voice": (
        *("female vocalists", "female vocalist", "male vocalists"),
        *("instrumental", "acoustic", "guitar"),
    ),
}
"""The network's tags by what they speak of; ``voice`` holds instruments too."""

HEARD_LEVEL: Final = 0.95
HEARD_PROBABILITY: Final = 0.1

_SHOWN: Final = {"rnb": "R&B", "Mellow": "mellow", "Progressive rock": "progressive rock"}


@dataclass(frozen=True)
class Autotag:
    """One tag, as the network hears it in a clip.

    Attributes
    ----------
    name : str
        As in the network's vocabulary.
    group : ``"style"``, ``"era"``, ``"mood"`` or ``"voice"``
        The last one is of voices and instruments.
    probability : float
        Mean over the windows that were heard.
    level : float
        Share of the reference clips in which it is less likely.
    heard : bool
        Whether level and probability are high enough to say so.
    """

    name: str
    group: Group
    probability: float
    level: float
    heard: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        return cls(**values)


def shown(name: str) -> str:
    """How a tag is written for people."""
    return _SHOWN.get(name, name)


def autotags(names: Sequence[str], probabilities: Array) -> tuple[Autotag, ...]:
    """All tags of a clip, the highest level first.

    Parameters
    ----------
    names : sequence of str
        The network's.
    probabilities : array, shape (50,)
        Means over the windows of a clip.
    """
    levels = level_of(probabilities)
    found = [
        Autotag(
            name,
            _GROUP[name],
            probability,
            level,
            level >= HEARD_LEVEL and probability >= HEARD_PROBABILITY,
        )
        for name, probability, level in zip(
            names, probabilities.tolist(), levels.tolist(), strict=True
        )
    ]
    return tuple(sorted(found, key=lambda tag: (-tag.level, -tag.probability)))


def level_of(probabilities: Array) -> Array:
    """Levels, shape (50,): how many reference clips have less of each tag, 0 to 1."""
    quantiles = _quantiles()
    share = np.linspace(0.0, 1.0, len(quantiles))
    return np.array(
        [
            np.interp(probability, quantiles[:, i], share)
            for i, probability in enumerate(probabilities)
        ]
    )


@cache
def _quantiles() -> Array:
    """Evenly spaced quantiles of each tag among the reference clips, shape (n, 50), rising."""
    with np.load(resources.models() / "musicnn" / "levels.npz") as npz:
        return np.asarray(npz["quantiles"], float)


_GROUP: Final[Mapping[str, Group]] = {
    name: group for group, names in GROUPS.items() for name in names
}
