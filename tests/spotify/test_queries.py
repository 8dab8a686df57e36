"""What is asked, without asking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregenie.common.genres import GENRES
from genregenie.spotify.queries import Depth, Query, SearchOptions, Song, plan, shares, song_query


def test_seventy_thirty_is_seven_and_three():
    assert shares({"blues": 0.7, "rock": 0.3}) == {"blues": 7, "rock": 3}


@pytest.mark.parametrize(
    ("confidences", "expected"),
    [
        ({"jazz": 0.95, "pop": 0.05}, {"jazz": 10}),
        ({"jazz": 0.5, "pop": 0.3, "rock": 0.2}, {"jazz": 5, "pop": 3, "rock": 2}),
        ({"jazz": 0.34, "pop": 0.33, "rock": 0.33}, {"jazz": 4, "pop": 3, "rock": 3}),
        (dict.fromkeys(GENRES, 0.05), {"blues": 10}),
        ({}, {}),
        ({"jazz": 0.0}, {}),
    ],
)
def test_shares(confidences, expected):
    assert shares(confidences) == expected


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=10).filter(lambda p: sum(p) > 0),
    st.integers(1, 50),
)
def test_places_add_up_and_follow_confidence(values, count):
    confidences = dict(zip(GENRES, values, strict=False))
    places = shares(confidences, count)
    assert sum(places.values()) == count
    assert len(places) <= 3
    order = [confidences[genre] for genre in places]
    assert order == sorted(order, reverse=True)
    assert list(places.values()) == sorted(places.values(), reverse=True)


def test_the_ladder_for_hip_hop():
    (hiphop,) = plan({"hiphop": 1.0}, {}, SearchOptions(years=(1990, 2020)))
    assert [query.text for query in hiphop.ladder] == [
        'genre:"hip-hop" year:1990-2020',
        'genre:"hip-hop" year:1990-2020',
        'genre:"hip-hop" year:1990-2020',
        'genre:"hip hop" year:1990-2020',
        "hip hop year:1990-2020",
    ]
    assert [query.offset for query in hiphop.ladder] == [0, 10, 20, 0, 0]


def test_one_year_and_one_genre_a_query():
    first, second = plan({"blues": 0.6, "rock": 0.4}, {}, SearchOptions(years=(1999, 1999)))
    assert [query.text for query in first.ladder][-1] == "blues year:1999"
    assert all(("rock" in q.text) and ("blues" not in q.text) for q in second.ladder)


def test_artists_come_first_and_are_quoted():
    artists = {"jazz": ['Thelonious "Sphere" Monk', "B", "C", "D"]}
    (jazz,) = plan({"jazz": 1.0}, artists, SearchOptions())
    assert [query.text for query in jazz.by_artist] == [
        'artist:"Thelonious Sphere Monk"',
        'artist:"B"',
        'artist:"C"',
    ]
    assert jazz.by_artist[0].artist == 'Thelonious "Sphere" Monk'


def test_hidden_gems_lie_deeper():
    (gems,) = plan({"jazz": 1.0}, {"jazz": ["A"]}, SearchOptions(depth=Depth.GEMS))
    (known,) = plan({"jazz": 1.0}, {"jazz": ["A"]}, SearchOptions(depth=Depth.KNOWN))
    assert [query.offset for query in gems.ladder][:3] == [100, 50, 0]
    assert gems.by_artist[0].offset == 10
    assert known.ladder[0].offset == known.by_artist[0].offset == 0


def test_names_cannot_break_out_of_the_query():
    query = song_query(Song('x" genre:"pop', "y\n\x00z"))
    assert query == Query('track:"y z" artist:"x genre: pop"')
    assert len(song_query(Song("a" * 500, "b" * 500)).text) < 250


@pytest.mark.parametrize("years", [(2000, 1990), (1, 2000), (1990, 9999)])
def test_impossible_years(years):
    with pytest.raises(ValueError, match="make no range"):
        SearchOptions(years=years)


def test_an_unknown_year_is_allowed():
    options = SearchOptions(years=(1990, 2000))
    assert options.allows(None)
    assert options.allows(1990)
    assert not options.allows(1989)


def test_the_style_that_was_heard_is_asked_for_first():
    options = SearchOptions(years=(1990, 2005))
    rock, pop = plan({"rock": 0.7, "pop": 0.3}, {}, options, {"rock": "indie rock"})
    assert [query.text for query in rock.ladder] == [
        'genre:"indie rock" year:1990-2005',
        'genre:"indie rock" year:1990-2005',
        'genre:"indie rock" year:1990-2005',
        'genre:"rock" year:1990-2005',
        "rock year:1990-2005",
    ]
    assert [query.offset for query in rock.ladder] == [0, 10, 20, 0, 0]
    assert (rock.genre, rock.style) == ("rock", "indie rock")
    assert pop.style is None
    assert not any("indie" in query.text for query in pop.ladder)


@pytest.mark.parametrize(
    ("style", "name"),
    [("rnb", "r&b"), ("Progressive rock", "progressive rock"), ("House", "house")],
)
def test_styles_are_spelt_as_spotify_does(style, name):
    (pop,) = plan({"pop": 1.0}, {}, SearchOptions(), {"pop": style})
    assert pop.ladder[0].text == f'genre:"{name}"'


def test_hidden_gems_of_a_style_lie_deeper():
    options = SearchOptions(depth=Depth.GEMS)
    (rock,) = plan({"rock": 1.0}, {}, options, {"rock": "punk"})
    assert [(query.text, query.offset) for query in rock.ladder][:3] == [
        ('genre:"punk"', 100),
        ('genre:"punk"', 50),
        ('genre:"punk"', 0),
    ]
