"""``genregenie train``, run the way people run it."""

import json

import pytest

from tests import sounds
from tests.machine import genregenie


@pytest.mark.slow
def test_train_on_a_folder(tmp_path):
    for genre, make in (("chords", sounds.tune), ("hiss", sounds.noise)):
        (tmp_path / "music" / genre).mkdir(parents=True)
        for i in range(6):
            data = sounds.encode(make(4.0, seed=i))
            (tmp_path / "music" / genre / f"{i}.wav").write_bytes(data)
    (tmp_path / "music/hiss/broken.wav").write_bytes(b"?")
    done = genregenie(
        *("train", tmp_path / "music", "--output", tmp_path / "model"),
        *("--candidates", "lda,knn", "--folds", "2", "--seeds", "1", "--jobs", "1"),
    )
    assert done.returncode == 0, done.stderr
    assert "skipped" in done.stderr
    assert "broken.wav" in done.stderr
    assert "candidate" in done.stdout
    assert "flatters" in done.stdout
    answer = genregenie(
        *("classify", "--json", tmp_path / "music/chords/0.wav"),
        GENREGENIE_MODEL=str(tmp_path / "model"),
    )
    (prediction,) = json.loads(answer.stdout)
    assert list(prediction["confidences"]) == ["chords", "hiss"]
    assert prediction["confidences"]["chords"] > 0.5
