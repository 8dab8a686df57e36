"""When two names mean the same artist or the same song."""

import re
import unicodedata

_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]")
_EDITION = re.compile(
    r"\s[-\u2013\u2014]\s.*\b(remaster|version|edit|mix|live|mono|stereo|bonus|single|demo)[a-z]*\b.*$",
    re.IGNORECASE,
)
_LINKING = re.compile(r"\b(and|feat|ft|featuring)\b")


def artist_key(name: str) -> str:
    """``"The Beatles"`` and ``"beatles"`` have the same key; empty for an unknown artist."""
    plain = _LINKING.sub(" ", _plain(name).replace("&", " "))
    return _letters(re.sub(r"^\s*the\s+", "", plain)) or _letters(plain)


def song_key(title: str) -> str:
    """``"Jamming - Remastered 2001"`` and ``"Jamming (Live)"`` have the key of ``"Jamming"``."""
    shortened = _EDITION.sub("", _BRACKETS.sub(" ", title))
    return _letters(_plain(shortened)) or _letters(_plain(title))


def clean(text: object, longest: int = 300) -> str:
    """Text from elsewhere as one printable line; empty for anything that is not text."""
    if not isinstance(text, str):
        return ""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join(visible.split())[:longest]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())
