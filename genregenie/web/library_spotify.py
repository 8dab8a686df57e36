"""Songs of the server's own library as a playlist on Spotify, where that is set up.

Nothing is told to Spotify but the artists and titles of the songs that somebody asks it for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from genregenie.common import services, settings
from genregenie.common.formatting import count_of
from genregenie.recommend.library_index import Entry
from genregenie.spotify.client import shared_spotify
from genregenie.spotify.oauth import MAX_TRACKS, LoginError, shared_logins
from genregenie.spotify.queries import SearchOptions, Song
from genregenie.spotify.search import find_tracks


@dataclass(frozen=True)
class Saved:
    """A playlist on Spotify.

    Attributes
    ----------
    url : str
        Its page.
    note : str
        How many of the songs are in it.
    """

    url: str
    note: str


def is_set_up() -> bool:
    """Whether songs can be looked for on Spotify, and people can connect their accounts."""
    try:
        return services.spotify_keys() is not None and shared_logins() is not None
    except settings.SettingsError:
        return False


def is_connected(person_id: int | None) -> bool:
    """Whether this person has connected an account."""
    logins = shared_logins()
    return logins is not None and logins.is_connected(person_id)


def save(person_id: int | None, entries: Sequence[Entry]) -> Saved:
    """Make a private playlist of those songs that Spotify has, 100 at most.

    Raises
    ------
    LoginError
        If the person is not connected, or nothing came of it; a sentence for the person.
    """
    logins = shared_logins()
    if logins is None or not logins.is_connected(person_id):
        raise LoginError("You are not connected to Spotify.")
    # Of an unknown artist nobody can say that it is the same song.
    wanted = [Song(e.artist, e.title) for e in entries[:MAX_TRACKS] if e.artist and e.title]
    found = find_tracks(shared_spotify().search, (), wanted, SearchOptions())
    tracks = [track for track in found.songs if track is not None]
    if not tracks:
        why = "None of these songs was found on Spotify, so there is no playlist."
        raise LoginError(str(found.error or why))
    more = f" and {count_of(len(tracks) - 1, 'more song')}" if len(tracks) > 1 else ""
    url = logins.save_playlist(person_id, f"GenreGenie: {tracks[0].title}{more}", tracks)
    note = f"Saved as a private playlist, with {len(tracks)} of {count_of(len(entries), 'song')}."
    if len(entries) > MAX_TRACKS:
        note += f" A playlist takes the first {MAX_TRACKS}."
    return Saved(url, f"{note} {found.error}" if found.error else note)
