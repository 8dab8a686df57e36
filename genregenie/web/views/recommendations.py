"""Recommendations as HTML, free of gradio. All text from outside is escaped here.

Nothing in this HTML loads anything from Spotify: covers and players are put in by
``recommend.js`` when the person asks for them.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from genregenie.audio import format_duration
from genregenie.common.genres import display_name
from genregenie.recommend import export
from genregenie.recommend.recommender import (
    OnSpotify,
    Recommendations,
    SoundsLike,
    SpotifyAnswer,
)
from genregenie.spotify.errors import FailureKind

CONNECT: Final = "/spotify/connect"

_NAMES: Final = {"csv": "CSV", "m3u": "M3U", "xspf": "XSPF"}
_TYPES: Final = {"csv": "text/csv", "m3u": "audio/x-mpegurl", "xspf": "application/xspf+xml"}

# Spotify's own mark, in one colour as its guidelines ask for on backgrounds like ours.
_LOGO: Final = (
    '<svg class="rec-logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">'
    '<path fill="currentColor" d="M12 0C5.4 0 0 5.4 0 12s5.4 12 12 12 12-5.4 12-12S18.66 0 12 0zm'
    "5.521 17.34c-.24.359-.66.48-1.021.24-2.82-1.74-6.36-2.101-10.561-1.141-.418.122-.779-.179-"
    ".899-.539-.12-.421.18-.78.54-.9 4.56-1.021 8.52-.6 11.64 1.32.42.18.479.659.301 1.02zm1.44-"
    "3.3c-.301.42-.841.6-1.262.3-3.239-1.98-8.159-2.58-11.939-1.38-.479.12-1.02-.12-1.14-.6-.12-"
    ".48.12-1.021.6-1.141C9.6 9.9 15 10.561 18.72 12.84c.361.181.54.78.241 1.2zm.12-3.36C15.24 "
    "8.4 8.82 8.16 5.16 9.301c-.6.179-1.2-.181-1.38-.721-.18-.601.18-1.2.72-1.381 4.26-1.26 "
    '11.28-1.02 15.721 1.621.539.3.719 1.02.419 1.56-.299.421-1.02.599-1.559.3z"/></svg>'
)


def sounds_like(neighbours: Sequence[SoundsLike], liked: Mapping[str, bool]) -> str:
    """The acoustic neighbours.

    Parameters
    ----------
    neighbours : sequence of SoundsLike
    liked : mapping of str to bool
        What the person said so far, by key of the track.
    """
    cards = "".join(_neighbour(n, liked.get(n.track.key)) for n in neighbours)
    body = (
        f'<ul class="rec-cards">{cards}</ul>'
        if cards
        else "<p>Nothing in the catalogue is left to show: all that is near is not for you.</p>"
    )
    return _section(
        "Sounds like this", body, "Measured by GenreGenie: how alike the sound is, from 0 to 100 %."
    )


def on_spotify(answer: SpotifyAnswer, liked: Mapping[str, bool]) -> str:
    """Spotify's tracks, or the line that says why there are none."""
    genres = dict.fromkeys(display_name(s.genre).lower() for s in answer.tracks)
    heading = f"More {' and '.join(genres)} on Spotify" if genres else "On Spotify"
    cards = "".join(_track(s, liked.get(s.track.id)) for s in answer.tracks)
    parts = [
        f'<p class="rec-note" role="status">{escape(answer.message)}</p>' * bool(answer.message)
    ]
    if cards:
        covers = any(s.track.artwork for s in answer.tracks)
        parts.append(
            '<p class="rec-note">Covers and players come from Spotify, and only when you ask. '
            + '<button type="button" data-act="covers">Show covers</button></p>' * covers
            + f'<ul class="rec-cards">{cards}</ul>'
        )
    return _section(heading, "".join(parts), "Searched by genre and artist.", _LOGO)


def waiting() -> str:
    """What stands in place of Spotify's tracks while they are looked for."""
    return _section(
        "On Spotify", '<p class="rec-note" role="status">Asking Spotify…</p>', "", _LOGO
    )


def take_along(recommendations: Recommendations, *, can_save: bool) -> str:
    """Links that save the list, the list as text, and a button for a playlist."""
    if not export.lines(recommendations):
        return ""
    links = " ".join(
        f'<a class="rec-button" download="genregenie.{suffix}" '
        f'href="data:{_TYPES[suffix]};charset=utf-8;base64,{_encoded(recommendations, suffix)}">'
        f"{name}</a>"
        for suffix, name in _NAMES.items()
    )
    save = (
        '<button type="button" data-act="save">Save as playlist on Spotify</button>'
        if can_save and recommendations.songs
        else ""
    )
    text = escape(export.as_text(recommendations))
    body = (
        f'<p class="rec-row">{links} {save}</p><details><summary>As text to paste</summary>'
        f'<textarea readonly rows="8" aria-label="The list as text">{text}</textarea></details>'
    )
    return _section("Take the list along", body)


def saved(url: str) -> str:
    """The playlist is there."""
    return (
        '<p class="rec-note" role="status">Saved as a private playlist: '
        f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">open it in Spotify</a>'
        ".</p>"
    )


def not_saved(sentence: str, *, connect: bool) -> str:
    """Why there is no playlist, with the way to Spotify's log-in where that would help."""
    link = (
        f' <a href="{CONNECT}" target="_blank" rel="noopener">Connect Spotify</a>, then press '
        "Save again."
        if connect
        else ""
    )
    return f'<p class="rec-note" role="status">{escape(sentence)}{link}</p>'


def is_worth_showing(answer: SpotifyAnswer) -> bool:
    """Whether a retry with other wishes could change anything."""
    return answer.state != FailureKind.NO_KEYS


def _section(heading: str, body: str, note: str = "", logo: str = "") -> str:
    noted = f'<p class="rec-note">{escape(note)}</p>' if note else ""
    return f'<section class="rec-section"><h3>{logo}{escape(heading)}</h3>{noted}{body}</section>'


def _neighbour(neighbour: SoundsLike, liked: bool | None) -> str:
    track = neighbour.track
    percent = f"{100 * track.alike:.0f}"
    where = "Open in Spotify" if neighbour.song else "Find on Spotify"
    return (
        f'<li class="rec-card"><b>{escape(track.title)}</b>'
        f"<span>{escape(track.artist or 'Unknown artist')}</span>"
        f'<span class="rec-note">{escape(display_name(track.genre))}</span>'
        f'<span class="rec-alike"><span class="rec-meter" aria-hidden="true">'
        f'<i style="width: {percent}%"></i></span>{percent} % alike</span>'
        f"{_reason(neighbour.reason)}"
        f'<div class="rec-actions"><div class="rec-row">{_link(neighbour.url, where)}</div>'
        f"{_thumbs(track.key, f'{track.title} by {track.artist}', liked)}</div></li>"
    )


def _track(suggestion: OnSpotify, liked: bool | None) -> str:
    track = suggestion.track
    artists = ", ".join(track.artists)
    album = ", ".join(part for part in (track.album, str(track.year or "")) if part)
    explicit = '<abbr class="rec-explicit" title="Explicit">E</abbr> ' * track.explicit
    length = f"{format_duration(track.duration_s)}" if track.duration_s else ""
    named = escape(f"{track.title} by {artists}")
    cover = (
        f'<img class="rec-cover" hidden alt="Cover of {escape(track.album or track.title)}" '
        f'data-cover="{escape(track.artwork)}" referrerpolicy="no-referrer">'
        if track.artwork
        else ""
    )
    return (
        f'<li class="rec-card">{cover}<b>{escape(track.title)}</b>'
        f"<span>{explicit}{escape(artists)}</span>"
        f'<span class="rec-note">{escape(album)}</span>'
        f'<span class="rec-note">{escape(display_name(suggestion.genre))}'
        f"{f' · {length}' if length else ''}</span>{_reason(suggestion.reason)}"
        '<div class="rec-actions"><div class="rec-row">'
        f'<button type="button" data-act="play" data-track="{track.id}" '
        f'aria-label="Play here: {named}">Play here</button>'
        f"{_link(track.url, 'Open in Spotify')}</div>"
        f"{_thumbs(track.id, f'{track.title} by {artists}', liked)}</div></li>"
    )


def _reason(reason: str | None) -> str:
    return f'<span class="rec-reason">{escape(reason)}</span>' if reason else ""


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{text}</a>'


def _thumbs(key: str, named: str, liked: bool | None) -> str:
    buttons = "".join(
        f'<button type="button" data-act="{act}" data-key="{escape(key)}" '
        f'aria-pressed="{"true" if pressed else "false"}" '
        f'aria-label="{label}: {escape(named)}">{label}</button>'
        for act, label, pressed in (
            ("like", "Like", liked is True),
            ("dislike", "Not for me", liked is False),
        )
    )
    return f'<div class="rec-row">{buttons}</div>'


def _encoded(recommendations: Recommendations, suffix: str) -> str:
    return base64.b64encode(export.FORMATS[suffix](recommendations).encode()).decode()
