"""Of how many clips the artist is known: a data set counts it, a model remembers it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class ArtistCount:
    """Of how many clips the artist is known, as a sentence says it (`str`).

    Attributes
    ----------
    clips, artists : int
    by : mapping of str to int
        The number of clips whose artist was read in each way: from a ``tag``, a ``folder`` ...

    Examples
    --------
    >>> str(ArtistCount.of(["Nina", "Nina", ""], ["tag", "folder", "unknown"]))
    '3 clips, the artist known of 2 (by tag 1, by folder 1), 1 artist'
    """

    clips: int
    artists: int
    by: Mapping[str, int]

    @classmethod
    def of(cls, artists: Iterable[str], origins: Iterable[str]) -> Self:
        """Count the clips that have these artists, empty ones unknown."""
        pairs = list(zip(artists, origins, strict=True))
        named = [(artist, origin) for artist, origin in pairs if artist]
        by = Counter(origin for _, origin in named)
        return cls(len(pairs), len({artist for artist, _ in named}), dict(sorted(by.items())))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` made."""
        return cls(content["clips"], content["artists"], content["by"])

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    @property
    def known(self) -> int:
        """Clips whose artist is known."""
        return sum(self.by.values())

    def __str__(self) -> str:
        clips = f"{self.clips} {'clip' if self.clips == 1 else 'clips'}"
        if not self.known:
            return f"{clips}, the artist known of none"
        ways = sorted((n, way) for way, n in self.by.items() if way != "table")
        how = f" ({', '.join(f'by {way} {n}' for n, way in reversed(ways))})" if ways else ""
        artists = f"{self.artists} {'artist' if self.artists == 1 else 'artists'}"
        return f"{clips}, the artist known of {self.known}{how}, {artists}"
