"""Neighbours: what is near, what is left out, and how alike that is."""

from itertools import islice

import numpy as np
import pytest

from genregenie.datasets.table import read_table
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.inference.classifier import Classifier
from genregenie.recommend.acoustic import Acoustic, SimilarTrack, as_share, directions, top, varied
from tests.recommend.conftest import make_catalogue


def alike(artist: str, title: str, share: float) -> SimilarTrack:
    return SimilarTrack(artist, title, "rock", share)


def test_the_same_direction_is_wholly_alike():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, VECTOR_WIDTH))
    names = [(f"artist {i}", f"song {i}", "rock") for i in range(50)]
    acoustic = Acoustic(make_catalogue(names, vectors))
    found = acoustic.nearest(vectors[7], 50)
    assert found[0].title == "song 7"
    assert found[0].alike == pytest.approx(1.0, abs=1e-6)
    shares = [track.alike for track in found]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0.0


def test_what_has_no_name_is_not_shown():
    vectors = np.random.default_rng(0).normal(size=(4, VECTOR_WIDTH))
    names = [("", "song", "rock"), ("artist", "", "rock"), ("a", "b", "rock"), ("c", "d", "pop")]
    acoustic = Acoustic(make_catalogue(names, vectors))
    assert {track.artist for track in acoustic.nearest(vectors[0])} == {"a", "c"}
    assert acoustic.nearest(np.empty(0)) == []


def test_one_track_for_each_artist():
    found = [alike("Queen", "A", 0.9), alike("The Queen", "B", 0.8), alike("Toto", "C", 0.7)]
    assert [t.title for t in varied(found)] == ["A", "C"]


def test_repeats_and_the_clip_itself_are_left_out():
    found = [
        alike("Me", "The very clip", 0.99999),
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
    values = np.array([0.1, 0.9, 0.5, 0.7], dtype=np.float32)
    assert top(values, count) == [1, 3, 2, 0][:count]


def test_a_zero_vector_has_a_direction():
    assert np.isfinite(directions(np.zeros((1, 3)), np.zeros(3))).all()


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


def test_the_shipped_catalogue_names_the_genre_more_often_than_euclid(gtzan):
    """The measured choice of distance, guarded: precision at 10, artists kept apart."""
    table = read_table(gtzan / "mfcc_statistics.npz")
    catalogue = Classifier.load().model.catalogue
    vectors = catalogue.space.vectors(table.rows)
    unit = directions(vectors, vectors.mean(axis=0)).astype(np.float64)
    squares = (vectors**2).sum(axis=1)
    euclid = -(squares[:, None] + squares - 2 * vectors @ vectors.T)

    def precision(similarity):
        similarity = similarity.copy()
        similarity[table.groups[:, None] == table.groups] = -np.inf
        ten = np.argsort(-similarity, axis=1)[:, :10]
        return (table.genre[ten] == table.genre[:, None]).mean()

    cosine = precision(unit @ unit.T)
    assert cosine > precision(euclid)
    assert cosine > 0.38


def test_a_shipped_neighbour_is_not_the_clip(gtzan):
    classifier = Classifier.load()
    acoustic = Acoustic(classifier.model.catalogue)
    prediction = classifier.predict(gtzan / "audio/full/reggae.00000.flac")
    found = list(islice(varied(acoustic.nearest(prediction.vector)), 6))
    assert len(found) == 6
    assert len({track.artist for track in found}) == 6
    assert all(0.0 < track.alike < 0.9995 for track in found)
