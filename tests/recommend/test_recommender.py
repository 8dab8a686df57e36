"""The ranked answer: two kinds, kept apart, always there."""

import numpy as np
import pytest

from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.recommend import recommender as module
from genregenie.recommend.acoustic import Acoustic
from genregenie.recommend.preferences import Opinion, Preferences
from genregenie.recommend.recommender import Recommender
from genregenie.spotify.client import Misconfigured, Spotify
from tests.recommend.conftest import make_catalogue, make_prediction
from tests.spotify.standin import error


@pytest.fixture
def acoustic():
    """Thirty artists on a line away from the clip; Queen and Toto sound like one another."""
    rng = np.random.default_rng(0)
    clip = rng.normal(size=VECTOR_WIDTH)
    away = rng.normal(size=(30, VECTOR_WIDTH))
    vectors = np.array([clip + 0.1 * i * away[i] for i in range(1, 30)])
    names = [(f"Artist {i}", f"Song {i}", "rock") for i in range(1, 30)]
    names[20], names[21] = ("Queen", "Radio Ga Ga", "rock"), ("Toto", "Africa", "rock")
    vectors[21] = vectors[20] + 0.01
    return Acoustic(make_catalogue(names, vectors)), vectors[0] * 0 + clip


@pytest.fixture
def recommender(acoustic):
    return Recommender(acoustic[0])


@pytest.fixture
def clip(acoustic):
    return make_prediction(acoustic[1], rock=0.7, hiphop=0.3)


def like(artist, genre="rock", key="x", liked=True):
    return Opinion(key, artist, genre, liked)


def test_offline_still_answers(recommender, clip):
    found = recommender.recommend(clip, None)
    assert len(found.neighbours) == module.NEIGHBOURS
    assert found.spotify.state == "offline"
    assert all("open.spotify.com/search/" in n.url for n in found.neighbours)


def test_seven_and_three_in_proportion(recommender, clip, spotify):
    found = recommender.recommend(clip, spotify)
    assert found.spotify.state == "ok"
    assert found.spotify.message == ""
    genres = [suggestion.genre for suggestion in found.spotify.tracks]
    assert (genres.count("rock"), genres.count("hiphop")) == (7, 3)
    assert set(genres[:4]) == {"rock", "hiphop"}  # mixed, not one block after the other


def test_a_liked_track_changes_what_comes_next(recommender, clip, spotify):
    before = recommender.recommend(clip, spotify)
    assert "Toto" not in [n.track.artist for n in before.neighbours]
    after = recommender.recommend(clip, spotify, opinions=[like("Queen")])
    liked = recommender.neighbours(clip, Preferences([like("Queen")]), 30)
    place = [n.track.artist for n in liked].index("Toto")
    plain = [n.track.artist for n in recommender.neighbours(clip, Preferences(), 30)].index("Toto")
    assert place < plain
    assert liked[place].reason == "because you liked Queen, who sounds similar"
    on_spotify = {s.track.artist: s.reason for s in after.spotify.tracks}
    assert on_spotify["Queen"] == "because you liked Queen"


def test_what_is_disliked_leaves(recommender, clip, spotify):
    before = recommender.recommend(clip, spotify)
    neighbour, track = before.neighbours[0].track, before.spotify.tracks[0].track
    opinions = [
        like(neighbour.artist, key=neighbour.key, liked=False),
        like(track.artist, key=track.id, liked=False),
    ]
    after = recommender.recommend(clip, spotify, opinions=opinions)
    assert neighbour.key not in [n.track.key for n in after.neighbours]
    assert track.id not in [s.track.id for s in after.spotify.tracks]
    assert len(after.neighbours) == len(before.neighbours)
    assert len(after.spotify.tracks) == len(before.spotify.tracks)


def test_a_neighbour_that_spotify_has_is_linked(recommender, acoustic, spotify):
    clip = make_prediction(acoustic[1], rock=1.0)
    opinions = [like("Queen")]
    found = recommender.recommend(clip, spotify, opinions=opinions)
    assert found.neighbours
    queen = recommender.neighbours(clip, Preferences(opinions), 30)
    linked = recommender.on_spotify(
        clip,
        [n for n in queen if n.track.artist == "Queen"],
        spotify,
        module.SearchOptions(),
        Preferences(),
    )
    (neighbour,) = linked.neighbours
    assert neighbour.song.is_song("Queen", "Radio Ga Ga")
    assert neighbour.url == neighbour.song.url
    assert neighbour.song in linked.songs


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_neighbours_are_there_when_spotify_is_not(recommender, clip, spotify, server, status):
    server.api_failure = error(status)
    found = recommender.recommend(clip, spotify)
    assert len(found.neighbours) == module.NEIGHBOURS
    assert found.spotify.tracks == ()
    assert found.spotify.message.endswith(".")
    assert found.spotify.state not in ("ok", "offline")


def test_without_keys_one_line_says_so(recommender, clip):
    found = recommender.recommend(clip, Spotify(None, "GB"))
    assert found.spotify.state == "no keys"
    assert len(found.neighbours) == module.NEIGHBOURS
    found = recommender.recommend(clip, Misconfigured("GENREGENIE_MARKET must be two letters."))
    assert found.spotify.message == "GENREGENIE_MARKET must be two letters."


def test_nothing_like_it_for_what_is_not_music(recommender, clip, spotify, server):
    silence = make_prediction(clip.vector, rock=1.0)
    silence = type(silence)(**{**vars(silence), "genre": None, "verdict": "not music"})
    found = recommender.recommend(silence, spotify)
    assert found.neighbours == ()
    assert found.spotify.state == "not music"
    assert not server.requests


def test_nothing_found_says_what_helps(recommender, clip, spotify, server):
    server.songs = ()
    found = recommender.recommend(clip, spotify, module.SearchOptions(years=(1999, 1999)))
    assert found.spotify.state == "nothing found"
    assert "wider range of years" in found.spotify.message
