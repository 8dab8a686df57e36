"""Likes and dislikes change the order."""

from genregenie.recommend.preferences import Opinion, Preferences, Rankable


def like(artist, genre="rock", key=None):
    return Opinion(key or f"liked {artist}", artist, genre, liked=True)


def dislike(artist, genre="rock", key=None):
    return Opinion(key or f"disliked {artist}", artist, genre, liked=False)


def ten(genre="rock"):
    return [Rankable(f"song {i}", f"key {i}", (f"artist {i}",), genre) for i in range(10)]


def order(opinions, candidates=None, similar=None):
    return [r.item for r in Preferences(opinions).rank(candidates or ten(), similar)]


def test_no_opinion_changes_nothing():
    assert order([]) == [f"song {i}" for i in range(10)]
    assert all(r.reason is None for r in Preferences().rank(ten()))


def test_a_liked_artist_comes_first_and_says_why():
    ranked = Preferences([like("Artist 7")]).rank(ten())
    assert ranked[0].item == "song 7"
    assert ranked[0].reason == "because you liked Artist 7"
    assert ranked[1].reason is None


def test_an_artist_who_sounds_like_a_liked_one_moves_up():
    ranked = Preferences([like("Bob Marley")]).rank(ten(), {"artist8": "Bob Marley"})
    assert [r.item for r in ranked][:4] == ["song 0", "song 1", "song 2", "song 8"]
    assert ranked[3].reason == "because you liked Bob Marley, who sounds similar"


def test_a_liked_genre_moves_up():
    mixed = [Rankable(i, str(i), (str(i),), g) for i, g in enumerate(["rock", "rock", "jazz"])]
    opinions = [like(f"jazz {i}", "jazz") for i in range(3)]
    ranked = Preferences(opinions).rank(mixed)
    assert [r.item for r in ranked] == [2, 0, 1]
    assert ranked[0].reason == "because you liked other jazz"


def test_a_disliked_track_leaves_and_its_artist_goes_down():
    opinions = [dislike("artist 0", key="key 0"), dislike("Artist 1")]
    assert order(opinions) == [f"song {i}" for i in (2, 3, 4, 5, 6, 7, 8, 9, 1)]


def test_a_later_opinion_replaces_an_earlier_one():
    assert order([dislike("artist 3", key="key 3"), like("artist 3", key="key 3")])[0] == "song 3"
    assert "song 3" not in order([like("artist 3", key="key 3"), dislike("artist 3", key="key 3")])


def test_an_artist_liked_and_disliked_as_often_stays():
    assert order([like("artist 5"), dislike("artist 5")]) == order([])


def test_the_blend_leans_but_the_clip_decides():
    preferences = Preferences([like(f"{i}", "pop") for i in range(20)])
    tilted = preferences.tilted({"rock": 0.7, "pop": 0.3})
    assert tilted["pop"] > 0.3
    assert tilted["rock"] == 0.7
    assert tilted["rock"] > tilted["pop"]


def test_liked_artists_of_a_genre():
    preferences = Preferences(
        [like("A", "pop"), like("B", "rock"), like("C", "pop"), dislike("C", "pop")]
    )
    assert preferences.liked_artists("pop") == ("A",)
    assert preferences.liked_artists() == ("B", "A")


def mellow(count=3):
    return {f"liked {i}": ("Mellow", "sad") for i in range(count)}


def test_a_liked_mood_moves_up_and_says_why():
    candidates = [
        *(Rankable(f"plain {i}", str(i), (f"a{i}",), "rock") for i in range(4)),
        Rankable("calm", "4", ("b",), "pop", ("Mellow", "chill")),
        Rankable("unheard", "5", ("c",), "pop"),
    ]
    opinions = [like(str(i), f"genre {i}") for i in range(2)]
    ranked = Preferences(opinions, mellow()).rank(candidates)
    assert [r.item for r in ranked] == [
        "plain 0",
        "calm",
        "plain 1",
        "plain 2",
        "plain 3",
        "unheard",
    ]
    assert [r.reason for r in ranked if r.reason] == ["because you liked other mellow music"]
    assert [r.item for r in Preferences(opinions).rank(candidates)] == [c.item for c in candidates]


def test_a_mood_that_is_not_for_somebody_goes_down():
    candidates = [Rankable("calm", "0", ("b",), "pop", ("Mellow",)), *ten()]
    opinions = [dislike("x", "y", key=f"liked {i}") for i in range(2)]
    ranked = Preferences(opinions, mellow()).rank(candidates)
    assert [r.item for r in ranked].index("calm") == 3
    assert all(r.reason is None for r in ranked)


def test_moods_that_go_together_count_once():
    one = [Rankable("calm", "0", ("b",), "pop", ("Mellow",))]
    both = [Rankable("calm", "0", ("b",), "pop", ("Mellow", "sad"))]
    opinions = [like(str(i), f"genre {i}") for i in range(2)]
    places = [Preferences(opinions, mellow()).rank([*ten(), *calm]) for calm in (one, both)]
    assert [r.item for r in places[0]] == [r.item for r in places[1]]


def test_the_stronger_of_genre_and_mood_is_the_reason():
    opinions = [like(str(i), "rock") for i in range(3)]
    calm = [Rankable("calm", "0", ("b",), "rock", ("Mellow",))]
    (by_genre,) = Preferences(opinions, mellow(2)).rank(calm)
    (by_mood,) = Preferences(opinions, mellow(3)).rank(calm)
    assert by_genre.reason == "because you liked other rock"
    assert by_mood.reason == "because you liked other mellow music"
