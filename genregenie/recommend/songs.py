"""The songs of an index, and what is asked of them: the one place for all filters.

A genre is the model's, or a style that the network hears. Moods count where they stand out against
how they are elsewhere, and so do eras of songs whose tags have no year; others are of the decade of
that year. A tempo that is not sure is within no range.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.autotag.vocabulary import (
    GROUPS,
    TAGS,
    Group,
    level_of,
    names,
    shown,
    standing_out,
)
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import count_of
from genregenie.common.genres import display_name
from genregenie.model.likeness import Directions
from genregenie.recommend.library_index import Entry, Library

TOLD: Final = 4
"""At most so many tags are told of a song."""

_DECADE: Final = re.compile(r"(19|20)?(\d0)s")
_FIRST_DECADE: Final = 30
"""``30s`` and later are of the last century, ``20s`` and earlier of this one."""

Mask = NDArray[np.bool_]


class WordError(GenreGenieError, ValueError):
    """A word that names no genre, mood or era; the message names those that there are."""


class NothingFitsError(GenreGenieError):
    """No song is what is asked for; the message is a sentence."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of songs: of each kind that is given, one of the words.

    Attributes
    ----------
    genres, moods, eras : tuple of str
        In any case, with spaces and hyphens or without. Eras are decades, such as ``"70s"`` or
        ``"1950s"``, and those that are heard.
    tempo_bpm : (float, float) or None
        The slowest and the fastest.
    """

    genres: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    eras: tuple[str, ...] = ()
    tempo_bpm: tuple[float, float] | None = None


class Songs:
    """All songs of an index, in its order.

    Attributes
    ----------
    entries : sequence of n Entry
    directions : float32 array, shape (n, width)
    autotags : float64 array, shape (n, 50)
        Probabilities; NaN in the row of a song that the network has not heard.
    """

    def __init__(
        self, entries: Sequence[Entry], directions: Directions, autotags: NDArray[np.floating]
    ) -> None:
        self.entries = entries
        self.directions = directions
        self.autotags = np.asarray(autotags, dtype=np.float64).reshape(len(entries), TAGS)
        self._stands_out = standing_out(self.autotags)

    def __len__(self) -> int:
        return len(self.entries)

    @classmethod
    def of(cls, library: Library) -> Self:
        """Those of an index of any release."""
        unheard = np.full((len(library), TAGS), np.nan)
        autotags = unheard if library.autotags is None else library.autotags
        return cls(library.entries(), library.directions, autotags)

    def heard(self, row: int) -> tuple[str, ...]:
        """The tags that count in a song, as people write them, what stands out most first."""
        levels = np.nan_to_num(level_of(self.autotags[row]))
        order = np.argsort(-levels, kind="stable").tolist()
        return tuple(shown(names()[i]) for i in order if self._stands_out[row, i])

    def told(self, row: int) -> tuple[str, ...]:
        """The first of them, without what the genre says already."""
        genre = _key(self.entries[row].genre)
        return tuple(name for name in self.heard(row) if _key(name) != genre)[:TOLD]

    def fitting(self, wanted: Wanted) -> Mask:
        """Which songs are what is asked for, shape (n,).

        Raises
        ------
        WordError
            For a word that names none of its kind.
        NothingFitsError
            If that is none of them; it says how many fit each part.
        """
        parts = dict(self._parts(wanted))
        fit = np.ones(len(self), dtype=bool)
        for part in parts.values():
            fit &= part
        if not fit.any():
            raise NothingFitsError(self._nothing(parts))
        return fit

    def _parts(self, wanted: Wanted) -> Iterator[tuple[str, Mask]]:
        if wanted.genres:
            yield self._named("genre", wanted.genres, ("style",))
        if wanted.moods:
            yield self._named("mood", wanted.moods, ("mood",))
        if wanted.eras:
            yield self._of_eras(wanted.eras)
        if wanted.tempo_bpm is not None:
            slowest, fastest = wanted.tempo_bpm
            tempi = np.array([e.tempo_bpm or np.nan for e in self.entries])
            name = f"of {slowest:g} to {fastest:g} beats a minute"
            yield name, (tempi >= slowest) & (tempi <= fastest)

    def _named(
        self, kind: str, words: Iterable[str], groups: tuple[Group, ...]
    ) -> tuple[str, Mask]:
        """What one of the words names, and which songs it holds of."""
        tags = [name for group in groups for name in GROUPS[group]]
        known = {_key(n): n for name in tags for n in (name, shown(name))}
        own = {_key(e.genre): e.genre for e in self.entries} if kind == "genre" else {}
        genres = np.array([_key(e.genre) for e in self.entries])
        fit = np.zeros(len(self), dtype=bool)
        for word in words:
            key = _key(word)
            if key not in known and key not in own:
                raise WordError(_unknown(kind, word, known, own))
            fit |= genres == key if kind == "genre" else False
            fit |= self._stands_out[:, _tag_place(key)] if key in known else False
        return " or ".join(words), fit

    def _of_eras(self, words: Iterable[str]) -> tuple[str, Mask]:
        """As `_named`: by the year where there is one, else as heard."""
        decades = np.array([(entry.year or 0) // 10 * 10 for entry in self.entries], dtype=int)
        tags = {_decade(name) or name: _tag_place(name) for name in GROUPS["era"]}
        fit = np.zeros(len(self), dtype=bool)
        for word in words:
            era = _decade(_key(word)) or _key(word)
            heard = self._stands_out[:, tags[era]] if era in tags else np.zeros_like(fit)
            if isinstance(era, int):
                fit |= np.where(decades > 0, decades == era, heard)
            elif era in tags:
                fit |= heard
            else:
                raise WordError(_unknown("era", word, {n: n for n in GROUPS["era"]}, {}))
        return " or ".join(words), fit

    def _nothing(self, parts: Mapping[str, Mask]) -> str:
        of_all = f"None of the {count_of(len(self), 'song')} is"
        if len(self) == 1:
            of_all = "The one song is not"
        sentence = f"{of_all} {', '.join(parts)}."
        if len(parts) > 1:
            each = ", ".join(f"{name}: {int(part.sum())}" for name, part in parts.items())
            sentence += f" Each by itself: {each}."
        if np.isnan(self.autotags).all():
            sentence += (
                " Styles, moods and, where tags have no year, eras are told by the network, which "
                "has not heard these files; make the index again without --fast."
            )
        return sentence


def _key(word: str) -> str:
    """One spelling of a word: ``"Hip-Hop"`` and ``"hip hop"`` are the same."""
    return "".join(c for c in word.casefold() if c.isalnum())


def _decade(key: str) -> int | None:
    """The first year of a decade: 1970 of ``"70s"`` and of ``"1970s"``."""
    found = _DECADE.fullmatch(key)
    if found is None:
        return None
    century, years = found[1], int(found[2])
    return int(century or (19 if years >= _FIRST_DECADE else 20)) * 100 + years


def _tag_place(key: str) -> int:
    return [key in (_key(name), _key(shown(name))) for name in names()].index(True)


def _unknown(kind: str, word: str, tags: Mapping[str, str], own: Mapping[str, str]) -> str:
    words = {_key(g): display_name(g).lower() for g in own.values()}
    words |= {key: shown(name).lower() for key, name in tags.items() if key not in words}
    known = sorted(dict.fromkeys(words.values()))
    return f"{word!r} is no {kind} that is known here. There are {', '.join(known)}."
