"""The fields of a tag that GenreGenie writes, whatever a format calls them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeVar, get_args

from genregenie.tagging.formats.edits import TagError

Field = Literal["genre", "mood", "grouping", "tempo", "key"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)

NAMES: Final[Mapping[Field, tuple[str, ...]]] = {
    "genre": ("Genre",),
    "mood": ("Mood",),
    "grouping": ("Grouping",),
    "tempo": ("BPM",),
    "key": ("InitialKey", "Key"),
}
"""What fields are called in tags that hold pairs of a name and a text, in capitals or not; a new
one gets the first name. Of the two names of a key rekordbox, Serato DJ, Mp3tag and beets use the
former, MusicBrainz Picard the latter."""

Tags = Mapping[Field, tuple[str, ...]]
"""The values of fields; one that is missing is one that the tags have no place for."""

Wanted = Mapping[Field, Sequence[str]]
"""The values that fields are to have; one that is missing stays as it is."""

T = TypeVar("T")


def each_field(read: Callable[[Field], list[str]]) -> dict[Field, list[str]]:
    """What each field holds.

    One that cannot be read is left out, so that it stays as it is and a genre can be written all
    the same.

    Raises
    ------
    TagError
        If `read` cannot read the genre.
    """
    found = {}
    for field in FIELDS:
        try:
            found[field] = read(field)
        except TagError:
            if field == "genre":
                raise
    return found


def rewritten(
    items: Iterable[tuple[Field | None, T]], made: Mapping[Field, Sequence[T]]
) -> tuple[list[T], list[T]]:
    """A tag's items with others for some fields, where the first of each field stood.

    Parameters
    ----------
    items : iterable of (field, item)
        All items in order; None for what is no field of ours.
    made : dict of field to items
        What the fields are to hold.

    Returns
    -------
    placed, new : list, list
        All items in order, and those of fields that were not there.

    Examples
    --------
    >>> rewritten([(None, "a"), ("genre", "b"), ("genre", "c")], {"genre": ["d"], "mood": ["e"]})
    (['a', 'd'], ['e'])
    """
    pending = dict(made)
    placed: list[T] = []
    for field, item in items:
        if field is not None and field in made:
            placed += pending.pop(field, ())
        else:
            placed.append(item)
    return placed, [item for rest in pending.values() for item in rest]
