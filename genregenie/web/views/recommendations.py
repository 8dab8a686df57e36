"""Recommendations as HTML: what sounds alike, what Spotify has, and the list to take along.

Nothing in this HTML loads anything from Spotify: covers and players are put in by
``recommend.js`` when the person asks for them.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from genregenie.recommend import export
from genregenie.recommend.recommender import Recommendations, SoundsLike, SpotifyAnswer
from genregenie.spotify.errors import FailureKind
from genregenie.web.paths import SPOTIFY_LOGIN, from_app
from genregenie.web.views.fragments import render

_VERY_CLOSE: Final = 0.8
_CLOSE: Final = 0.7
_NAMES: Final = {"csv": "CSV", "m3u": "M3U", "xspf": "XSPF"}
_TYPES: Final = {"csv": "text/csv", "m3u": "audio/x-mpegurl", "xspf": "application/xspf+xml"}


def sounds_like(neighbours: Sequence[SoundsLike], liked: Mapping[str, bool]) -> Markup:
    """The acoustic neighbours.

    Parameters
    ----------
    neighbours : sequence of SoundsLike
    liked : mapping of str to bool
        What the person said so far, by key of the track.
    """
    likes = [likeness(neighbour.track.alike) for neighbour in neighbours]
    return render("recommendations", "sounds_like", neighbours=neighbours, liked=liked, likes=likes)


def likeness(alike: float) -> str:
    """How alike a track is, in words.

    Of 32 clips the fifth of the nearest tracks was less alike than `_CLOSE` for half, and the
    nearest other track more than `_VERY_CLOSE` for a quarter.
    """
    if alike >= _VERY_CLOSE:
        return "very close"
    return "close" if alike >= _CLOSE else "somewhat alike"


def on_spotify(answer: SpotifyAnswer, liked: Mapping[str, bool]) -> Markup:
    """Spotify's tracks, or the line that says why there are none."""
    return render(
        "recommendations",
        "on_spotify",
        heading=answer.heading,
        message=answer.message,
        tracks=answer.tracks,
        covers=any(s.track.artwork for s in answer.tracks),
        liked=liked,
    )


def waiting() -> Markup:
    """What stands in place of Spotify's tracks while they are looked for."""
    return render("recommendations", "waiting")


def exports(recommendations: Recommendations, *, can_save: bool) -> Markup:
    """Links that save the list, the list as text, and a button for a playlist."""
    if not export.lines(recommendations):
        return Markup("")
    return render(
        "recommendations",
        "exports",
        files=[
            (f"genregenie.{suffix}", _address(recommendations, suffix), kind)
            for suffix, kind in _NAMES.items()
        ],
        can_save=can_save and bool(recommendations.songs),
        text=export.as_text(recommendations),
    )


def saved(url: str) -> Markup:
    """The playlist is there."""
    return render("recommendations", "saved", url=url)


def not_saved(sentence: str, *, connect: bool) -> Markup:
    """Why there is no playlist, with the way to Spotify's log-in where that would help."""
    log_in = from_app(SPOTIFY_LOGIN) if connect else None
    return render("recommendations", "not_saved", sentence=sentence, log_in=log_in)


def is_worth_showing(answer: SpotifyAnswer) -> bool:
    """Whether a retry with other wishes could change anything."""
    return answer.state != FailureKind.NO_KEYS


def _address(recommendations: Recommendations, suffix: str) -> str:
    """The list as a file in an address of its own."""
    content = base64.b64encode(export.FORMATS[suffix](recommendations).encode()).decode()
    return f"data:{_TYPES[suffix]};charset=utf-8;base64,{content}"
