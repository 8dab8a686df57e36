"""Recommendations as plain data: what ``--json`` prints and what the page hands to programs."""

from typing import Any

from genregenie.recommend.recommender import OnSpotify, Recommendations, SoundsLike


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
        "reason": suggestion.reason,
    }
