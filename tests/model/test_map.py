"""Where songs lie on the map of the reference tracks."""

import shutil
import zipfile

import numpy as np
import pytest

from genregenie.common import settings
from genregenie.inference.classifier import Classifier
from genregenie.model.map import Map
from genregenie.model.metadata import MODEL_JSON
from genregenie.model.model import ARRAYS_NPZ, CATALOGUE_NPZ, MAP_NPZ, Model, ModelError

SQUARE = Map(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5], [0.9, 0.1]]))


def test_a_song_lies_among_its_nearest_by_one_over_the_distance():
    alike = np.array([[0.5, 0.5, 0.0, 0.0, -1.0, -1.0]], dtype=np.float32)
    (place,) = SQUARE.place(alike, nearest=4)
    assert place == pytest.approx([0.5, (1 + 1) / (2 + 2 + 1 + 1)])
    (place,) = SQUARE.place(alike, nearest=2)
    assert place == pytest.approx([0.5, 0.0])
    assert SQUARE.place(alike, nearest=99).shape == (1, 2)


def test_a_track_of_the_catalogue_lies_on_itself():
    alike = np.full((1, 6), 0.2, dtype=np.float32)
    for closest in (1.0, 1.0000001):  # directions are float32
        alike[0, 3] = closest
        assert SQUARE.place(alike)[0] == pytest.approx([1.0, 1.0], abs=1e-3)


def test_the_names_of_genres_stand_at_the_median():
    genre = np.array(["jazz", "rock", "jazz", "rock", "jazz", "rock"])
    assert SQUARE.centres(genre) == {"jazz": (0.0, 0.5), "rock": (1.0, 0.1)}


def test_it_is_read_as_it_was_written(tmp_path):
    SQUARE.save(tmp_path / MAP_NPZ)
    read = Map.load(tmp_path / MAP_NPZ, 6)
    assert read is not None
    assert read.positions == pytest.approx(SQUARE.positions)
    with pytest.raises(ValueError, match="not \\(7, 2\\)"):
        Map.load(tmp_path / MAP_NPZ, 7)
    assert Map.load(tmp_path / "none.npz", 6) is None
    (tmp_path / MAP_NPZ).write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(zipfile.BadZipFile):
        Map.load(tmp_path / MAP_NPZ, 6)


def test_a_model_has_a_map_or_none_but_not_of_another_catalogue(tmp_path):
    shipped = Classifier.load().model
    for file in (MODEL_JSON, ARRAYS_NPZ, CATALOGUE_NPZ):
        shutil.copy(settings.model_dir() / file, tmp_path)
    vectors, unheard = shipped.catalogue.vectors[:3], np.full((3, 50), np.nan)
    assert Model.load(tmp_path).places(vectors, unheard) is None
    SQUARE.save(tmp_path / MAP_NPZ)
    with pytest.raises(ModelError, match="the map has the shape"):
        Model.load(tmp_path)
    places = shipped.places(vectors, shipped.catalogue.autotags[:3])
    assert places == pytest.approx(shipped.map.positions[:3], abs=0.05)


def test_the_shipped_map_keeps_genres_together():
    """Of a track's ten nearest on it, artists apart, see benchmarks/neighbours.py map."""
    model = Classifier.load().model
    positions, catalogue = model.map.positions, model.catalogue
    assert positions.min() == 0.0
    assert positions.max() == 1.0
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    artist = np.where(catalogue.artist == "", catalogue.title, catalogue.artist)
    distances[artist[:, None] == artist] = np.inf
    near = np.argsort(distances, axis=1)[:, :10]
    assert (catalogue.genre[near] == catalogue.genre[:, None]).mean() > 0.65
