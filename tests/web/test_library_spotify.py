"""Songs of the server's own library as a playlist on Spotify, spoken to as a stand-in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from genregenie.recommend.songs import Songs
from genregenie.spotify.oauth import LoginError
from genregenie.web import library_spotify
from tests.recommend.test_library_map import library as make_library
from tests.spotify import standin
from tests.spotify.conftest import server as spotify  # noqa: F401
from tests.web.libraries import COUNT, send, server_of, write
from tests.web.servers import Browser, Server


@pytest.fixture
def somebody(server: Server, request: pytest.FixtureRequest) -> Iterator[Browser]:
    with server.browser() as client:
        client.sign_up(f"user{abs(hash(request.node.name))}")
        yield client


def test_without_keys_nothing_of_spotify_is_there(
    somebody: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENREGENIE_INDEX", str(write(tmp_path, make_library(COUNT))))
    page = somebody.show("/library").text
    assert server_of(page)["spotify"] == ""
    assert 'id="spotify"' not in page
    assert send(somebody, "/library/spotify", songs="1").status_code == 404


@pytest.fixture
def on_spotify(
    spotify: standin.Spotify,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[standin.Song]:
    """Songs that Spotify has: the first of a library. The last is by nobody known."""
    found = spotify.songs[:300:100]
    made = make_library(COUNT)
    entries = list(made.entries)
    for row, song in enumerate(found):
        entries[row] = replace(entries[row], artist=song.artist, title=song.name)
    entries[-1] = replace(entries[-1], artist="")
    index = write(tmp_path, Songs(entries, made.directions, made.autotags))
    monkeypatch.setenv("GENREGENIE_INDEX", str(index))
    monkeypatch.setenv("SPOTIPY_REDIRECT_URI", spotify.redirect_uri)
    for name, value in spotify.environment.items():
        monkeypatch.setenv(name, value)
    return found


def test_a_selection_becomes_a_playlist_on_spotify(
    somebody: Browser,
    spotify: standin.Spotify,  # noqa: F811
    on_spotify: list[standin.Song],
) -> None:
    assert 'id="spotify"' in somebody.show("/library").text
    asked = f"2,0,1,{COUNT - 1},5"
    refused = send(somebody, "/library/spotify", songs=asked)
    assert refused.status_code == 422
    assert refused.json() == {
        "detail": "You are not connected to Spotify.",
        "connect": "spotify/connect",
    }
    assert not spotify.requests["/v1/search"], "nobody is told of songs before somebody is there"
    login = somebody.get("/spotify/connect").headers["location"]
    back = urlsplit(requests.get(login, allow_redirects=False, timeout=10).headers["location"])
    assert somebody.get(f"{back.path}?{back.query}").status_code == 200
    saved = send(somebody, "/library/spotify", songs=asked)
    assert saved.status_code == 200, saved.text
    ((playlist_id, playlist),) = spotify.playlists.items()
    assert saved.json() == {
        "url": f"https://open.spotify.com/playlist/{playlist_id}",
        "note": "Saved as a private playlist, with 3 of 5 songs.",
    }
    assert playlist["uris"] == [f"spotify:track:{on_spotify[i].id}" for i in (2, 0, 1)]
    assert playlist["public"] is False
    assert "connect" not in send(somebody, "/library/spotify", songs="5").json()


def test_whatever_goes_wrong_there_is_no_empty_playlist(
    spotify: standin.Spotify,  # noqa: F811
    on_spotify: list[standin.Song],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logins = library_spotify.shared_logins()
    assert logins is not None
    login = requests.get(logins.begin(None), allow_redirects=False, timeout=10)
    back = dict(parse_qsl(urlsplit(login.headers["location"]).query))
    logins.finish(None, back["state"], back["code"])
    entries = make_library(5).entries
    with pytest.raises(LoginError, match="None of these songs was found"):
        library_spotify.save(None, entries)
    spotify.api_failure = standin.error(500, "Oops")
    known = [replace(entries[0], artist=song.artist, title=song.name) for song in on_spotify]
    with pytest.raises(LoginError, match="fault of its own"):
        library_spotify.save(None, known)
    logins.forget(None)
    assert not spotify.playlists
