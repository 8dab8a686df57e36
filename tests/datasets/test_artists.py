"""Who a clip is by: from tags, albums, folders and names, and never from what is nobody's name."""

import unicodedata
from pathlib import PurePath

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from genregenie.datasets.artists import (
    Clip,
    Tags,
    credits_of,
    group_key,
    is_nobody,
    lead_artist,
    one_spelling,
)

letters = st.text(st.characters(categories=("L",), exclude_characters="ıİſ"), min_size=3)


def clips(*items):
    """A path, or a path, its artist, album artist and album."""
    pairs = [(item, ()) if isinstance(item, str) else (item[0], item[1:]) for item in items]
    return [Clip(PurePath(path), Tags(*tags)) for path, tags in pairs]


def told(*items):
    return [(credit.artist, credit.origin) for credit in credits_of(clips(*items))]


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        (
            "The Beatles",
            "Beatles, The",
            "the beatles",
            " THE   BEATLES",
            "Beatles",
            "The_Beatles",
        ),
        ("Björk", unicodedata.normalize("NFD", "Björk"), "BJÖRK", "Bjork"),
        ("Jay-Z", "Jay-Z feat. Alicia Keys", "jay z ft. Linkin Park", "Jay-Z (featuring Kanye)"),
        ("Jay-Z", "Jay-Z; Alicia Keys", "Jay-Z / Linkin Park", "\uff2a\uff41\uff59-\uff3a"),
        ("Simon & Garfunkel", "Simon and Garfunkel", "SIMON AND GARFUNKEL"),
        ("AC/DC", "ACDC", "Ac/Dc"),
        ("A Tribe Called Quest", "Tribe Called Quest, A"),
        ("宇多田ヒカル", "宇多田ヒカル"),
    ],
)
def test_spellings_of_one_artist_are_one_group(names):
    assert len({group_key(name) for name in names}) == 1
    assert len(set(one_spelling(names).values())) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pink", "Pink Floyd"),
        ("The The", "The Who"),
        ("U2", "UB40"),
        ("Earth", "Earth, Wind & Fire"),
    ],
)
def test_different_artists_stay_apart(one, other):
    assert group_key(one) != group_key(other)


@settings(max_examples=60)
@given(letters, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_neither_case_nor_white_space_nor_unicode_form_parts_an_artist(name, form):
    variants = {
        name,
        name.casefold(),
        f"  {name}\t",
        unicodedata.normalize(form, name),
        unicodedata.normalize(form, name).casefold(),
        f"{name} feat. Somebody",
        f"{name} (ft. Somebody)",
    }
    assert {group_key(variant) for variant in variants} == {group_key(name)}


@settings(max_examples=60)
@given(letters)
def test_the_article_may_stand_before_or_behind(name):
    assert group_key(f"The {name}") == group_key(f"{name}, The") == group_key(f"THE {name}")


@settings(max_examples=60)
@given(st.text())
def test_the_first_artist_of_a_name_is_an_artist_of_the_same_group(name):
    assert lead_artist(lead_artist(name)) == lead_artist(name)
    assert group_key(lead_artist(name)) == group_key(name)


@settings(max_examples=60)
@given(st.lists(st.text()))
def test_one_spelling_has_a_name_for_each_group_and_none_for_nobody(names):
    spelled = one_spelling(names)
    for name in names:
        assert (spelled[name] == "") == is_nobody(name)
        assert not spelled[name] or group_key(spelled[name]) == group_key(name)
    groups = {group_key(name) for name in names if not is_nobody(name)}
    assert len(set(spelled.values()) - {""}) == len(groups)


def test_the_most_frequent_spelling_is_shown():
    names = ["ABBA", "Abba", "ABBA", "abba", "QUEEN", "Queen"]
    spelled = one_spelling(names)
    assert {spelled[name] for name in names} == {"ABBA", "Queen"}


# --- nobody ----------------------------------------------------------------------------------

NOBODY = [
    *(
        "",
        "   ",
        "Unknown Artist",
        "unknown",
        "<Unknown>",
        "[unknown artist]",
        "Unknown Artist (2)",
    ),
    *("Various Artists", "VARIOUS", "VA", "V.A.", "V/A", "various_artists", "Verschiedene"),
    *("Compilations", "Soundtrack", "Artiste inconnu", "Unbekannter Interpret", "n/a", "-", "???"),
    *("Varios artistas", "群星", "Неизвестный исполнитель", "None", "nan", "Traditional"),
]
NO_NAME = ["Track 01", "track12", "Disc 1", "CD2", "CD 02", "01", "1973", "(1999)", "Side B", "70s"]


@pytest.mark.parametrize("junk", [*NOBODY, *NO_NAME, "jazz", "JAZZ"])
def test_nobody_is_an_artist_by_no_way(junk):
    """Nor does junk hide what the next way says."""
    (by_tag,) = told(("jazz/a.mp3", junk, junk))
    assert by_tag == ("", "unknown")
    if "/" not in junk and junk.strip():
        assert told(f"jazz/{junk}/a.mp3") == [("", "unknown")]
        assert told(f"jazz/{junk} - Blue.mp3") == [("", "unknown")]
        assert told(f"jazz/{junk} - Nina Simone - Blue.mp3") == [("Nina Simone", "name")]
    assert told(("jazz/a.mp3", junk, "Nina Simone")) == [("Nina Simone", "album")]
    assert told(("jazz/Nina Simone/a.mp3", junk, junk)) == [("Nina Simone", "folder")]


@pytest.mark.parametrize("name", ["2Pac", "50 Cent", "U2", "Maroon 5", "Dirt", "Train", "Live"])
def test_names_that_look_like_junk_are_names_in_a_tag(name):
    assert told(("rock/a.mp3", name)) == [(name, "tag")]


# --- the ways --------------------------------------------------------------------------------


def test_the_nearest_way_counts():
    assert told(("rock/Eagles/Asia - Song.mp3", "Queen", "Cream")) == [("Queen", "tag")]
    assert told(("rock/Eagles/Asia - Song.mp3", None, "Cream")) == [("Cream", "album")]
    assert told("rock/Eagles/Asia - Song.mp3") == [("Eagles", "folder")]
    assert told("rock/Asia - Song.mp3") == [("Asia", "name")]
    assert told("rock/Song.mp3") == [("", "unknown")]


@pytest.mark.parametrize(
    "path",
    [
        "rock/Queen/a.mp3",
        "rock/Queen/A Night at the Opera/01 Death.mp3",
        "rock/Queen/1975 - A Night at the Opera/a.mp3",
        "rock/Queen/A Night at the Opera/CD1/a.mp3",
        "rock/Queen/Disc 2/a.mp3",
        "rock/Queen/Albums/A Night at the Opera/a.mp3",
        "rock/Q/Queen/A Night at the Opera/a.mp3",
        "rock/Hard/Queen/A Night at the Opera/a.mp3",
        "rock/Queen - A Night at the Opera/a.mp3",
        "rock/Queen \N{EN DASH} A Night at the Opera/a.mp3",
        "rock/Queen - 1975 - A Night at the Opera/CD 1/a.mp3",
        "rock/Queen_-_A_Night_at_the_Opera/a.mp3",
        "rock/1975 - Queen - A Night at the Opera/a.mp3",
        "rock/train/Queen/a.mp3",
    ],
)
def test_folders_name_the_artist(path):
    assert told(path) == [("Queen", "folder")]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Queen - Innuendo",
            "01 - Queen - Innuendo",
            "01. Queen \N{EN DASH} Innuendo",
            "Queen_-_Innuendo",
        ),
        *("01_Queen_-_Innuendo", "(01) Queen — Innuendo", "1-01 Queen - Innuendo", "07 Queen - Q"),
        *(
            "Queen - Innuendo - 01 - Title",
            "Track 01 - Queen - Innuendo",
            "Queen - Innuendo - Live",
        ),
        *("VA - Queen - Innuendo", "[12] Queen - Innuendo", "Queen feat. Bowie - Under Pressure"),
    ],
)
def test_file_names_name_the_artist(name):
    assert told(f"rock/{name}.mp3") == [("Queen", "name")]


@pytest.mark.parametrize(
    "name",
    [
        *("blues.00012", "blues_00012", "000123", "Track 01", "01 - Innuendo", "01. Innuendo"),
        *("Innuendo - Live", "Innuendo - 2011 Remaster", "blues - 12", "Innuendo", "well-known"),
    ],
)
def test_file_names_that_name_nobody(name):
    assert told(f"blues/{name}.wav") == [("", "unknown")]


def test_a_number_without_a_dot_counts_tracks_only_where_all_names_have_their_own():
    counted = told("pop/1 ABBA - SOS.mp3", "pop/12 Boney M. - Sunny.mp3")
    assert counted == [("ABBA", "name"), ("Boney M.", "name")]
    named = told("pop/50 Cent - In da Club.mp3", "pop/ABBA - SOS.mp3")
    assert named == [("50 Cent", "name"), ("ABBA", "name")]


def test_compilations_name_no_artist_but_their_files_may():
    paths = [
        "pop/Various Artists/Now 45/01 - ABBA - SOS.mp3",
        "pop/Various Artists/Now 45/02 - Sunny.mp3",
        "pop/VA - Now 45/03.mp3",
        "pop/Compilations/Now 45/04.mp3",
        "pop/Greatest Hits/05.mp3",
    ]
    found = credits_of(clips(*paths))
    assert [c.artist for c in found] == ["ABBA", "", "", "", ""]
    assert [c.album for c in found[1:]] == ["Now 45", "VA - Now 45", "Now 45", "Greatest Hits"]


def test_an_album_tells_who_made_its_other_clips_unless_it_is_by_several():
    found = told(
        ("jazz/a.mp3", "Nina Simone", None, "Blue"),
        ("jazz/b.mp3", None, None, "Blue"),
        ("jazz/g.mp3", "Nina Simone", None, "Blue"),
        ("jazz/c.mp3", "Nina Simone", None, "Mix"),
        ("jazz/d.mp3", "Ella Fitzgerald", None, "Mix"),
        ("jazz/e.mp3", None, None, "Mix"),
        ("jazz/f.mp3", "Various Artists", None, "Blue"),
    )
    assert found[1] == ("Nina Simone", "album")
    assert [found[i] for i in (5, 6)] == [("", "unknown")] * 2


def test_a_folder_with_tags_tells_who_made_the_rest_of_it():
    tagged = [(f"jazz/The blue one/{i}.mp3", "Nina Simone") for i in range(3)]
    assert told(*tagged, "jazz/The blue one/x.mp3")[-1] == ("Nina Simone", "folder")
    # One tag among many untagged files in a mere container says nothing of the others.
    many = [f"jazz/wav/{i:03d}.wav" for i in range(9)]
    assert told(("jazz/wav/a.wav", "Nina Simone"), *many)[1:] == [("", "unknown")] * 9
    # Nor does the folder of the genre itself.
    assert told(("jazz/a.mp3", "Nina Simone"), "jazz/b.mp3")[-1] == ("", "unknown")


def test_an_album_of_unknown_artists_stays_together():
    first, second, other, alone = credits_of(
        clips(
            ("jazz/1973 - Dark/1.mp3",),
            ("jazz/1973 - Dark/2.mp3",),
            ("jazz/x.mp3", None, "Various Artists", "Blue"),
            "jazz/y.mp3",
        )
    )
    assert first.album == second.album == "Dark"
    assert (other.album, alone.album) == ("Blue", "")


def test_an_album_that_is_a_whole_genre_is_none():
    found = credits_of(clips(*((f"jazz/{i}.mp3", None, None, "My data set") for i in range(4))))
    assert {c.album for c in found} == {""}


def test_an_album_without_a_name_keeps_nothing_together():
    found = credits_of(
        clips(*((f"jazz/{i}.mp3", "", "", "Unknown Album") for i in range(3)), "jazz/x")
    )
    assert {c.album for c in found} == {""}


def test_in_classical_music_the_name_in_the_tag_counts():
    found = told(
        ("classical/a.mp3", "Johann Sebastian Bach", "Glenn Gould"),
        ("classical/b.mp3", "Glenn Gould", "Johann Sebastian Bach"),
    )
    assert found == [("Johann Sebastian Bach", "tag"), ("Glenn Gould", "tag")]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1), max_size=3),
            st.none() | st.text(),
            st.none() | st.text(),
            st.none() | st.text(),
        ),
        max_size=8,
    )
)
def test_whatever_files_are_called_an_artist_has_a_name_and_an_origin(items):
    given_clips = []
    for i, (folders, *tags) in enumerate(items):
        path = PurePath("jazz", *folders, f"{i}.mp3")
        assume(path.parts[0] == "jazz")
        given_clips.append(Clip(path, Tags(*tags)))
    found = credits_of(given_clips)
    assert len(found) == len(given_clips)
    for credit in found:
        assert (credit.artist == "") == (credit.origin == "unknown")
        assert not credit.artist or not is_nobody(credit.artist)
        assert group_key(credit.artist) != "jazz"
    spellings = {credit.artist for credit in found if credit.artist}
    assert len({group_key(name) for name in spellings}) == len(spellings)
