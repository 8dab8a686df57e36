"""A track on Spotify, read with suspicion from what the Web API sent."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from genregenie.common.names import artist_key, clean, song_key

_ID: Final = re.compile(r"[0-9A-Za-z]{22}")
_YEAR: Final = re.compile(r"(\d{4})(?:-\d{2}(?:-\d{2})?)?")
_CARD_PIXELS: Final = 300
_ARTWORK_HOSTS: Final = ("i.scdn.co", ".spotifycdn.com")

SPOTIFY_PAGES: Final = "https://open.spotify.com"


@dataclass(frozen=True)
class Track:
    """A track on Spotify.

    Attributes
    ----------
    id : str
        22 letters and digits.
    title : str
    artists : tuple of str
        One at least, the main one first.
    album : str or None
    year : int or None
        Of release.
    duration_s : float or None
    explicit : bool
    artwork : str or None
        Address of the cover at Spotify, to be shown as it is.
    popularity : int or None
        0 to 100, where Spotify still tells.
    """

    id: str
    title: str
    artists: tuple[str, ...]
    album: str | None = None
    year: int | None = None
    duration_s: float | None = None
    explicit: bool = False
    artwork: str | None = None
    popularity: int | None = None

    @property
    def artist(self) -> str:
        """The main artist."""
        return self.artists[0]

    @property
    def uri(self) -> str:
        """Spotify's own name for it."""
        return f"spotify:track:{self.id}"

    @property
    def url(self) -> str:
        """Its page on Spotify."""
        return f"{SPOTIFY_PAGES}/track/{self.id}"

    @property
    def player_url(self) -> str:
        """Spotify's player for it, to be put into a frame."""
        return f"{SPOTIFY_PAGES}/embed/track/{self.id}"

    def is_by(self, artist: str) -> bool:
        """Whether this artist takes part."""
        return artist_key(artist) in {artist_key(name) for name in self.artists}

    def is_song(self, artist: str, title: str) -> bool:
        """Whether this is the song with that title by that artist."""
        return self.is_by(artist) and song_key(title) == song_key(self.title)


def is_track_id(text: str) -> bool:
    """Whether this has the form of a Spotify id."""
    return _ID.fullmatch(text) is not None


def read_page(answer: object) -> tuple[Track, ...]:
    """The usable tracks in an answer to a search; whatever is malformed is left out.

    Raises
    ------
    ValueError
        If the answer is not one to a search for tracks at all.
    """
    page = answer.get("tracks") if isinstance(answer, Mapping) else None
    items = page.get("items") if isinstance(page, Mapping) else None
    if not isinstance(items, list):
        raise ValueError("not an answer to a search for tracks")
    return tuple(track for item in items if (track := _read(item)) is not None)


def _read(item: Any) -> Track | None:
    if not isinstance(item, Mapping) or item.get("is_local") is True:
        return None
    if item.get("is_playable") is False or item.get("type", "track") != "track":
        return None
    track_id, title = item.get("id"), clean(item.get("name"))
    artists = tuple(_names(item.get("artists")))
    if not isinstance(track_id, str) or not is_track_id(track_id) or not title or not artists:
        return None
    album = item.get("album")
    album = album if isinstance(album, Mapping) else {}
    milliseconds, popularity = _number(item.get("duration_ms")), _number(item.get("popularity"))
    return Track(
        id=track_id,
        title=title,
        artists=artists,
        album=clean(album.get("name")) or None,
        year=_year(album.get("release_date")),
        duration_s=milliseconds / 1000 if milliseconds else None,
        explicit=item.get("explicit") is True,
        artwork=_artwork(album.get("images")),
        popularity=None if popularity is None else int(min(popularity, 100)),
    )


def _names(artists: object) -> Iterator[str]:
    for artist in artists if isinstance(artists, list) else ():
        name = clean(artist.get("name")) if isinstance(artist, Mapping) else ""
        if name:
            yield name


def _year(date: object) -> int | None:
    match = _YEAR.fullmatch(date) if isinstance(date, str) else None
    return int(match[1]) or None if match else None


def _artwork(images: object) -> str | None:
    """The smallest cover that fills a card, else the largest there is."""
    covers = []
    for image in images if isinstance(images, list) else ():
        url = image.get("url") if isinstance(image, Mapping) else None
        if isinstance(url, str) and _is_artwork(url):
            covers.append((_number(image.get("width")) or 0, url))
    if not covers:
        return None
    covers.sort()
    return next((url for width, url in covers if width >= _CARD_PIXELS), covers[-1][1])


def _is_artwork(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    known, suffix = _ARTWORK_HOSTS
    return parts.scheme == "https" and (host == known or host.endswith(suffix))


def _number(value: object) -> float | None:
    """A finite number that is not negative, else None; JSON may hold NaN and true."""
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if usable and 0 <= value < math.inf else None  # type: ignore[operator, return-value]


def search_url(*words: str) -> str:
    """Address of a search on Spotify for these words."""
    return f"{SPOTIFY_PAGES}/search/{quote(' '.join(' '.join(words).split()), safe='')}"
