"""Neighbours: what is near, what is left out, and how alike that is."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from genregenie.autotag.qualities import Change, QualityError
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.inference.classifier import Classifier
from genregenie.recommend.acoustic import (
    Acoustic,
    SimilarTrack,
    as_share,
    direction_of,
    top,
    varied,
)
from tests import sounds
from tests.recommend.conftest import (
    UNHEARD,
    make_axes,
    make_catalogue,
    make_prediction,
    make_tags,
)


def alike(artist: str, title: str, share: float) -> SimilarTrack:
    return SimilarTrack(artist, title, "rock", share)


def test_the_same_direction_is_wholly_alike():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, VECTOR_WIDTH))
    names = [(f"artist {i}", f"song {i}", "rock") for i in range(50)]
    acoustic = Acoustic(make_catalogue(names, vectors))
    found = acoustic.nearest(direction_of(make_prediction(vectors[7]), acoustic.likeness), 50)
    assert (found[0].title, found[0].is_clip) == ("song 7", True)
    assert found[0].alike == pytest.approx(1.0, abs=1e-6)
    shares = [track.alike for track in found]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0.0


def test_what_has_no_name_is_not_shown():
    vectors = np.random.default_rng(0).normal(size=(4, VECTOR_WIDTH))
    names = [("", "song", "rock"), ("artist", "", "rock"), ("a", "b", "rock"), ("c", "d", "pop")]
    acoustic = Acoustic(make_catalogue(names, vectors))
    direction = direction_of(make_prediction(vectors[0]), acoustic.likeness)
    assert {track.artist for track in acoustic.nearest(direction)} == {"a", "c"}
    assert acoustic.nearest(direction_of(make_prediction(), acoustic.likeness)) == []


def test_one_track_for_each_artist():
    found = [alike("Queen", "A", 0.9), alike("The Queen", "B", 0.8), alike("Toto", "C", 0.7)]
    assert [t.title for t in varied(found)] == ["A", "C"]


def test_repeats_and_the_clip_itself_are_left_out():
    found = [
        replace(alike("Me", "The very clip", 0.97), is_clip=True),
        alike("Abba", "One", 0.9),
        alike("Someone else", "One under another name", 0.9),
        alike("Cher", "Believe - Remastered 2001", 0.8),
        alike("Toto", "Africa", 0.7),
    ]
    assert [t.artist for t in varied(found)] == ["Abba", "Cher", "Toto"]
    assert [t.artist for t in varied(found, artist="cher", title="Believe")] == ["Abba", "Toto"]


def test_what_is_not_alike_at_all_is_no_repeat():
    found = [alike("A", "one", 0.0), alike("B", "two", 0.0)]
    assert len(list(varied(found))) == 2


def test_tracks_without_artist_are_all_different():
    found = [alike("", "A", 0.9), alike("", "B", 0.8)]
    assert len(list(varied(found))) == 2


def test_the_link_finds_artist_and_title():
    url = alike("AC/DC", "T.N.T. & more?", 0.5).search_url
    assert url == "https://open.spotify.com/search/AC%2FDC%20T.N.T.%20%26%20more%3F"


@pytest.mark.parametrize(("cosine", "share"), [(1.1, 1.0), (0.4, 0.4), (-0.3, 0.0)])
def test_how_alike(cosine, share):
    assert as_share(cosine) == pytest.approx(share)


@pytest.mark.parametrize("count", [0, 1, 3, 99])
def test_top(count):
    values = np.array([0.1, 0.9, 0.5, 0.7, -np.inf], dtype=np.float32)
    assert top(values, count) == [1, 3, 2, 0][:count]


def test_artists_who_sound_similar():
    rng = np.random.default_rng(1)
    styles = rng.normal(size=(2, VECTOR_WIDTH))
    names, vectors = [], []
    for artist, style in (("Ann", 0), ("Bob", 0), ("Cat", 1), ("Dan", 1)):
        for song in range(4):
            names.append((artist, f"{artist} {song}", "rock"))
            vectors.append(styles[style] + 0.1 * rng.normal(size=VECTOR_WIDTH))
    acoustic = Acoustic(make_catalogue(names, np.array(vectors)))
    assert acoustic.artists_like("the ann", 1) == ("Bob",)
    assert acoustic.artists_like("Dan", 1) == ("Cat",)
    assert acoustic.artists_like("Nobody") == ()


def test_a_shipped_neighbour_is_not_the_clip(gtzan):
    classifier = Classifier.load()
    acoustic = Acoustic(classifier.model.catalogue)
    prediction = classifier.predict(gtzan / "audio/full/reggae.00000.flac")
    direction = direction_of(prediction, acoustic.likeness)
    assert acoustic.nearest(direction, 1)[0].is_clip
    found = list(islice(varied(acoustic.nearest(direction)), 6))
    assert len(found) == 6
    assert len({track.artist for track in found}) == 6
    assert all(0.0 < track.alike < 0.9995 for track in found)


LOUD, CALM = make_tags(metal=0.5, punk=0.5), make_tags(Mellow=0.2)


@pytest.fixture
def heard():
    """Ten tracks ever farther from the clip; even ones are calm, the last is unheard."""
    clip, *away = np.random.default_rng(3).normal(size=(11, VECTOR_WIDTH))
    vectors = np.array([clip + 0.2 * i * direction for i, direction in enumerate(away, 1)])
    tags = np.array([CALM if i % 2 == 0 else LOUD for i in range(10)])
    tags[9] = UNHEARD
    names = [(f"artist {i}", f"song {i}", "rock") for i in range(10)]
    return Acoustic(make_catalogue(names, vectors, tags, make_axes())), clip


def test_more_like_it_but_calmer(heard):
    acoustic, clip = heard
    direction = direction_of(make_prediction(clip, LOUD), acoustic.likeness)
    plain = [track.title for track in acoustic.nearest(direction)]
    calmer = [t.title for t in acoustic.nearest(direction, change=Change.of(["calmer"], LOUD))]
    assert set(calmer) == {f"song {i}" for i in range(0, 10, 2)}
    assert calmer == [title for title in plain if title in calmer], "as calm, so as near"
    assert acoustic.nearest(direction, change=Change.of(["livelier"], LOUD)) == []


def test_what_no_reference_track_was_heard_for_is_said():
    vectors = np.random.default_rng(0).normal(size=(3, VECTOR_WIDTH))
    acoustic = Acoustic(make_catalogue([("a", "b", "rock")] * 3, vectors))
    direction = direction_of(make_prediction(vectors[0], LOUD), acoustic.likeness)
    with pytest.raises(QualityError, match="has not heard the reference tracks"):
        acoustic.nearest(direction, change=Change.of(["calmer"], LOUD))


def test_moods_are_known_by_the_key_of_a_track(heard):
    acoustic, clip = heard
    direction = direction_of(make_prediction(clip, LOUD), acoustic.likeness)
    by_key = {track.key: track.character for track in acoustic.nearest(direction)}
    assert len(by_key) == 10
    found = acoustic.characters([*by_key, "somebody/else"])
    assert found == {key: names for key, names in by_key.items() if names}
    assert found["artist4/song4"] == ("Mellow",)
    assert found["artist3/song3"] == ("punk",)
    assert "artist9/song9" not in found


def test_the_clip_is_known_by_its_timbre_whatever_else_was_heard():
    vector = np.random.default_rng(3).normal(size=VECTOR_WIDTH)
    names = [("Me", "Mine", "rock"), ("You", "Yours", "rock")]
    both = np.array([vector, -vector])
    acoustic = Acoustic(make_catalogue(names, both, np.array([CALM, CALM]), make_axes()))
    for tags in (CALM, LOUD, None):
        prediction = make_prediction(vector, tags)
        nearest = acoustic.nearest(direction_of(prediction, acoustic.likeness))
        assert {track.artist: track.is_clip for track in nearest} == {"Me": True, "You": False}
        assert [track.artist for track in varied(nearest)] == ["You"]


def test_page_and_prediction_name_the_same_neighbours():
    """One measure of likeness, wherever neighbours are looked for."""
    classifier = Classifier.load()
    prediction = classifier.predict(sounds.encode(sounds.tune(6.0)))
    catalogue = classifier.model.catalogue
    direction = direction_of(prediction, catalogue.likeness)
    found = {(t.artist, t.title): t.alike for t in Acoustic(catalogue).nearest(direction)}
    named = [n for n in prediction.neighbours if n.artist and n.title]
    assert named
    for neighbour in named:
        alike = found[neighbour.artist, neighbour.title]
        assert alike == pytest.approx(1 - neighbour.distance, abs=1e-6)
