"""The map that a training draws."""

import numpy as np
import pytest

from genregenie.datasets.table import Table
from genregenie.model.map import Map
from genregenie.model.model import CATALOGUE_NPZ, MAP_NPZ
from genregenie.training.calibration import catalogue
from genregenie.training.map import MIN_TRACKS, draw_map, fit_map
from tests.training.tables import make_table


@pytest.fixture(scope="module")
def table() -> Table:
    return make_table(clips=10)


def test_it_keeps_together_what_is_alike(table):
    drawn = fit_map(catalogue(table).directions)
    assert drawn is not None
    assert drawn.positions.shape == (30, 2)
    assert drawn.positions.min(axis=0) == pytest.approx([0, 0])
    assert drawn.positions.max(axis=0) == pytest.approx([1, 1])
    distances = np.linalg.norm(drawn.positions[:, None] - drawn.positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (table.genre[distances.argmin(axis=1)] == table.genre).mean() > 0.9


def test_a_folder_s_map_is_the_same_whenever_it_is_drawn(table, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        catalogue(table).save(tmp_path / name / CATALOGUE_NPZ)
        draw_map(tmp_path / name)
    first, second = ((tmp_path / name / MAP_NPZ).read_bytes() for name in ("a", "b"))
    assert first == second
    draw_map(tmp_path / "a")
    assert (tmp_path / "a" / MAP_NPZ).read_bytes() == first
    read, drawn = Map.load(tmp_path / "a" / MAP_NPZ, len(table)), draw_map(tmp_path / "a")
    assert read is not None
    assert drawn is not None
    assert read.positions == pytest.approx(drawn.positions, abs=1e-6)


def test_a_few_tracks_have_no_map(table, tmp_path):
    few = catalogue(table.take(np.arange(MIN_TRACKS - 1)))
    few.save(tmp_path / CATALOGUE_NPZ)
    assert draw_map(tmp_path) is None
    assert not (tmp_path / MAP_NPZ).exists()


def test_nor_have_those_that_all_sound_the_same():
    assert fit_map(np.full((MIN_TRACKS, 4), 0.5, dtype=np.float32)) is None
