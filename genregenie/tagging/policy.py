"""Which genres a file is given: how sure, how many, under what names, beside what it has."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import reason
from genregenie.common.genres import display_name, ranked
from genregenie.tagging.formats.genrelist import parts

Mode = Literal["add", "replace", "if-empty"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)


class NamesError(GenreGenieError):
    """A file of genre names that cannot be used; the message is a sentence for its owner."""


@dataclass(frozen=True)
class TagPolicy:
    """What somebody wants written.

    Attributes
    ----------
    mode : ``"add"``, ``"replace"`` or ``"if-empty"``
        What happens to genres that are there.
    threshold : float
        Confidence from which a genre is written.
    at_most : int > 0
        So many genres, the most likely ones.
    names : dict of str to tuple of str
        What a genre is called; one not named is called what it is called everywhere else.
    """

    mode: Mode = "add"
    threshold: float = 0.3
    at_most: int = 2
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def after(self, before: Sequence[str], confidences: Mapping[str, float]) -> tuple[str, ...]:
        """The genres of a file that has `before`, once it is tagged.

        What is there stays as it is written. A value that lists several genres (``"Jazz, Blues"``)
        is read as that list, so none of them comes a second time.

        Examples
        --------
        >>> TagPolicy(at_most=1).after(["Live"], {"rock": 0.9, "pop": 0.1})
        ('Live', 'Rock')
        """
        if self.mode == "if-empty" and before:
            return tuple(before)
        heard = self.heard(confidences)
        if self.mode == "replace" and heard:
            return heard
        known = {_key(part) for name in before for part in (name, *parts(name))}
        new = (name for name in heard if _key(name) not in known and not _listed(name, known))
        return (*before, *new)

    def heard(self, confidences: Mapping[str, float]) -> tuple[str, ...]:
        """Names of the genres that are likely enough, the most likely first."""
        best = ranked(confidences)[: self.at_most]
        likely = [genre for genre, p in best if p >= self.threshold]
        return _without_repeats(
            [name for genre in likely for name in self.names.get(genre, (display_name(genre),))]
        )


def _without_repeats(names: Sequence[str]) -> tuple[str, ...]:
    """Each name once, as first written."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(_key(name), name)
    return tuple(seen.values())


def _key(name: str) -> str:
    """The same for two ways of writing a name: capitals, spaces and dashes make no other."""
    return "".join(filter(str.isalnum, name.casefold())) or name


def _listed(name: str, known: set[str]) -> bool:
    """Whether all that a name consists of is known: ``Hip-Hop/Rap`` beside ``Rap; Hip-Hop``."""
    return len(parts(name)) > 1 and known.issuperset(map(_key, parts(name)))


def read_names(path: Path, genres: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read a TOML file of names, with lines such as ``hiphop = "Hip-Hop/Rap"``.

    A list gives a genre several names. `genres` are those of the model.

    Raises
    ------
    NamesError
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NamesError(f"{path} cannot be read: {reason(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise NamesError(
            f'{path} is not a list of lines such as hiphop = "Rap": {error}'
        ) from error
    names = {}
    for genre, value in table.items():
        if genre not in genres:
            raise NamesError(
                f"{path} names {genre!r}, which the model does not know. It knows "
                f"{', '.join(genres)}."
            )
        several = value if isinstance(value, list) else [value]
        if not several or not all(isinstance(name, str) and name.strip() for name in several):
            raise NamesError(f'{path}: {genre} needs a name in quotes, such as {genre} = "Name".')
        if any("\0" in name or "\n" in name for name in several):
            raise NamesError(f"{path}: the name of {genre} must be one line.")
        names[genre] = tuple(name.strip() for name in several)
    return names
