"""The map as HTML, and where things lie on it."""

import re
from dataclasses import replace

import numpy as np
import pytest

from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.model.map import Map
from genregenie.model.model import Model
from genregenie.web.views.song_map import MARGIN, Dot, names_on_sheet, on_sheet, song_map
from genregenie.web.views.songs import Heard

DOTS = (
    Dot(7, Heard("Corner Table", "GenreGenie", Headline("Jazz", "88 % sure."), (0.0, 1.0)), "jazz"),
    Dot(3, Heard("Recording", None, Headline("Probably rock", "61 % sure."), (0.5, 0.25)), "rock"),
    Dot(4, Heard("Talk", None, Headline("Not music", "Speech."), None), None),
)


@pytest.fixture(scope="module")
def model() -> Model:
    return Classifier.load().model


def test_a_sheet_of_any_size_keeps_its_margin() -> None:
    corners = on_sheet(np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]), 1000, 580)
    assert corners == pytest.approx(
        np.array([[1000, 580]]) * [[MARGIN] * 2, [1 - MARGIN] * 2, [0.5] * 2]
    )


def test_every_track_and_every_song_is_on_it(model: Model) -> None:
    html = song_map(model, DOTS)
    assert len(re.findall(r"M\d+ \d+h0", html)) == len(model.catalogue.genre)
    assert html.count("<path") == len(model.genres)
    assert html.count('aria-hidden="true"') == 2 + len(model.genres)  # drawing, names, tip
    assert 'aria-label="Corner Table, GenreGenie: Jazz: 88 % sure."' in html
    assert 'aria-label="Recording: Probably rock: 61 % sure."' in html
    assert f"left: {100 * MARGIN:.2f}%; top: {100 - 100 * MARGIN:.2f}%" in html
    assert re.findall(r'tabindex="(-?\d)"', html) == ["0", "-1"]
    assert len(html) < 30_000


def test_without_songs_the_tracks_are_there_alone(model: Model) -> None:
    html = song_map(model, ())
    assert "<path" in html
    assert "<button" not in html
    assert song_map(replace(model, map=None), DOTS) == ""
    assert names_on_sheet(replace(model, map=None)) == {}


def test_names_stand_apart(model: Model) -> None:
    """Also where the tracks of all genres lie in one heap."""
    heap = Map(np.full((len(model.catalogue.genre), 2), 0.3))
    names = list(names_on_sheet(replace(model, map=heap)).values())
    assert len(names) == len(model.genres)
    for i, one in enumerate(names):
        for other in names[:i]:
            x, y = np.abs(one - other)
            assert x >= 18 or y >= 5.4
