"""What is asked of songs, and which of them are it."""

import numpy as np
import pytest

from genregenie.recommend.songs import NothingFitsError, Songs, Wanted, WordError
from tests.recommend.conftest import UNHEARD, make_songs, make_tags

TAGS = np.array(
    [
        make_tags(soul=0.6, Mellow=0.3),
        make_tags(chill=0.3, **{"70s": 0.5}),
        make_tags(female_vocalists=0.7),
        UNHEARD,
    ]
)
SONGS = make_songs(
    4,
    tags=TAGS,
    genre=["jazz", "pop", "hiphop", "jazz"],
    tempo_bpm=[80.0, 110.0, None, 95.0],
)


def fitting(**wanted) -> list[int]:
    return np.flatnonzero(SONGS.fitting(Wanted(**wanted))).tolist()


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({}, [0, 1, 2, 3]),
        ({"genres": ("jazz",)}, [0, 3]),
        ({"genres": ("Soul",)}, [0]),
        ({"genres": ("soul", "hip hop")}, [0, 2]),
        ({"genres": ("Hip-Hop",)}, [2]),
        ({"moods": ("chill",)}, [1]),
        ({"moods": ("CHILL", "mellow")}, [0, 1]),
        ({"eras": ("70s",)}, [1]),
        ({"tempo_bpm": (80, 95)}, [0, 3]),
        ({"tempo_bpm": (110, 110)}, [1]),
        ({"genres": ("jazz",), "tempo_bpm": (90, 100)}, [3]),
    ],
)
def test_which_songs_fit(wanted, rows):
    assert fitting(**wanted) == rows


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"genres": ("jazzz",)}, "'jazzz' is no genre that is known here. There are alternative,"),
        ({"genres": ("chill",)}, "'chill' is no genre"),
        ({"moods": ("70s",)}, "'70s' is no mood .* There are beautiful, catchy, chill, chillout"),
        ({"eras": ("ages",)}, "'ages' is no era .* There are 00s, 60s, 70s, 80s, 90s, oldies"),
        ({"eras": ("75s",)}, "'75s' is no era"),
        ({"eras": ("",)}, "'' is no era"),
    ],
)
def test_a_word_that_means_nothing(wanted, words):
    with pytest.raises(WordError, match=words):
        fitting(**wanted)


def test_what_no_song_is_says_how_many_are_each_part_of_it():
    with pytest.raises(NothingFitsError) as error:
        fitting(genres=("jazz", "soul"), moods=("chill",), tempo_bpm=(1, 85))
    assert str(error.value) == (
        "None of the 4 songs is jazz or soul, chill, of 1 to 85 beats a minute. "
        "Each by itself: jazz or soul: 2, chill: 1, of 1 to 85 beats a minute: 1."
    )
    with pytest.raises(NothingFitsError) as error:
        fitting(moods=("sad",))
    assert str(error.value) == "None of the 4 songs is sad."


def test_songs_that_the_network_has_not_heard_say_so():
    songs = make_songs(3, tags=np.tile(UNHEARD, (3, 1)), genre=["jazz"] * 3)
    assert songs.fitting(Wanted(genres=("jazz",))).all()
    with pytest.raises(NothingFitsError, match="without --fast"):
        songs.fitting(Wanted(moods=("sad",)))
    assert songs.heard(0) == ()


def test_what_is_told_of_a_song_leaves_out_what_its_genre_says():
    tags = make_tags(**{"Hip-Hop": 0.9, "rnb": 0.6, "70s": 0.5})[None]
    songs = make_songs(1, tags=tags, genre=["hiphop"])
    assert set(songs.heard(0)) == {"Hip-Hop", "R&B", "70s"}
    assert set(songs.told(0)) == {"R&B", "70s"}


def test_no_songs_are_no_trouble():
    none = Songs([], np.empty((0, 3), np.float32), np.empty((0, 50)))
    with pytest.raises(NothingFitsError, match="None of the 0 songs"):
        none.fitting(Wanted(moods=("sad",)))


def test_a_year_in_the_tags_says_more_of_an_era_than_what_is_heard():
    tags = np.array(
        [make_tags(**{"70s": 0.5}), make_tags(**{"70s": 0.5}), make_tags(), make_tags()]
    )
    tags = np.vstack([tags, make_tags(oldies=0.6), UNHEARD])
    years = [None, 1999, 1970, 1979, 2005, 1979]
    songs = make_songs(6, tags=tags, year=years)

    def of(*eras: str) -> list[int]:
        return np.flatnonzero(songs.fitting(Wanted(eras=eras))).tolist()

    assert of("70s") == of("1970s") == of("1970S") == [0, 2, 3, 5]
    assert of("90s") == [1]
    assert of("00s") == of("2000s") == of("oldies") == [4]
    assert of("90s", "oldies") == [1, 4]
    with pytest.raises(NothingFitsError, match="None of the 6 songs is 50s"):
        of("50s")
    assert make_songs(1, year=[1931]).fitting(Wanted(eras=("30s",))).all()
