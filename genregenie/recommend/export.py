"""Recommendations as a file: CSV, M3U, XSPF, text to paste, or an object for JSON."""

from dataclasses import dataclass
from typing import Any, Final

from genregenie.common import playlists
from genregenie.common.formatting import csv_lines
from genregenie.common.names import clean
from genregenie.common.playlists import PlaylistEntry
from genregenie.recommend.recommender import OnSpotify, Recommendations, SoundsLike

SOUNDS_LIKE: Final = "sounds like"
ON_SPOTIFY: Final = "on Spotify"


@dataclass(frozen=True)
class Line:
    """One recommendation, as all formats see it.

    Attributes
    ----------
    kind : str
        ``"sounds like"`` or ``"on Spotify"``; the two are never mixed up.
    url : str
        Its page on Spotify, or a search for it there.
    identifier : str
        Spotify's own name for the track; empty for an acoustic neighbour.
    duration_s : float or None
    """

    kind: str
    artist: str
    title: str
    genre: str
    url: str
    album: str = ""
    identifier: str = ""
    duration_s: float | None = None


def lines(recommendations: Recommendations) -> tuple[Line, ...]:
    """All recommendations: neighbours first, then Spotify's."""
    neighbours = (
        Line(SOUNDS_LIKE, clean(n.track.artist), clean(n.track.title), n.track.genre, n.url)
        for n in recommendations.neighbours
    )
    tracks = (
        Line(
            ON_SPOTIFY,
            ", ".join(s.track.artists),
            s.track.title,
            s.genre,
            s.track.url,
            s.track.album or "",
            s.track.uri,
            s.track.duration_s,
        )
        for s in recommendations.spotify.tracks
    )
    return (*neighbours, *tracks)


def as_csv(recommendations: Recommendations) -> str:
    """A table for spreadsheets."""
    header = ("kind", "artist", "title", "album", "genre", "url")
    rows = ([getattr(line, name) for name in header] for line in lines(recommendations))
    return "".join(csv_lines(header, rows))


def as_m3u(recommendations: Recommendations) -> str:
    """An extended M3U playlist of addresses."""
    return playlists.as_m3u(map(_entry, lines(recommendations)))


def as_xspf(recommendations: Recommendations) -> str:
    """An XSPF playlist, version 1."""
    return playlists.as_xspf(map(_entry, lines(recommendations)))


def as_text(recommendations: Recommendations) -> str:
    """One "Artist - Title" a line, to paste into anything."""
    return "".join(f"{_entry(line).name}\n" for line in lines(recommendations))


FORMATS: Final = {"csv": as_csv, "m3u": as_m3u, "xspf": as_xspf, "txt": as_text}
"""By the suffix of the file."""


def record(file: str, genre: str | None, found: Recommendations) -> dict[str, Any]:
    """Recommendations for a file as an object that JSON can hold."""
    return {
        "file": file,
        "genre": genre,
        "neighbours": [_neighbour(n) for n in found.neighbours],
        "spotify": {
            "state": found.spotify.state,
            "message": found.spotify.message,
            "tracks": [_track(s) for s in found.spotify.tracks],
        },
    }


def _neighbour(neighbour: SoundsLike) -> dict[str, Any]:
    track = neighbour.track
    return {
        "artist": track.artist or None,
        "title": track.title,
        "genre": track.genre,
        "alike": round(track.alike, 4),
        "path": track.path,
        "url": neighbour.url,
        "reason": neighbour.reason,
    }


def _track(suggestion: OnSpotify) -> dict[str, Any]:
    track = suggestion.track
    return {
        "id": track.id,
        "title": track.title,
        "artists": list(track.artists),
        "album": track.album,
        "year": track.year,
        "duration_s": track.duration_s,
        "explicit": track.explicit,
        "url": track.url,
        "genre": suggestion.genre,
        "style": suggestion.style,
        "reason": suggestion.reason,
    }


def _entry(line: Line) -> PlaylistEntry:
    return PlaylistEntry(
        line.title,
        line.artist,
        line.album,
        page=line.url,
        identifier=line.identifier,
        annotation=f"{line.kind}, {line.genre}",
        duration_s=line.duration_s,
    )
