"""What a file's tags are given: how sure, how much, under what names, beside what they hold."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from genregenie.autotag.vocabulary import GROUPS, Autotag, Group, shown
from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import reason
from genregenie.common.genres import display_name, ranked
from genregenie.tagging.formats.fields import FIELDS, Field, Tags
from genregenie.tagging.formats.genrelist import parts

Mode = Literal["add", "replace", "if-empty"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)

Kind = Group | Literal["tempo", "key"]
"""What may be written beside genres: heard tags of a group, tempo, key."""

FIELD_OF: Final[Mapping[Kind, Field]] = {
    "style": "genre",
    "mood": "mood",
    "era": "grouping",
    "voice": "grouping",
    "tempo": "tempo",
    "key": "key",
}
"""Where each is written."""

_ONE_VALUE: Final[Collection[Field]] = ("tempo", "key")
"""Fields of which a song has one: another is never added to it."""

_ONE: Final = {"female vocalist": "female vocalists"}  # the network knows both


class NamesError(GenreGenieError):
    """A file of genre names that cannot be used; the message is a sentence for its owner."""


@dataclass(frozen=True)
class TagPolicy:
    """What somebody wants written.

    Attributes
    ----------
    mode : ``"add"``, ``"replace"`` or ``"if-empty"``
        What happens to values that are there.
    threshold : float
        Confidence from which a genre is written.
    at_most : int > 0
        So many genres, the most likely ones, and so many heard tags of each group.
    names : dict of str to tuple of str
        What a genre or a heard tag is called; one not named is called what it is called everywhere
        else.
    kinds : tuple of Kind
        What is written beside genres.
    unsure : bool
        Whether that is written where the genre is unsure as well; no genre is.
    """

    mode: Mode = "add"
    threshold: float = 0.3
    at_most: int = 2
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    unsure: bool = False

    def wanted(
        self,
        confidences: Mapping[str, float],
        autotags: Iterable[Autotag] = (),
        tempo_bpm: float | None = None,
        key: str | None = None,
        *,
        is_sure: bool = True,
    ) -> Tags:
        """What is heard, under the names that it is given.

        Parameters
        ----------
        confidences : dict of str to float
            Over the genres of the model.
        autotags : iterable of Autotag
            Those that are heard, the highest level first.
        tempo_bpm : float, optional
        key : str, optional
            One of `genregenie.features.key.KEYS`.
        is_sure : bool
            Without it the genres of the model are left out.

        Examples
        --------
        >>> sad = Autotag("sad", "mood", probability=0.2, level=0.99, heard=True)
        >>> TagPolicy(kinds=("mood", "key")).wanted({"jazz": 0.8}, [sad], 118.2, "F# minor")
        {'genre': ('Jazz',), 'mood': ('sad',), 'key': ('F#m',)}
        """
        best = ranked(confidences)[: self.at_most] if is_sure else []
        found: dict[Field, list[str]] = {
            "genre": [name for genre, p in best if p >= self.threshold for name in self._of(genre)]
        }
        heard = list(autotags)
        if "tempo" in self.kinds and tempo_bpm is not None:
            found["tempo"] = [f"{tempo_bpm:.0f}"]
        if "key" in self.kinds and key is not None:
            found["key"] = [short_key(key)]
        for group in self.groups:
            known = dict.fromkeys(_ONE.get(t.name, t.name) for t in heard if t.group == group)
            for tag in list(known)[: self.at_most]:
                names = self._of_tag(tag, group, confidences)
                found.setdefault(FIELD_OF[group], []).extend(names)
        return {f: _without_repeats(values) for f in FIELDS if (values := found.get(f))}

    @property
    def groups(self) -> tuple[Group, ...]:
        """Of which heard tags are written."""
        return tuple(kind for kind in self.kinds if kind != "tempo" and kind != "key")

    def after(self, before: Tags, wanted: Tags) -> Tags:
        """What the tags of a file hold that hold `before`, once it is tagged.

        What is there stays as it is written. A value that lists several genres (``"Jazz, Blues"``)
        is read as that list, so none of them comes a second time.

        Examples
        --------
        >>> TagPolicy().after({"genre": ("Live",), "mood": ()}, {"genre": ("Rock",)})
        {'genre': ('Live', 'Rock'), 'mood': ()}
        """
        return {f: self._after(f, old, wanted.get(f, ())) for f, old in before.items()}

    def _after(
        self, field: Field, before: tuple[str, ...], wanted: tuple[str, ...]
    ) -> tuple[str, ...]:
        if self.mode == "replace" and wanted:
            return wanted
        if before and (self.mode == "if-empty" or field in _ONE_VALUE):
            return before
        known = {_key(part) for name in before for part in (name, *parts(name))}
        new = (name for name in wanted if _key(name) not in known and not _listed(name, known))
        return (*before, *new)

    def _of(self, genre: str) -> tuple[str, ...]:
        """What a genre of the model is called."""
        return self.names.get(genre, (display_name(genre),))

    def _of_tag(self, tag: str, group: Group, genres: Collection[str]) -> tuple[str, ...]:
        """What a heard tag is called: a style that is a genre too is written as that."""
        if tag in self.names or group != "style":
            return self.names.get(tag, (shown(tag),))
        same = next((genre for genre in genres if _key(genre) == _key(tag)), None)
        return self._of(same) if same else (_capital(shown(tag)),)


def short_key(key: str) -> str:
    """A key as tags spell it, in three characters at most.

    Examples
    --------
    >>> short_key("A minor"), short_key("Bb major")
    ('Am', 'Bb')
    """
    tonic, mode = key.split()
    return f"{tonic}m" if mode == "minor" else tonic


def _capital(name: str) -> str:
    """As genres are written, and no letter but the first is another."""
    return name[:1].upper() + name[1:]


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

    A list gives a genre several names. `genres` are those of the model; the tags that can be heard
    may be named as well.

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
    tags = [tag for group in GROUPS.values() for tag in group]
    for genre, value in table.items():
        if genre not in genres and genre not in tags:
            raise NamesError(
                f"{path} names {genre!r}, which the model does not know. It knows "
                f"{', '.join(genres)}, and hears {', '.join(tags)}."
            )
        several = value if isinstance(value, list) else [value]
        if not several or not all(isinstance(name, str) and name.strip() for name in several):
            raise NamesError(f'{path}: {genre} needs a name in quotes, such as {genre} = "Name".')
        if any("\0" in name or "\n" in name for name in several):
            raise NamesError(f"{path}: the name of {genre} must be one line.")
        names[genre] = tuple(name.strip() for name in several)
    return names
