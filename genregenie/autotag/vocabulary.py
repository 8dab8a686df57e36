"""What the network's probabilities are worth: each autotag's group, and its usual level.

Probabilities follow how common a tag is: rock and pop are always high, sad never is. So a tag
counts as heard by its level, the share of reference clips in which it is less likely.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

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

TAGS: Final = sum(map(len, GROUPS.values()))
"""How many tags it knows: 50."""

HEARD_LEVEL: Final = 0.95
HEARD_PROBABILITY: Final = 0.1

ELECTRONIC: Final = ("electronic", "electronica", "electro", "House", "ambient")
"""Styles that ten genres of the last century cannot say, and that the network hears well enough."""
_ELECTRONIC_PROBABILITY: Final = 0.25
_ELECTRONIC_GENRES: Final = frozenset(
    {"techno", "trance", "edm", "dance", "dubstep", "idm", "downtempo", "drum and bass", "dnb"}
    | {name.casefold() for name in ELECTRONIC}
)

FINER: Final[Mapping[str, frozenset[str]]] = {
    "rock": frozenset(
        {"alternative rock", "classic rock", "hard rock", "indie rock", "Progressive rock", "punk"}
    ),
    "pop": frozenset({"indie pop", "rnb"}),
    "metal": frozenset({"heavy metal"}),
}
"""Styles that are kinds of a genre. Others may be heard in it without being one: the network hears
progressive rock in some orchestras, and soul in reggae."""

MOOD_LEVEL: Final = 0.9
"""From where on a mood stands out. Probabilities of moods are too low for any to count as heard."""

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


def autotags(probabilities: Array) -> tuple[Autotag, ...]:
    """All tags of a clip, the highest level first.

    Parameters
    ----------
    probabilities : array, shape (50,)
        Means over the windows of a clip, in the order of `names`.
    """
    levels = level_of(probabilities)
    is_heard = _heard(probabilities, levels)
    found = [
        Autotag(name, _GROUP[name], probability, level, heard)
        for name, probability, level, heard in zip(
            names(), probabilities.tolist(), levels.tolist(), is_heard.tolist(), strict=True
        )
    ]
    return tuple(sorted(found, key=lambda tag: (-tag.level, -tag.probability)))


def heard_names(probabilities: Array) -> tuple[str, ...]:
    """Names of the tags that are heard, the highest level first; as for `autotags`."""
    levels = level_of(probabilities)
    order = np.lexsort((-probabilities, -levels))
    return tuple(names()[i] for i in order[_heard(probabilities, levels)[order]])


def _heard(probabilities: Array, levels: Array) -> NDArray[np.bool_]:
    return (levels >= HEARD_LEVEL) & (probabilities >= HEARD_PROBABILITY)


def beyond(tags: Sequence[Autotag], genres: Collection[str]) -> tuple[str, ...]:
    """Which of `ELECTRONIC` a clip clearly is, where no genre of a model is of that kind.

    Parameters
    ----------
    tags : sequence of Autotag
        From `autotags`.
    genres : collection of str
        The model's.

    Returns
    -------
    tuple of str
        At most two names, the most probable first; none if it is not clear.
    """
    if not _ELECTRONIC_GENRES.isdisjoint(genre.casefold() for genre in genres):
        return ()
    styles = [tag for tag in tags if tag.name in ELECTRONIC and tag.heard]
    styles.sort(key=lambda tag: -tag.probability)
    is_clear = bool(styles) and styles[0].probability >= _ELECTRONIC_PROBABILITY
    return tuple(tag.name for tag in styles[:2]) if is_clear else ()


def finer_style(tags: Sequence[Autotag], genre: str) -> str | None:
    """The style that is heard and says more than `genre` does, the most probable if several do.

    Parameters
    ----------
    tags : sequence of Autotag
        From `autotags`.
    genre : str
        What the clip is taken for.

    Returns
    -------
    str or None
        A name in `FINER`; None where no such style is heard.
    """
    heard = [tag for tag in tags if tag.heard and tag.name in _finer(genre)]
    return max(heard, key=lambda tag: tag.probability).name if heard else None


def characters(probabilities: Array, genres: Sequence[str]) -> list[tuple[str, ...]]:
    """Moods that stand out in sounds, and styles heard that say more than their genres.

    Parameters
    ----------
    probabilities : array, shape (n, 50)
        In the order of `names`; NaN in the row of a sound that the network has not heard.
    genres : sequence of n str

    Returns
    -------
    list of n tuples of str
        Nothing for a sound that was not heard.
    """
    levels = level_of(probabilities)
    heard, moods = _heard(probabilities, levels), levels >= MOOD_LEVEL
    return [
        tuple(
            name
            for i, name in enumerate(names())
            if (moods[row, i] if _GROUP[name] == "mood" else heard[row, i] and name in finer)
        )
        for row, finer in enumerate(map(_finer, genres))
    ]


def standing_out(probabilities: Array) -> NDArray[np.bool_]:
    """Which tags count where songs are looked for: moods and eras by level, others as heard.

    Parameters
    ----------
    probabilities : array, shape (n, 50)
        In the order of `names`; NaN in the row of a sound that the network has not heard.

    Returns
    -------
    bool array, shape (n, 50)
    """
    levels = level_of(probabilities)
    by_level = np.array([_GROUP[name] in ("mood", "era") for name in names()])
    return np.where(by_level, levels >= MOOD_LEVEL, _heard(probabilities, levels))


def _finer(genre: str) -> frozenset[str]:
    return FINER.get(genre.casefold(), frozenset())


def probabilities_of(tags: Sequence[Autotag]) -> Array:
    """Probabilities, shape (50,), in the order of `names`; NaN where there are no tags."""
    by_name = {tag.name: tag.probability for tag in tags}
    return np.array([by_name.get(name, np.nan) for name in names()])


def level_of(probabilities: Array) -> Array:
    """Levels, shape (..., 50): how many reference clips have less of each tag, 0 to 1.

    NaN where the probability is.
    """
    quantiles = _quantiles()
    share = np.linspace(0.0, 1.0, len(quantiles))
    levels = [
        np.interp(probabilities[..., i], quantiles[:, i], share)
        for i in range(probabilities.shape[-1])
    ]
    return np.stack(levels, axis=-1)


def names() -> tuple[str, ...]:
    """All tags, in the order of the network's probabilities."""
    return _levels()[0]


def _quantiles() -> Array:
    """Evenly spaced quantiles of each tag among the reference clips, shape (n, 50), rising."""
    return _levels()[1]


@cache
def _levels() -> tuple[tuple[str, ...], Array]:
    with np.load(resources.models() / "musicnn" / "levels.npz", allow_pickle=False) as npz:
        return tuple(npz["names"].tolist()), np.asarray(npz["quantiles"], float)


_GROUP: Final[Mapping[str, Group]] = {
    name: group for group, names in GROUPS.items() for name in names
}
