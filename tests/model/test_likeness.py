"""The one measure by which neighbours are found."""

import numpy as np
import pytest

from genregenie.autotag.vocabulary import TAGS
from genregenie.features.tangent import VECTOR_WIDTH
from genregenie.model.catalogue import Catalogue
from genregenie.model.likeness import Likeness, unit
from tests.recommend.conftest import UNHEARD, make_axes, make_catalogue

AXES = make_axes()
LIKENESS = Likeness(np.ones(VECTOR_WIDTH), AXES)


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(6, VECTOR_WIDTH))


@pytest.fixture
def tags() -> np.ndarray:
    return np.random.default_rng(2).uniform(size=(6, TAGS))


def cosines(a: np.ndarray) -> np.ndarray:
    lengths = np.sqrt((a**2).sum(axis=1))
    return a @ a.T / lengths / lengths[:, None]


def test_half_is_timbre_and_half_is_what_the_network_hears(vectors, tags):
    directions = LIKENESS.directions(vectors, tags)
    assert directions.dtype == np.float32
    assert directions.shape == (6, LIKENESS.width)
    timbre, heard = cosines(vectors - 1.0), cosines((tags - AXES.centre) @ AXES.weights)
    assert directions @ directions.T == pytest.approx((timbre + heard) / 2, abs=1e-6)
    assert LIKENESS.timbre_alike(directions, directions[2]) == pytest.approx(timbre[2], abs=1e-6)


def test_what_was_not_heard_is_expected_from_timbre(vectors, tags):
    tags[3] = np.nan
    directions = LIKENESS.directions(vectors, tags)
    expected = (vectors[3] - 1.0) @ AXES.expected + AXES.expected_at_centre
    half = directions[3, VECTOR_WIDTH:]
    assert half == pytest.approx(expected / np.linalg.norm(expected) / np.sqrt(2), abs=1e-6)
    everything = LIKENESS.directions(vectors, np.tile(UNHEARD, (6, 1)))
    assert everything[3] == pytest.approx(directions[3])


def test_without_axes_timbre_alone_counts(vectors, tags):
    alone = Likeness(np.ones(VECTOR_WIDTH))
    directions = alone.directions(vectors, tags)
    assert directions.shape == (6, alone.width) == (6, VECTOR_WIDTH)
    assert directions @ directions.T == pytest.approx(cosines(vectors - 1.0), abs=1e-6)
    assert alone.timbre_alike(directions, directions[0]) == pytest.approx(
        directions @ directions[0]
    )


def test_a_vector_of_no_length_stays_as_it_is():
    assert unit(np.zeros((1, 3))).tolist() == [[0.0, 0.0, 0.0]]


def test_a_catalogue_keeps_what_tells_likeness(tmp_path, vectors, tags):
    tags[1] = np.nan
    names = [(f"artist {i}", f"song {i}", "rock") for i in range(6)]
    kept = make_catalogue(names, vectors, tags, AXES)
    kept.save(tmp_path / "catalogue.npz")
    read = Catalogue.load(tmp_path / "catalogue.npz")
    assert read.directions == pytest.approx(kept.directions, abs=1e-6)
    assert np.isnan(read.autotags[1]).all()
    alike = read.alike(vectors[2:3], tags[2:3])[0]
    assert alike[2] == pytest.approx(1.0, abs=1e-6)
    assert alike.argmax() == 2


def test_a_catalogue_of_an_earlier_release_compares_timbre(tmp_path, vectors):
    names = [(f"artist {i}", f"song {i}", "rock") for i in range(6)]
    make_catalogue(names, vectors).save(tmp_path / "catalogue.npz")
    with np.load(tmp_path / "catalogue.npz") as npz:
        earlier = {"artist", "title", "genre", "vectors", "centre", "reference", "weights"}
        assert set(npz.files) == earlier
    read = Catalogue.load(tmp_path / "catalogue.npz")
    assert read.axes is None
    assert read.directions.shape == (6, VECTOR_WIDTH)
    assert np.isnan(read.autotags).all()
