"""The ranked answer: two kinds, kept apart, always there."""

from dataclasses import replace

import numpy as np
import pytest

from genregenie.autotag.qualities import QualityError
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.recommend import recommender as module
from genregenie.recommend.acoustic import Acoustic
from genregenie.recommend.library_index import Entry, Library
from genregenie.recommend.preferences import Opinion, Preferences, Rankable
from genregenie.recommend.recommender import Recommender
from genregenie.recommend.writing import write_library
from genregenie.spotify.client import Misconfigured, Spotify
from tests.recommend.conftest import (
    UNHEARD,
    make_axes,
    make_catalogue,
    make_prediction,
    make_tags,
)
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


CALM, LOUD = make_tags(Mellow=0.2), make_tags(metal=0.5, punk=0.5)


@pytest.fixture
def moody():
    """Thirty artists ever farther from the clip, every third calm and every third unheard."""
    clip, *away = np.random.default_rng(5).normal(size=(31, VECTOR_WIDTH))
    vectors = np.array([clip + 0.1 * i * direction for i, direction in enumerate(away, 1)])
    tags = np.array([(CALM, LOUD, UNHEARD)[i % 3] for i in range(30)])
    names = [(f"Artist {i}", f"Song {i}", "rock") for i in range(30)]
    catalogue = make_catalogue(names, vectors, tags, make_axes())
    return Acoustic(catalogue), make_prediction(clip, LOUD, rock=1.0)


def test_like_it_but_calmer(moody):
    recommender, clip = Recommender(moody[0]), moody[1]
    found = recommender.neighbours(clip, but=["calmer"])
    assert len(found) == module.NEIGHBOURS
    assert all("Mellow" in n.track.character for n in found)
    assert recommender.recommend(clip, None, but=["calmer"]).neighbours == found
    assert recommender.neighbours(clip, but=["livelier"]) == ()
    with pytest.raises(QualityError, match="not among"):
        recommender.neighbours(clip, but=["louder"])
    with pytest.raises(QualityError, match="has not heard this clip"):
        recommender.neighbours(replace(clip, autotags=()), but=["calmer"])


def test_liked_moods_come_forward(moody):
    recommender, clip = Recommender(moody[0]), moody[1]
    before = recommender.neighbours(clip, count=30)
    calm = [n.track for n in before if "Mellow" in n.track.character]
    likes = [like(f"nobody {i}", "pop", key=track.key) for i, track in enumerate(calm[-2:])]
    after = recommender.neighbours(clip, recommender.preferences(likes), 30)
    is_calm = {True: set(), False: set()}
    for n in after:
        is_calm["Mellow" in n.track.character].add(n.reason)
    assert is_calm == {True: {"because you liked other mellow music"}, False: {None}}
    place, now = ([n.track.key for n in found].index(calm[3].key) for found in (before, after))
    assert now < place
    unheard, still = ([n.track for n in f if not n.track.character] for f in (before, after))
    assert unheard == still, "what was not heard is neutral"


def test_moods_of_ones_own_files_are_known_too(moody, tmp_path):
    acoustic, clip = moody
    entries = [Entry("/m/1.mp3", "One", "Song", "rock", 1, 2)]
    directions = acoustic.likeness.directions(clip.vector[None], CALM[None])
    write_library(tmp_path, entries, directions, CALM[None], acoustic.likeness)
    library = Library.load(tmp_path, acoustic.likeness)
    (own,) = library.nearest(directions[0])
    calm = next(t for t in acoustic.nearest(directions[0]) if "Mellow" in t.character)
    likes = [like("nobody", "pop", key=own.key), like("no one", "pop", key=calm.key)]
    preferences = Recommender(acoustic, library).preferences(likes)
    (ranked,) = preferences.rank([Rankable("x", "y", ("z",), "jazz", ("Mellow",))])
    assert ranked.reason == "because you liked other mellow music"


def asked_for(server):
    return [query["q"] for query in server.queries if query["q"].startswith("genre:")]


def test_a_heard_style_is_searched_first(recommender, acoustic, spotify, server):
    clip = make_prediction(acoustic[1], make_tags(indie_rock=0.4), rock=0.8, pop=0.2)
    found = recommender.recommend(clip, spotify)
    rock = [query for query in asked_for(server) if "rock" in query]
    assert rock[0] == 'genre:"indie rock"'
    assert 'genre:"pop"' in asked_for(server)
    assert {(s.genre, s.style) for s in found.spotify.tracks} == {
        ("rock", "indie rock"),
        ("pop", None),
    }
    assert found.spotify.heading == "More indie rock and pop on Spotify"


def test_what_is_beyond_the_genres_is_searched_instead(recommender, acoustic, spotify, server):
    tags = make_tags(House=0.6, electronic=0.5)
    clip = replace(make_prediction(acoustic[1], tags, disco=0.6), beyond=("House", "electronic"))
    found = recommender.recommend(clip, spotify)
    assert set(asked_for(server)) == {'genre:"house"', 'genre:"electronic"'}
    assert {s.genre for s in found.spotify.tracks} <= {"House", "electronic"}


def test_a_genre_of_the_model_is_no_finer_style(recommender, acoustic, spotify, server):
    clip = make_prediction(acoustic[1], make_tags(punk=0.6), rock=0.9)
    recommender.recommend(replace(clip, confidences={"rock": 0.6, "Punk": 0.4}), spotify)
    assert set(asked_for(server)[:2]) == {'genre:"rock"', 'genre:"punk"'}
