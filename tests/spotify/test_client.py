"""The client against a stand-in that keeps Spotify's rules and fails in every way."""

import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from genregenie.common.services import SpotifyKeys
from genregenie.spotify.breaker import Breaker
from genregenie.spotify.client import Misconfigured, Spotify, shared_spotify
from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError
from genregenie.spotify.queries import Query
from tests.spotify.conftest import KEYS
from tests.spotify.standin import Failure, error

ROCK = Query('genre:"rock"')


def failure_for(spotify, query=ROCK) -> SpotifyUnavailableError:
    with pytest.raises(SpotifyUnavailableError) as caught:
        spotify.search(query)
    return caught.value


def test_a_page_of_tracks(spotify, server):
    tracks = spotify.search(Query('genre:"hip-hop" year:1990-2000'))
    assert len(tracks) == 10
    assert all(1990 <= track.year <= 2000 for track in tracks)
    (asked,) = server.queries
    assert asked == {
        "q": 'genre:"hip-hop" year:1990-2000',
        "limit": "10",
        "offset": "0",
        "type": "track",
        "market": "GB",
    }


def test_pages_are_kept_by_query_market_and_page(spotify, server):
    first = spotify.search(ROCK)
    second = spotify.search(Query(ROCK.text, 10))
    assert spotify.search(ROCK) == first != second
    assert server.requests["/v1/search"] == 2
    assert server.requests["/api/token"] == 1


def test_the_offset_is_never_beyond_what_is_allowed(spotify):
    assert spotify.search(Query(ROCK.text, 5000)) == spotify.search(Query(ROCK.text, 1000))


def test_sixteen_cold_threads_make_one_token_request(spotify, server):
    server.token_delay_s = 0.3
    barrier = threading.Barrier(16)

    def ask(number):
        barrier.wait()
        return spotify.search(Query(f'genre:"rock" year:{1980 + number}'))

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(16)))
    assert server.requests["/api/token"] == 1
    assert server.requests["/v1/search"] == 16


def test_sixteen_cold_threads_fail_with_one_token_request(spotify, server):
    server.token_failure = Failure(503, b"down")
    barrier = threading.Barrier(16)

    def ask(number):
        barrier.wait()
        return failure_for(spotify, Query(f"rock {number}")).kind

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {FailureKind.BROKEN}
    assert server.requests["/api/token"] == 1


def test_a_token_taken_back_is_replaced_once(spotify, server):
    spotify.search(ROCK)
    server.tokens.clear()
    assert spotify.search(Query("rock"))
    assert server.requests["/api/token"] == 2
    server.api_failure = error(401, "Invalid access token")
    assert failure_for(spotify, Query("pop")).kind is FailureKind.UNAUTHORIZED
    assert server.requests["/api/token"] == 3


def test_without_keys_nothing_is_asked(server):
    spotify = Spotify(None, "GB", server.address, server.address)
    failure = failure_for(spotify)
    assert failure.kind is FailureKind.NO_KEYS
    assert "SPOTIPY_CLIENT_ID" in str(failure)
    assert not server.requests


def test_bad_keys(server):
    spotify = Spotify(SpotifyKeys("an-app", "wrong"), "GB", server.address, server.address)
    failure = failure_for(spotify)
    assert failure.kind is FailureKind.BAD_KEYS
    assert "Check SPOTIPY_CLIENT_ID" in str(failure)


def test_an_unknown_market(server):
    spotify = Spotify(KEYS, "ZZ", server.address, server.address)
    failure = failure_for(spotify)
    assert failure.kind is FailureKind.REFUSED
    assert "GENREGENIE_MARKET" in str(failure)
    failure_for(spotify)
    assert server.requests["/v1/search"] == 2  # a refused question says nothing of the next


WAYS = {
    "unauthorized": (error(401), FailureKind.UNAUTHORIZED, 30),
    "forbidden": (error(403), FailureKind.FORBIDDEN, 3600),
    "too many": (error(429, Retry_After="7"), FailureKind.TOO_MANY, 7),
    "too many, a day": (error(429, Retry_After="86000"), FailureKind.TOO_MANY, 86_000),
    "too many, no time": (error(429), FailureKind.TOO_MANY, 30),
    "too many, nonsense": (error(429, Retry_After="soon"), FailureKind.TOO_MANY, 30),
    "too many, negative": (error(429, Retry_After="-5"), FailureKind.TOO_MANY, 30),
    "too many, endless": (error(429, Retry_After="inf"), FailureKind.TOO_MANY, 30),
    "too many, a year": (error(429, Retry_After="31536000"), FailureKind.TOO_MANY, 7 * 86_400),
    "broken": (error(500), FailureKind.BROKEN, 30),
    "bad gateway": (Failure(502, b"<html>Bad gateway</html>"), FailureKind.BROKEN, 30),
    "unavailable": (error(503, Retry_After="86000"), FailureKind.BROKEN, 30),
    "not JSON": (Failure(200, b"<html>Log in to the hotel</html>"), FailureKind.NONSENSE, 30),
    "empty": (Failure(200, b""), FailureKind.NONSENSE, 30),
    "a list": (Failure(200, b"[]"), FailureKind.NONSENSE, 30),
    "no items": (Failure(200, b'{"tracks": {"items": null}}'), FailureKind.NONSENSE, 30),
    "error text": (Failure(400, b'{"error": "text"}'), FailureKind.NONSENSE, 30),
    "error list": (Failure(403, b"[1]"), FailureKind.NONSENSE, 30),
    "gone": (error(404), FailureKind.NONSENSE, 30),
    "not gzip": (Failure(200, b"x", {"Content-Encoding": "gzip"}), FailureKind.NONSENSE, 30),
    "too long": (Failure(200, b" " * (5 << 20)), FailureKind.SLOW, 30),
    "dropped": (Failure(how="drop"), FailureKind.UNREACHABLE, 30),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_failure_has_a_kind_and_a_pause(spotify, server, clock, way):
    server.api_failure, kind, pause_s = WAYS[way]
    failure = failure_for(spotify)
    assert failure.kind is kind
    assert str(failure).endswith(".")
    assert "Traceback" not in str(failure)
    asked = server.requests["/v1/search"]

    # Until the pause is over nobody asks, and everybody hears the same.
    server.api_failure = None
    clock.now += pause_s - 1
    again = failure_for(spotify, Query("another"))
    assert again.kind is kind
    assert again.pause_s == pytest.approx(1)
    assert server.requests["/v1/search"] == asked
    clock.now += 2
    assert spotify.search(Query("rock"))


TOKEN_WAYS = {
    "refused": (Failure(401, b'{"error": "invalid_client"}'), FailureKind.BAD_KEYS),
    "forbidden": (Failure(403, b'{"error": "forbidden"}'), FailureKind.FORBIDDEN),
    "too many": (Failure(429, b"slow down", {"Retry-After": "86000"}), FailureKind.TOO_MANY),
    "broken": (Failure(500, b"oops"), FailureKind.BROKEN),
    "not JSON": (Failure(200, b"<html>"), FailureKind.NONSENSE),
    "no token": (Failure(200, b"{}"), FailureKind.NONSENSE),
    "null": (Failure(200, b"null"), FailureKind.NONSENSE),
    "a list": (Failure(400, b"[]"), FailureKind.NONSENSE),
    "dropped": (Failure(how="drop"), FailureKind.UNREACHABLE),
}


@pytest.mark.parametrize("way", TOKEN_WAYS)
def test_a_failing_token_endpoint(spotify, server, way):
    server.token_failure, kind = TOKEN_WAYS[way]
    assert failure_for(spotify).kind is kind
    assert failure_for(spotify).kind is kind
    assert server.requests["/api/token"] == 1


def test_no_network(server):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
        failure = failure_for(Spotify(KEYS, "GB", nowhere, nowhere))
        assert failure.kind is FailureKind.UNREACHABLE
        assert "internet connection" in str(failure)
        assert (
            failure_for(Spotify(KEYS, "GB", nowhere, server.address)).kind
            is FailureKind.UNREACHABLE
        )


@pytest.mark.parametrize("status", [429, 503])
def test_a_day_long_retry_after_costs_no_waiting(spotify, server, monkeypatch, status):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    server.api_failure = error(status, Retry_After="86000", message="QUOTA_EXCEEDED")
    failure_for(spotify)
    assert sum(slept) < 1
    assert server.requests["/v1/search"] <= 2


def test_a_fault_that_passes_is_not_noticed(spotify, server):
    server.api_failure = Failure(503, times=1)
    assert spotify.search(ROCK)
    assert server.requests["/v1/search"] == 2


def test_kinds_are_remembered_side_by_side(clock):
    breaker = Breaker(clock)
    breaker.check()
    breaker.remember(SpotifyUnavailableError(FailureKind.SLOW))
    breaker.remember(SpotifyUnavailableError(FailureKind.FORBIDDEN))
    breaker.remember(SpotifyUnavailableError(FailureKind.TOO_MANY, 5))
    with pytest.raises(SpotifyUnavailableError) as caught:
        breaker.check()
    assert caught.value.kind is FailureKind.FORBIDDEN
    clock.now += 3601
    breaker.check()


def test_malformed_items_are_dropped(spotify, server):
    def spoil(page):
        items = page["tracks"]["items"]
        items[0] = {**items[0], "id": "../../etc"}
        items[1] = {**items[1], "artists": []}
        items[2] = {**items[2], "name": "<script>alert(1)</script>\x00"}
        return page

    server.change_page = spoil
    tracks = spotify.search(ROCK)
    assert len(tracks) == 8
    assert tracks[0].title == "<script>alert(1)</script>"  # escaped where it is shown


@pytest.mark.parametrize(
    ("name", "value"),
    [("GENREGENIE_MARKET", "Britain"), ("GENREGENIE_SPOTIFY_API", "ftp://x")],
)
def test_a_wrong_setting_is_a_sentence(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    spotify = shared_spotify()
    assert isinstance(spotify, Misconfigured)
    failure = failure_for(spotify)
    assert failure.kind is FailureKind.MISCONFIGURED
    assert name in str(failure)


def test_one_client_is_shared(spotify_environment):
    assert shared_spotify() is shared_spotify()
    assert shared_spotify().search(ROCK)


def test_secrets_never_appear_in_any_log(server, caplog, capfd):
    """At DEBUG, the loudest there is, in success and in every kind of failure."""
    caplog.set_level(logging.DEBUG)
    names = ["", "spotipy", "spotipy.client", "spotipy.oauth2", "urllib3", "requests"]
    for name in names:
        caplog.set_level(logging.DEBUG, logger=name)
    ways = [None, *(way for way, *_ in WAYS.values() if way.how == "answer")]
    said = []
    for way in ways:
        spotify = Spotify(KEYS, "GB", server.address, server.address)
        server.api_failure = way
        try:
            spotify.search(ROCK)
        except SpotifyUnavailableError as failure:
            said.append(repr(failure) + str(failure))
            logging.getLogger("a face").exception("it failed", exc_info=failure)
        said.append(repr(spotify.__dict__) + repr(KEYS))
    for way, _ in TOKEN_WAYS.values():
        server.token_failure = way
        spotify = Spotify(KEYS, "GB", server.address, server.address)
        try:
            spotify.search(ROCK)
        except SpotifyUnavailableError as failure:
            logging.getLogger("a face").exception("it failed", exc_info=failure)
    text = caplog.text + json.dumps(said) + "".join(capfd.readouterr())
    assert len(server.secrets) > 10
    assert [secret for secret in server.secrets if secret in text] == []
    assert "/v1/search" in caplog.text  # the log was really listening
