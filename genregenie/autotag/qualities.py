"""Words for how a sound may differ from another, *calmer* or *older*, measured by its autotags.

Each word has an opposite. Where a sound lies between the two is told by tags that speak for the one
and tags that speak for the other, each by its level, so that rare tags count as much as common
ones. Nobody has labelled clips for this: the network learnt what listeners call calm or happy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from genregenie.autotag.vocabulary import level_of, names
from genregenie.common.arrays import Array
from genregenie.common.errors import GenreGenieError

MIN_GAIN: Final = 0.1
"""How much calmer a sound must be to count as calmer, of 2 that are possible."""

GAIN_WEIGHT: Final = 0.25
"""What being calmer is worth against being alike."""


class QualityError(GenreGenieError, ValueError):
    """Words that name no quality, or contradict each other, or sounds of which it is not known."""


@dataclass(frozen=True)
class Quality:
    """Two opposite words, and the tags that speak for each."""

    word: str
    opposite: str
    tags: tuple[str, ...]
    opposite_tags: tuple[str, ...]

    def of(self, levels: Array) -> Array:
        """Where sounds lie, -1 to 1, shape (...), from levels of shape (..., 50)."""
        here, there = ([names().index(n) for n in t] for t in (self.tags, self.opposite_tags))
        return np.asarray(levels[..., here].mean(axis=-1) - levels[..., there].mean(axis=-1))


QUALITIES: Final = (
    Quality(
        *("calmer", "livelier"),
        ("Mellow", "chill", "chillout", "ambient", "easy listening"),
        ("party", "dance", "punk", "metal", "hard rock"),
    ),
    Quality("happier", "sadder", ("happy",), ("sad",)),
    Quality("older", "newer", ("oldies", "60s", "70s"), ("90s", "00s")),
    Quality(
        *("more acoustic", "more electronic"),
        ("acoustic", "folk", "guitar"),
        ("electronic", "electronica", "electro", "House"),
    ),
)

WORDS: Final = tuple(word for q in QUALITIES for word in (q.word, q.opposite))


@dataclass(frozen=True)
class Change:
    """More of some qualities than a clip has.

    Attributes
    ----------
    words : tuple of str
        Of `WORDS`.
    start : float64 array, shape (words,)
        How much of each the clip has, -1 to 1.
    """

    words: tuple[str, ...]
    start: Array

    @classmethod
    def of(cls, words: Sequence[str], probabilities: Array) -> Self:
        """The change that `words` ask for.

        Parameters
        ----------
        words : sequence of str
            Of `WORDS`.
        probabilities : array, shape (50,)
            Of the clip's tags, from `genregenie.autotag.vocabulary.probabilities_of`.

        Raises
        ------
        QualityError
            For a word that is none of these, for opposites, and for a clip that the network has
            not heard.
        """
        wanted = words_of(words)
        if np.isnan(probabilities).any():
            raise QualityError(
                f"What is {wanted[0]} is told by the network, which has not heard this clip. "
                "Listen to it again without --fast."
            )
        return cls(wanted, _amounts(wanted, probabilities))

    def gains(self, probabilities: Array) -> Array:
        """How much more of the qualities sounds have, shape (n,), the mean over the words.

        Parameters
        ----------
        probabilities : array, shape (n, 50)
            Of their tags; NaN in the row of a sound that the network has not heard.

        Returns
        -------
        float64 array
            NaN for a sound that was not heard, or that lacks `MIN_GAIN` in any of the qualities.
        """
        gains = _amounts(self.words, probabilities) - self.start
        return np.where((gains >= MIN_GAIN).all(axis=-1), gains.mean(axis=-1), np.nan)

    def fit(self, alike: Array, probabilities: Array) -> Array:
        """How well sounds answer it, shape (n,): alike still, and more of the qualities.

        Parameters
        ----------
        alike : array, shape (n,)
            How alike each is to the clip.
        probabilities : array, shape (n, 50)
            As for `gains`.

        Returns
        -------
        float64 array
            Minus infinity for a sound that has not clearly more of all.
        """
        return np.nan_to_num(alike + GAIN_WEIGHT * self.gains(probabilities), nan=-np.inf)


def words_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Some of `WORDS` as somebody wrote them: in any case, with hyphens for spaces.

    Raises
    ------
    QualityError
        If there is none, one is something else, or two are opposites.

    Examples
    --------
    >>> words_of(["Calmer", "more-acoustic"])
    ('calmer', 'more acoustic')
    """
    found = []
    for text in texts:
        found.append(" ".join(text.casefold().replace("-", " ").split()))
        if found[-1] not in WORDS:
            raise QualityError(f"{text!r} is not among {', '.join(WORDS)}.")
    for quality in QUALITIES:
        if {quality.word, quality.opposite} <= set(found):
            raise QualityError(f"{quality.word} and {quality.opposite} are opposites.")
    if not found:
        raise QualityError(f"No word is given. There are {', '.join(WORDS)}.")
    return tuple(dict.fromkeys(found))


def _amounts(words: Sequence[str], probabilities: Array) -> Array:
    """How much of each quality sounds have, shape (..., words)."""
    levels = level_of(probabilities)
    amounts = {}
    for quality in QUALITIES:
        amounts[quality.word] = quality.of(levels)
        amounts[quality.opposite] = -amounts[quality.word]
    return np.stack([amounts[word] for word in words], axis=-1)
