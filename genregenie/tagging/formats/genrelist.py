"""Genres as tags spell them: numbers, lists in one text, and ID3's own ways of writing text."""

import re
from collections.abc import Sequence
from typing import Final

ID3V1_GENRES: Final = (
    *("Blues", "Classic Rock", "Country", "Dance", "Disco", "Funk", "Grunge", "Hip-Hop", "Jazz"),
    *("Metal", "New Age", "Oldies", "Other", "Pop", "R&B", "Rap", "Reggae", "Rock", "Techno"),
    *("Industrial", "Alternative", "Ska", "Death Metal", "Pranks", "Soundtrack", "Euro-Techno"),
    *("Ambient", "Trip-Hop", "Vocal", "Jazz+Funk", "Fusion", "Trance", "Classical"),
    *("Instrumental", "Acid", "House", "Game", "Sound Clip", "Gospel", "Noise", "Alt. Rock"),
    *("Bass", "Soul", "Punk", "Space", "Meditative", "Instrumental Pop", "Instrumental Rock"),
    *("Ethnic", "Gothic", "Darkwave", "Techno-Industrial", "Electronic", "Pop-Folk", "Eurodance"),
    *("Dream", "Southern Rock", "Comedy", "Cult", "Gangsta Rap", "Top 40", "Christian Rap"),
    *("Pop/Funk", "Jungle", "Native American", "Cabaret", "New Wave", "Psychedelic", "Rave"),
    *("Showtunes", "Trailer", "Lo-Fi", "Tribal", "Acid Punk", "Acid Jazz", "Polka", "Retro"),
    *("Musical", "Rock & Roll", "Hard Rock", "Folk", "Folk-Rock", "National Folk", "Swing"),
    *("Fast-Fusion", "Bebop", "Latin", "Revival", "Celtic", "Bluegrass", "Avantgarde"),
    *("Gothic Rock", "Progressive Rock", "Psychedelic Rock", "Symphonic Rock", "Slow Rock"),
    *("Big Band", "Chorus", "Easy Listening", "Acoustic", "Humour", "Speech", "Chanson", "Opera"),
    *("Chamber Music", "Sonata", "Symphony", "Booty Bass", "Primus", "Porn Groove", "Satire"),
    *("Slow Jam", "Club", "Tango", "Samba", "Folklore", "Ballad", "Power Ballad"),
    *("Rhythmic Soul", "Freestyle", "Duet", "Punk Rock", "Drum Solo", "A Cappella", "Euro-House"),
    *("Dance Hall", "Goa", "Drum & Bass", "Club-House", "Hardcore", "Terror", "Indie", "BritPop"),
    *("Afro-Punk", "Polsk Punk", "Beat", "Christian Gangsta Rap", "Heavy Metal", "Black Metal"),
    *("Crossover", "Contemporary Christian", "Christian Rock", "Merengue", "Salsa"),
    *("Thrash Metal", "Anime", "JPop", "Synthpop", "Abstract", "Art Rock", "Baroque", "Bhangra"),
    *("Big Beat", "Breakbeat", "Chillout", "Downtempo", "Dub", "EBM", "Eclectic", "Electro"),
    *("Electroclash", "Emo", "Experimental", "Garage", "Global", "IDM", "Illbient"),
    *("Industro-Goth", "Jam Band", "Krautrock", "Leftfield", "Lounge", "Math Rock"),
    *("New Romantic", "Nu-Breakz", "Post-Punk", "Post-Rock", "Psytrance", "Shoegaze"),
    *("Space Rock", "Trop Rock", "World Music", "Neoclassical", "Audiobook", "Audio Theatre"),
    *("Neue Deutsche Welle", "Podcast", "Indie Rock", "G-Funk", "Dubstep", "Garage Rock"),
    *("Psybient"),
)
"""What the numbers of ID3v1 stand for, Winamp's additions included."""

NO_SUCH_GENRE: Final = 255
_WORDS: Final = {"RX": "Remix", "CR": "Cover"}
_REFERENCES: Final = re.compile(r"((?:\((?:\d+|RX|CR)\))*)(.*)", re.DOTALL)
_JOINS: Final = re.compile(r"[/;,\\|\0]")


def parts(value: str) -> tuple[str, ...]:
    """The genres that one text lists; a name with a slash in it gives its parts.

    Examples
    --------
    >>> parts("Jazz, Blues")
    ('Jazz', 'Blues')
    """
    return tuple(part.strip() for part in _JOINS.split(value) if part.strip())


def named(value: str) -> list[str]:
    """A value with its numbers as names, as ID3 refers to ID3v1's list: ``(17)``, ``17``.

    Examples
    --------
    >>> named("(4)(8)Fast")
    ['Disco', 'Jazz', 'Fast']
    """
    value = value.strip()
    if value in _WORDS or (value.isascii() and value.isdigit() and int(value) < 256):
        return [_reference(value)]
    match = _REFERENCES.fullmatch(value)
    references, text = match.groups() if match else ("", value)
    names = [_reference(reference) for reference in re.findall(r"\(([^)]*)\)", references)]
    text = text[1:] if text.startswith("((") else text.strip()
    return [*names, text] if text and text not in names else names


def _reference(text: str) -> str:
    if text in _WORDS:
        return _WORDS[text]
    return ID3V1_GENRES[int(text)] if int(text) < len(ID3V1_GENRES) else "Unknown"


def id3v1_number(genres: Sequence[str]) -> int:
    """The number of the first genre, 255 if it has none."""
    names = [name.casefold() for name in ID3V1_GENRES]
    first = genres[0].casefold() if genres else ""
    return names.index(first) if first in names else NO_SUCH_GENRE


# --- ID3's frames of text --------------------------------------------------------------------

_CODECS: Final = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_LATIN1, _UTF16, _UTF8 = 0, 1, 3


def id3_texts(data: bytes) -> list[str]:
    """The values in a frame of text, empty ones too."""
    if not data:
        return []
    encoding, text = (data[0], data[1:]) if data[0] < len(_CODECS) else (_LATIN1, data)
    if encoding in (_LATIN1, _UTF8):
        return [lenient(value, _CODECS[encoding]) for value in text.split(b"\0")]
    whole = text[: len(text) // 2 * 2]
    order = "utf-16-be" if encoding == 2 or whole[:2] == b"\xfe\xff" else "utf-16-le"
    return whole.decode(order, "replace").replace("\ufeff", "").split("\0")


def lenient(data: bytes, encoding: str = "utf-8") -> str:
    """Text that may not be in the encoding it says: then it is taken for Latin-1."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1")


def id3_text(version: int, values: Sequence[str]) -> bytes:
    """The bytes of a frame of text: several values are parted by a null in every version.

    A slash, which version 2.3 would part them by, may be part of a name.
    """
    if "".join(values).isascii():
        return bytes([_LATIN1]) + "\0".join(values).encode("ascii")
    if version == 4:
        return bytes([_UTF8]) + "\0".join(values).encode("utf-8")
    # Each value begins with a byte order mark, as the standard has it.
    coded = [b"\xff\xfe" + value.encode("utf-16-le") for value in values]
    return bytes([_UTF16]) + b"\0\0".join(coded) + b"\0\0"


def id3_genre(genre: str) -> str:
    """A genre as a frame holds it: a bracket at the front would stand for a number."""
    return f"({genre}" if genre.startswith("(") else genre
