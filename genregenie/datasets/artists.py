"""Who a clip is by, as far as its tags, its folder or its name say.

No artist may stand on both sides of a split, so a wrong artist costs more than none: what only
looks like a name (*Various Artists*, *Track 01*, *CD2*, the genre's own name) is nobody's. A clip
of which nothing is known is no artist of its own;
`genregenie.common.artists.ArtistCount` counts the clips that have one.

The name is taken as it stands. In classical music it may be the composer's or the performer's,
whichever the files say.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from genregenie.common.names import artist_key, clean

Origin = Literal["tag", "album", "folder", "name", "table", "unknown"]
"""Where an artist was read: the file's own tag; the tags of its album; the folders it lies in; its
name; a table that named it."""

_GUEST = re.compile(r"(?<=\S)(?:\s*[(\[]|\s)\s*(?:feat|ft|featuring)\b.*$", re.IGNORECASE)
_MORE = re.compile(r"\s*;.*$|\s+/\s.*$")  # what parts the names where a tag has several
_ARTICLE = re.compile(r"^(.*\S), *(the|a|an|le|la|les|el|los|las|die|der|das)$", re.IGNORECASE)

_BETWEEN = re.compile("\\s+[-\u2010-\u2015\u2212]+\\s+")
_COUNTED = re.compile(r"^(?:[\[(]?\d{1,3}\s*[.)\]]+\s*|0\d{1,2}[\s-]+|\d{1,2}-\d{2,3}\s+)(?=\S)")
_COUNTED_TOO = re.compile(r"^\d{1,3}[\s-]+(?=\S)")  # a track's number, or 50 Cent
_NUMBER = re.compile(r"^[\W_]*(?:\d[\d\W_]*)?s?[\W_]*$")  # 07, (1973), 1-02, 70s, and no letter
_PART = re.compile(
    r"^(?:audio ?)?(?:tracks?|titel|title|piste|pista|spur|traccia|faixa|dis[ck]s?|cd|dvd|lp|ep"
    r"|side|vol|volume|part|teil|set|fold|batch|chunk|files?|clips?|audio|sample|segment|recording|song"
    r"|untitled)[\s.#-]*(?:\d+[a-z]?|[a-d])$"
    r"|^(?:track|disc|disk|cd|untitled|audiotrack)$"
)
_CONTAINER = re.compile(
    r"^(?:(?:my )?(?:music|musik|audio|songs?|tracks|albums?|singles|eps|lps|clips?|files?|samples?"
    r"|wavs?|mp3s?|flacs?|ogg|m4a|lossless|live|demos?|bootlegs?|misc|downloads?|data|dataset|raw"
    r"|train(?:ing)?|test(?:ing)?|valid(?:ation)?|val|dev|eval|new|old|new folder|tmp|temp)"
    r"|[a-z#](?: ?- ?[a-z])?)$"
)
_COLLECTION = re.compile(
    r"\b(?:greatest hits|hits|best of|compilations?|collections?|anthology|samplers?|soundtracks?"
    r"|ost|mixtapes?|playlists?|various)\b"
)
_EDITION = re.compile(
    r"^(?:live|demo|mono|stereo|acoustic|instrumental|bonus track"
    r"|(?:.* )?(?:remaster(?:ed)?|version|edit|mix|remix))(?: \d{4})?$"
)
_NOBODY: Final = {
    artist_key(name)
    for name in (
        *("unknown", "unknown artists", "no artist", "n/a", "none", "null", "nan", "untitled"),
        *("anonymous", "traditional", "trad.", "artist", "artists", "performer", "interpret"),
        *("unbekannt", "unbekannter Interpret", "unbekannter Künstler", "artiste inconnu"),
        *("inconnu", "artista desconocido", "artista desconhecido", "artista sconosciuto"),
        *("неизвестен", "неизвестный исполнитель", "未知艺术家", "不明なアーティスト"),
        *("various", "various artist", "various performers", "various composers", "VA", "V.A."),
        *("varios", "varios artistas", "vários artistas", "vari", "artisti vari", "AA.VV."),
        *("diverse", "diverse Interpreten", "diverse Künstler", "divers", "artistes divers"),
        *("verschiedene", "verschiedene Interpreten", "verschiedene Künstler"),
        *("разные исполнители", "群星", "compilation", "compilations", "sampler", "mixed", "misc"),
        *("miscellaneous", "other", "others", "soundtrack", "soundtracks", "OST"),
        "original soundtrack",
    )
}
_NOBODY_AT_ALL: Final = ("unknownartist", "variousartists", "unknownalbum", "unbekanntesalbum")


@dataclass(frozen=True)
class Tags:
    """What a file's tags say; None where they say nothing."""

    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Clip:
    """A file in a folder of genres: ``<genre>/.../<file>``, and its tags."""

    path: PurePath
    tags: Tags = Tags()

    @property
    def genre(self) -> str:
        """The uppermost folder."""
        return self.path.parts[0]


@dataclass(frozen=True)
class Credit:
    """Who a clip is by.

    Attributes
    ----------
    artist : str
        Spelled in one way for all clips of an artist; empty if unknown.
    origin : Origin
    album : str
        What stays together where the artist is unknown; empty if that is unknown too.
    """

    artist: str
    origin: Origin
    album: str


def lead_artist(name: str) -> str:
    """The first artist that a tag names: A of ``"A feat. B"``; ``"Band, The"`` is *The Band*."""
    text, before = _spaced(name), None
    while text != before:  # what one step leaves may be a case for another
        before = text
        text = _GUEST.sub("", _MORE.sub("", text) or text).strip()
        text = _ARTICLE.sub(r"\2 \1", text)
    return text


def _spaced(text: str) -> str:
    return clean(unicodedata.normalize("NFKC", text).replace("_", " "))


def group_key(name: str) -> str:
    """Equal for all spellings of an artist; empty for a name without a letter or a digit."""
    return artist_key(unicodedata.normalize("NFKD", lead_artist(name)).casefold())


def is_nobody(name: str) -> bool:
    """Whether that is what people write for want of a name: nothing, *Various Artists*, *VA*."""
    key = group_key(name)
    return not key or key.rstrip("0123456789") in _NOBODY or key.startswith(_NOBODY_AT_ALL)


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """For each name the most frequent spelling of who is meant; empty for nobody."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    counts = Counter(names)
    for name, count in counts.items():
        spellings[group_key(name)][lead_artist(name)] += count

    def usual(counted: Counter[str]) -> str:
        return min(counted, key=lambda text: (-counted[text], text.isupper(), text))

    best = {key: usual(counted) for key, counted in spellings.items()}
    return {name: "" if is_nobody(name) else best[group_key(name)] for name in counts}


def credits_of(clips: Sequence[Clip]) -> list[Credit]:
    """Who each clip is by.

    The file's own tag is believed first, then its album's artist, or the one artist of the clips
    of that album beside it; then the one artist of the clips beside it, the folder above
    (``Artist/Album`` or ``Artist - Album``), and its name (``01 - Artist - Title``).
    """
    tagged = [_by_tags(clip) for clip in clips]
    beside = _agreed(clips, tagged)
    numbered = _numbered_folders(clips)
    found = []
    for clip, (artist, origin) in zip(clips, tagged, strict=True):
        folder_artist, folder_album = _by_folder(clip)
        ways: list[tuple[str, Origin]] = [
            (artist, origin),
            *((beside.get(place, ""), place[0]) for place in _silent_places(clip)),
            (folder_artist, "folder"),
            (_by_name(clip, numbered=clip.path.parent in numbered), "name"),
        ]
        artist, origin = next((way for way in ways if way[0]), ("", "unknown"))
        found.append(Credit(artist, origin, _album(clip) or folder_album))
    artists = one_spelling(credit.artist for credit in found)
    albums = one_spelling(credit.album for credit in found)
    spelled = [Credit(artists[c.artist], c.origin, albums[c.album]) for c in found]
    return _without_endless_albums(clips, spelled)


def _is_name(text: str, genre: str) -> bool:
    return not (
        is_nobody(text)
        or _NUMBER.match(text)
        or _PART.match(text.casefold())
        or group_key(text) == group_key(genre)
    )


def _by_tags(clip: Clip) -> tuple[str, Origin]:
    tags = clip.tags
    ways: tuple[tuple[str | None, Origin], ...] = (
        (tags.artist, "tag"),
        (tags.album_artist, "album"),
    )
    for name, origin in ways:
        if name and _is_name(name, clip.genre):
            return name, origin
    return "", "unknown"


def _album(clip: Clip) -> str:
    album = clip.tags.album or ""
    return "" if is_nobody(album) or group_key(album) == group_key(clip.genre) else album


_Place = tuple[Literal["album", "folder"], PurePath, str]


def _places(clip: Clip) -> list[_Place]:
    """Where the clips beside this one may tell who it is by."""
    folder, album = clip.path.parent, _album(clip)
    places: list[_Place] = [("album", folder, group_key(album))] if album else []
    if len(clip.path.parts) > 2:  # what lies in a genre's own folder has nothing else in common
        places.append(("folder", folder, ""))
    return places


def _silent_places(clip: Clip) -> list[_Place]:
    """The same for a clip whose own tags say nothing, not even that it is by various artists."""
    return [] if clip.tags.artist or clip.tags.album_artist else _places(clip)


def _agreed(clips: Sequence[Clip], tagged: Sequence[tuple[str, Origin]]) -> dict[_Place, str]:
    """The artist of each album and folder of which half the clips are tagged, all with that one."""
    names: dict[_Place, list[str]] = defaultdict(list)
    for clip, (artist, _) in zip(clips, tagged, strict=True):
        for place in _places(clip):
            names[place].append(artist)
    agreed = {}
    for place, artists in names.items():
        named = [artist for artist in artists if artist]
        if 2 * len(named) >= len(artists) and len({group_key(artist) for artist in named}) == 1:
            agreed[place] = named[0]
    return agreed


def _numbered_folders(clips: Sequence[Clip]) -> set[PurePath]:
    """Folders whose names all begin with numbers, none of them twice: those count the tracks."""
    numbers: dict[PurePath, list[str | None]] = defaultdict(list)
    for clip in clips:
        number = re.match(r"\d{1,3}(?!\d)", clip.path.name)
        numbers[clip.path.parent].append(number[0] if number else None)
    return {
        folder
        for folder, found in numbers.items()
        if len(found) > 1 and None not in found and len(set(found)) == len(found)
    }


def _parts_of(text: str) -> list[str]:
    return [part for part in _BETWEEN.split(_spaced(text)) if part]


def _by_folder(clip: Clip) -> tuple[str, str]:
    """Artist and album that the folders name, empty where they do not."""
    folders = [
        (parts, telling)
        for name in clip.path.parts[1:-1]
        if (parts := _parts_of(name)) and (telling := [p for p in parts if _tells(p, clip.genre)])
    ]
    if not folders:
        return "", ""
    parts, telling = folders[-1]
    album = " - ".join(telling)
    artist = telling[0] if len(folders) == 1 else folders[-2][1][0]
    if any(is_nobody(told[0]) for _, told in folders) or _COLLECTION.search(artist.casefold()):
        return "", "" if is_nobody(telling[-1]) else album
    if len(folders) == 1 and len(telling) == 1 and _NUMBER.match(parts[0]):
        return "", album  # 1973 - Album, which names nobody
    return artist, album


def _tells(folder: str, genre: str) -> bool:
    plain = folder.casefold()
    return not (
        _NUMBER.match(folder)
        or _PART.match(plain)
        or _CONTAINER.match(plain)
        or group_key(folder) == group_key(genre)
    )


def _by_name(clip: Clip, *, numbered: bool) -> str:
    stem = _COUNTED.sub("", _spaced(clip.path.stem))
    if numbered:
        stem = _COUNTED_TOO.sub("", stem)
    parts = [
        part
        for part in _parts_of(stem)
        if _is_name(part, clip.genre) and not _EDITION.match(part.casefold())
    ]
    return parts[0] if len(parts) > 1 else ""


def _without_endless_albums(clips: Sequence[Clip], found: Sequence[Credit]) -> list[Credit]:
    """Without albums that hold a whole genre: nothing could be held out, and they are none."""
    groups: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for i, (clip, credit) in enumerate(zip(clips, found, strict=True)):
        alone = "" if credit.artist or credit.album else str(i)
        groups[clip.genre].add((credit.artist, "" if credit.artist else credit.album or alone))
    return [
        credit if credit.artist or len(groups[clip.genre]) > 1 else Credit("", credit.origin, "")
        for clip, credit in zip(clips, found, strict=True)
    ]
