"""Playlists as files: M3U and XSPF."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree

from genregenie.common.formatting import printable

_XSPF: Final = "http://xspf.org/ns/0/"


@dataclass(frozen=True)
class PlaylistEntry:
    """One song of a playlist; what is empty is left out.

    Attributes
    ----------
    title, artist, album : str
    path : str
        Where its sound is; a relative path is looked for beside the playlist.
    page : str
        The address of a page about it.
    identifier : str
        What it is called for programs, such as Spotify's URI.
    annotation : str
        A remark.
    duration_s : float or None
    """

    title: str
    artist: str = ""
    album: str = ""
    path: str = ""
    page: str = ""
    identifier: str = ""
    annotation: str = ""
    duration_s: float | None = None

    @property
    def name(self) -> str:
        """Artist and title in a line."""
        return " - ".join(filter(None, (self.artist, self.title)))


def as_m3u(entries: Iterable[PlaylistEntry]) -> str:
    """An extended M3U playlist of where the sounds are, else of the pages about them."""
    lines = (
        f"#EXTINF:{-1 if entry.duration_s is None else round(entry.duration_s)},"
        f"{printable(entry.name)}\n{m3u_line(entry.path) or entry.page}\n"
        for entry in entries
    )
    return "#EXTM3U\n" + "".join(lines)


def as_xspf(entries: Iterable[PlaylistEntry], title: str = "GenreGenie") -> str:
    """An XSPF playlist, version 1, called `title`."""
    ElementTree.register_namespace("", _XSPF)
    playlist = ElementTree.Element(f"{{{_XSPF}}}playlist", version="1")
    _add(playlist, "title", title)
    tracks = _add(playlist, "trackList")
    for entry in entries:
        track = _add(tracks, "track")
        length = "" if entry.duration_s is None else str(round(1000 * entry.duration_s))
        for name, text in (
            ("location", _address(entry.path)),
            ("identifier", entry.identifier),
            ("title", entry.title),
            ("creator", entry.artist),
            ("annotation", entry.annotation),
            ("info", entry.page),
            ("album", entry.album),
            ("duration", length),
        ):
            if text:
                _add(track, name, printable(text))
    ElementTree.indent(playlist)
    return ElementTree.tostring(playlist, encoding="unicode", xml_declaration=True) + "\n"


def m3u_line(path: str) -> str:
    """How M3U says where a sound is: by the path, or an address where a line cannot hold that."""
    is_text = printable(path) == path == path.strip() and "\\" not in path.replace(os.sep, "")
    return path if is_text and not path.startswith("#") else _address(path)


def _address(path: str) -> str:
    return ("file://" if Path(path).is_absolute() else "") + quote(os.fsencode(path))


def _add(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{_XSPF}}}{name}")
    child.text = text
    return child
