"""Log-in to Spotify with PKCE, and the playlist it is for."""

import json
import logging
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from genregenie.spotify.oauth import LoginError, Logins, _Tokens, shared_logins
from genregenie.spotify.tracks import Track
from genregenie.storage.database import DatabaseError
from genregenie.storage.registry import MemoryRegistry
from tests.spotify import standin
from tests.spotify.standin import Failure, error

ADA, BOB = 1, 2
TRACKS = [Track(f"{i:022d}", f"song {i}", ("artist",)) for i in range(3)]


@pytest.fixture
def logins(server):
    return Logins(standin.CLIENT_ID, standin.REDIRECT_URI, server.address, server.address)


def consent(url: str) -> dict[str, str]:
    """Say yes at Spotify; what the browser is sent back with."""
    answer = requests.get(url, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(standin.REDIRECT_URI)
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def connect(logins: Logins, person: int | None) -> None:
    logins.finish(person, **consent(logins.begin(person)))


def test_from_log_in_to_playlist(logins, server):
    assert not logins.is_connected(ADA)
    connect(logins, ADA)
    assert logins.is_connected(ADA)
    assert not logins.is_connected(BOB)
    url = logins.save_playlist(ADA, "GenreGenie: Rock", TRACKS)
    ((playlist_id, playlist),) = server.playlists.items()
    assert url == f"https://open.spotify.com/playlist/{playlist_id}"
    assert playlist["public"] is False
    assert playlist["name"] == "GenreGenie: Rock"
    assert playlist["uris"] == [track.uri for track in TRACKS]


def test_nobody_can_be_connected_and_never_leaves(logins):
    connect(logins, None)
    connect(logins, ADA)
    logins.keep_only(set())
    assert logins.is_connected(None)
    assert not logins.is_connected(ADA)


def test_somebody_elses_log_in_is_not_taken(logins):
    back = consent(logins.begin(ADA))
    with pytest.raises(LoginError, match="not begun here"):
        logins.finish(BOB, **back)
    with pytest.raises(LoginError, match="not begun here"):
        logins.finish(ADA, **back)  # a state is good for one try
    with pytest.raises(LoginError, match="not begun here"):
        logins.finish(ADA, "made up", "code")


def test_a_refusal_changes_nothing(logins):
    state = consent(logins.begin(ADA))["state"]
    with pytest.raises(LoginError, match="Nothing has changed"):
        logins.finish(ADA, state, "")
    state = consent(logins.begin(ADA))["state"]
    with pytest.raises(LoginError, match="did not accept this log-in"):
        logins.finish(ADA, state, "forged")
    assert not logins.is_connected(ADA)


def test_without_a_log_in_there_is_no_playlist(logins):
    with pytest.raises(LoginError, match="not connected"):
        logins.save_playlist(ADA, "x", TRACKS)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (error(403), "refuses"),
        (error(429, Retry_After="86000"), "24 hours"),
        (error(500), "fault of its own"),
        (Failure(201, b"[]"), "no sense"),
        (Failure(201, b'{"id": "../x"}'), "no sense"),
    ],
)
def test_a_playlist_that_cannot_be_saved(logins, server, failure, words):
    connect(logins, ADA)
    server.api_failure = failure
    with pytest.raises(LoginError, match=words):
        logins.save_playlist(ADA, "x", TRACKS)
    assert logins.is_connected(ADA)


def test_a_token_taken_back_means_to_connect_again(logins, server):
    connect(logins, ADA)
    server.tokens.clear()
    with pytest.raises(LoginError, match="Connect it again"):
        logins.save_playlist(ADA, "x", TRACKS)
    assert not logins.is_connected(ADA)


def test_people_who_are_gone_are_forgotten(logins):
    connect(logins, ADA)
    connect(logins, BOB)
    logins.keep_only({BOB})
    assert not logins.is_connected(ADA)
    logins.forget(BOB)
    assert not logins.is_connected(BOB)


def test_it_is_optional(spotify_environment, monkeypatch):
    assert shared_logins() is None
    monkeypatch.setenv("SPOTIPY_REDIRECT_URI", "not an address")
    assert shared_logins() is None
    monkeypatch.setenv("SPOTIPY_REDIRECT_URI", standin.REDIRECT_URI)
    logins = shared_logins()
    assert logins is not None
    assert not logins.is_connected(ADA)


def test_no_secret_in_any_log(logins, server, caplog):
    for name in ("", "spotipy.client", "spotipy.oauth2", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    connect(logins, ADA)
    logins.save_playlist(ADA, "x", TRACKS)
    server.tokens.clear()
    with pytest.raises(LoginError):
        logins.save_playlist(ADA, "x", TRACKS)
    # The code is in the address the browser was sent to, which is logged by this test's client.
    own = [record for record in caplog.records if "/authorize" not in record.getMessage()]
    text = "\n".join(record.getMessage() for record in own)
    assert [secret for secret in server.secrets if secret in text] == []


class Away(MemoryRegistry):
    """A registry whose database goes away."""

    is_away = False

    def get(self, kind: str, key: str) -> str | None:
        if self.is_away and threading.current_thread().name == "spotify":
            raise DatabaseError(OSError("away"))
        return super().get(kind, key)


def test_without_the_database_it_is_not_spotify_that_is_slow(server):
    registry = Away()
    address = server.address
    logins = Logins(standin.CLIENT_ID, standin.REDIRECT_URI, address, address, registry)
    connect(logins, ADA)
    registry.is_away = True
    with pytest.raises(DatabaseError):
        logins.save_playlist(ADA, "x", TRACKS)


def test_a_fresh_token_of_who_has_left_is_not_kept():
    class LeavesAtOnce(MemoryRegistry):
        def get(self, kind: str, key: str) -> str | None:
            found = super().get(kind, key)
            self.delete(kind, key)
            return found

    registry = LeavesAtOnce()
    until_s = time.time() + 60
    registry.put("spotify", "1", json.dumps({"person": ADA, "until_s": until_s, "token": {}}), 60)
    _Tokens(registry, ADA).save_token_to_cache({"access_token": "fresh"})
    assert registry.values("spotify") == []
