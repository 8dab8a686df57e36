"""The example clips: there, whole, level, and music to GenreGenie's ears."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile

from genregenie.common import settings
from genregenie.inference.classifier import Classifier
from genregenie.web.ui.examples import EXAMPLES, EXAMPLES_DIR, Example
from tests import machine

needs_model = pytest.mark.skipif(
    not (settings.model_dir() / "model.json").exists(), reason="there is no trained model"
)


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.path.stem)
def example(request: pytest.FixtureRequest) -> Example:
    return request.param


def test_there_are_six_that_differ() -> None:
    assert len({e.path for e in EXAMPLES}) == len({e.name for e in EXAMPLES}) == 6
    assert sorted(e.path for e in EXAMPLES) == sorted(EXAMPLES_DIR.glob("*.mp3"))
    assert sum(e.path.stat().st_size for e in EXAMPLES) < 1_500_000


def test_levels(example: Example) -> None:
    samples, rate = soundfile.read(example.path, always_2d=True)
    assert rate == 44_100
    assert samples.shape[1] == 2
    assert 15 <= len(samples) / rate <= 30
    assert np.abs(samples).max() < 0.99, "clipped"
    assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-16, abs=1)
    by_second = [np.abs(part).max() for part in np.array_split(samples, len(samples) // rate)]
    assert min(by_second[:-1]) > 0.03, "a hole in the music"
    assert np.abs(samples.mean(axis=0)).max() < 1e-3
    assert np.abs(samples[:, 0] - samples[:, 1]).max() > 0.05, "not stereo"


@needs_model
def test_is_music_and_says_its_name(example: Example) -> None:
    heard = Classifier.load().predict(example.path)
    assert heard.verdict != "not music"
    assert heard.title == example.name
    assert heard.artist == "GenreGenie"


@pytest.mark.parametrize(
    ("module", "song"),
    [
        ("warm", "reggae"),
        ("warm", "jazz"),
        ("warm", "classical"),
        ("warm", "country"),
        ("electric", "disco"),
        ("electric", "metal"),
    ],
)
def test_the_notes_are_the_same_every_time(
    module: str, song: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(machine.ROOT / "scripts/examples")
    compose = getattr(importlib.import_module(module), song)
    try:
        first, second = compose(), compose()
    finally:
        for name in ("band", module):
            sys.modules.pop(name, None)
    first.save(tmp_path / "1.mid")
    second.save(tmp_path / "2.mid")
    assert (tmp_path / "1.mid").read_bytes() == (tmp_path / "2.mid").read_bytes()
    notes = [note for part in first.parts.values() for note in part.notes]
    assert len(notes) > 300
    assert all(0 <= note.pitch <= 127 and note.length > 0 for note in notes)
    assert first.title in {e.name for e in EXAMPLES}
