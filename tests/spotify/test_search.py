"""From plans to tracks: dedupe, proportions, the ladder, and the one time limit."""

import time

import pytest

from genregenie.spotify.errors import FailureKind, SpotifyUnavailableError
from genregenie.spotify.queries import Depth, Query, SearchOptions, Song, plan
from genregenie.spotify.search import find_tracks
from genregenie.spotify.tracks import Track
from tests.spotify.standin import Failure, error


def track(number, artist="", title="", **more):
    name = artist or f"artist {number}"
    return Track(f"{number:022d}", title or f"song {number}", (name,), **more)


def rock(options, artists=()):
    return plan({"rock": 1.0}, {"rock": artists}, options)


def search_of(pages):
    """A search that knows some pages, and notes what it was asked."""
    asked = []

    def search(query):
        asked.append((query.text, query.offset))
        return tuple(pages.get((query.text, query.offset), ()))

    search.asked = asked
    return search


def test_no_song_and_no_artist_twice():
    page = [track(1), track(1), track(2, "Artist 1"), track(3, title="A"), track(4, title="A")]
    found = find_tracks(
        search_of({('genre:"rock"', 0): page}), rock(SearchOptions()), [], SearchOptions()
    )
    assert [t.id[-1] for t in found.tracks[0]] == ["1", "3", "4"]


def test_the_ladder_is_climbed_only_as_far_as_needed():
    full = search_of({('genre:"rock"', 0): [track(i) for i in range(10)]})
    find_tracks(full, rock(SearchOptions()), [], SearchOptions())
    assert full.asked == [('genre:"rock"', 0)]
    empty = search_of({("rock", 0): [track(1)]})
    found = find_tracks(empty, rock(SearchOptions()), [], SearchOptions())
    assert empty.asked[-1] == ("rock", 0)
    assert len(found.tracks[0]) == 1


def test_known_artists_come_first_and_must_be_who_they_say():
    pages = {
        ('artist:"Queen"', 0): [track(1, "Queens"), track(2, "Queen"), track(3, "Queen")],
        ('genre:"rock"', 0): [track(i) for i in range(10, 20)],
    }
    found = find_tracks(search_of(pages), rock(SearchOptions(), ["Queen"]), [], SearchOptions())
    assert [t.artist for t in found.tracks[0]][:2] == ["Queen", "artist 10"]


def test_years_and_refused_tracks():
    page = [track(1, year=1980), track(2, year=1995), track(3), track(4, year=1999)]
    options = SearchOptions(years=(1990, 2000))
    search = search_of({('genre:"rock" year:1990-2000', 0): page})
    found = find_tracks(search, rock(options), [], options, refused=lambda t: t.id.endswith("4"))
    assert [t.id[-1] for t in found.tracks[0]] == ["2", "3"]


@pytest.mark.parametrize(("depth", "order"), [("well known", "321"), ("hidden gems", "123")])
def test_popularity_where_it_is_told(depth, order):
    options = SearchOptions(depth=Depth(depth))
    page = [track(2, popularity=50), track(1, popularity=10), track(3, popularity=90)]
    pages = {('genre:"rock"', 0): page, ('genre:"rock"', 100): page}
    found = find_tracks(search_of(pages), rock(options), [], options)
    assert "".join(t.id[-1] for t in found.tracks[0]) == order


def test_songs_are_found_by_name():
    songs = [
        Song("Queen", "Radio Ga Ga"),
        Song("Cher", "Believe"),
    ]
    pages = {
        ('track:"Radio Ga Ga" artist:"Queen"', 0): [
            track(1, "Queen", "Radio Ga Ga (Cover)", year=1),
            track(2, "Queen", "Radio Ga Ga - Remastered 2011"),
        ],
        ('track:"Believe" artist:"Cher"', 0): [track(3, "Cher", "Believer")],
    }
    found = find_tracks(search_of(pages), (), songs, SearchOptions())
    assert found.songs[0].is_song("Queen", "Radio Ga Ga")
    assert found.songs[1] is None


def test_what_was_found_survives_a_later_failure():
    def search(query):
        if query.text.startswith("artist"):
            return (track(1, "Queen"),)
        raise SpotifyUnavailableError(FailureKind.BROKEN)

    found = find_tracks(search, rock(SearchOptions(), ["Queen"]), [], SearchOptions())
    assert [t.artist for t in found.tracks[0]] == ["Queen"]
    assert found.error.kind is FailureKind.BROKEN


@pytest.mark.parametrize("how", ["hang", "drip"])
@pytest.mark.parametrize("where", ["api_failure", "token_failure"])
def test_spotify_never_holds_anybody_up(spotify, server, how, where):
    setattr(server, where, Failure(how=how))
    options = SearchOptions()
    start = time.monotonic()
    found = find_tracks(spotify.search, rock(options, ["Queen"]), [], options, budget_s=1.0)
    assert found.error.kind is FailureKind.SLOW
    assert found.tracks == ((),)
    # The answer that was asked for is still being held back, so nobody waited for it.
    assert not server.stopped.is_set()
    assert time.monotonic() - start < 8  # generous: the budget was one second


def test_a_whole_answer_from_the_stand_in(spotify, server):
    options = SearchOptions(years=(1960, 2020))
    plans = plan({"hiphop": 0.7, "rock": 0.3}, {"rock": ["Queen"]}, options)
    songs = [Song("Queen", "Radio Ga Ga")]
    found = find_tracks(spotify.search, plans, songs, options)
    assert found.error is None
    hiphop, rock = (len(tracks) for tracks in found.tracks)
    assert 7 <= hiphop <= 14
    assert 3 <= rock <= 6
    names = [t.artist for tracks in found.tracks for t in tracks]
    assert len(set(names)) == len(names)
    assert "Queen" in names
    assert found.songs[0].is_song("Queen", "Radio Ga Ga")
    assert all(int(query["limit"]) <= 10 for query in server.queries)
    before = server.requests["/v1/search"]
    assert find_tracks(spotify.search, plans, songs, options) == found
    assert server.requests["/v1/search"] == before  # all of it from memory


def test_one_failure_and_nobody_asks_again(spotify, server):
    server.api_failure = error(429, Retry_After="86000")
    plans = plan({"hiphop": 0.7, "rock": 0.3}, {"rock": ["Queen", "Toto"]}, SearchOptions())
    found = find_tracks(spotify.search, plans, [], SearchOptions())
    assert found.error.kind is FailureKind.TOO_MANY
    asked = server.requests["/v1/search"]
    assert asked <= 4  # those that were under way together
    assert "24 hours" in str(find_tracks(spotify.search, plans, [], SearchOptions()).error)
    assert server.requests["/v1/search"] == asked


def test_a_query_that_is_asked_for_twice_is_sent_once():
    search = search_of({})
    twice = [Song("Queen", "One")] * 2
    find_tracks(search, (), twice, SearchOptions())
    assert len(search.asked) == 1
    assert Query("x") == Query("x", 0)
