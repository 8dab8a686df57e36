"""What every earlier system would have said of a clip, by the models that are shipped."""

import sys

import numpy as np
import pytest

from genregenie.common import resources
from genregenie.common.genres import GENRES
from genregenie.common.settings import training_data_dir
from genregenie.lab import hand_made, kept
from genregenie.lab.answers import answers
from genregenie.lab.deep.networks import NETWORKS
from tests import sounds

RATE_HZ = 22_050
ROWS = [
    *("A knn_text", "B forest", "B knn", "B svm", "B boosted_trees", "B cnn", "C forest"),
    *("D everything", "D attention", "E logistic_regression", "E sgd", "E forest"),
    *("E cnn", "E lstm", "E hybrid"),
]


def clip(seconds: float = 8.0, **tags: str) -> bytes:
    return sounds.encode(sounds.tune(seconds), RATE_HZ, "flac", "flac", tags=tags)


@pytest.mark.slow
def test_every_system_answers_in_its_own_row():
    pytest.importorskip("librosa")
    found = answers(clip(artist="Metallica", title="Battery"))
    assert [f"{a.system} {a.model}" for a in found] == ROWS
    for answer in found:
        if answer.system == "C":
            assert answer.genre is None
            assert "numbers that Spotify computes" in answer.remark
            continue
        assert answer.remark == ("its tags say: Metallica Battery" if answer.system == "A" else "")
        assert answer.took_ms > 0
        assert set(answer.confidences) == set(GENRES)
        assert sum(answer.confidences.values()) == pytest.approx(1.0, abs=1e-3)
        assert answer.confidences[answer.genre] == answer.confidence
    record = found[0].to_dict()
    assert record["genre"] in GENRES
    assert record["milliseconds"] > 0


@pytest.mark.slow
def test_without_librosa_its_rows_say_so_and_the_others_answer(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    hand_made.prepare.cache_clear()
    found = {f"{a.system} {a.model}": a for a in answers(clip())}
    for row in ("A knn_text", "B forest", "B svm", "E forest", "E sgd"):
        assert found[row].genre is None
        assert "pip install 'genregenie[earlier]'" in found[row].remark
    for row in ("B cnn", "D everything", "D attention", "E cnn", "E lstm", "E hybrid"):
        assert found[row].genre in GENRES


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.2, 3.0, 45.0])
def test_clips_of_any_length_are_answered(monkeypatch, seconds):
    monkeypatch.setitem(sys.modules, "librosa", None)
    hand_made.prepare.cache_clear()
    found = answers(clip(seconds))
    assert sum(answer.genre is not None for answer in found) == 6


@pytest.mark.slow
def test_models_that_are_not_there_are_told(monkeypatch, tmp_path):
    pytest.importorskip("librosa")
    found = answers(clip(2.0), tmp_path)
    assert [a.genre is not None for a in found].count(True) == 1  # ours
    assert any("'genregenie lab deep' makes it" in a.remark for a in found)
    assert any("'genregenie lab' makes it" in a.remark for a in found)


def test_all_that_is_kept_is_small():
    folder = resources.models() / "lab" / "kept"
    names = {path.name for path in folder.iterdir()}
    wanted = {f"{key}-{name}.skops" for key, own in kept.PIPELINES.items() for name in own}
    wanted |= {f"{n.system}-{n.name}.onnx" for n in NETWORKS if n.is_kept}
    assert names == wanted
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6e6


@pytest.mark.data
@pytest.mark.slow
def test_hand_made_features_are_the_published_tables():
    pytest.importorskip("librosa")
    import soundfile

    from genregenie.lab.tables import open_table

    table = open_table("gtzan")
    folder = training_data_dir() / "gtzan" / "audio" / "full"
    for path in sorted(folder.glob("*.flac"))[::15]:
        samples, _ = soundfile.read(path, dtype="float32")
        own = hand_made.row_of(hand_made.hand_made(samples), table.columns)
        published = table.rows[table.track.tolist().index(path.stem)]
        means = [c in ("harmony_mean", "perceptr_mean") for c in table.columns]
        away = np.abs(own / published - 1)
        assert away[~np.array(means)].max() < 0.03
        assert np.median(away) < 0.002


@pytest.mark.data
@pytest.mark.slow
def test_networks_name_most_of_what_they_learnt_from(monkeypatch):
    """They are given of a sound what they were given of its published picture."""
    monkeypatch.setitem(sys.modules, "librosa", None)
    hand_made.prepare.cache_clear()
    right: dict[str, list[bool]] = {}
    for path in sorted((training_data_dir() / "gtzan" / "audio" / "full").glob("*.flac"))[::4]:
        for answer in answers(path):
            if answer.genre is not None:
                right.setdefault(f"{answer.system} {answer.model}", []).append(
                    answer.genre == path.name.split(".")[0]
                )
    for row in ("E cnn", "E lstm", "E hybrid", "D attention"):
        assert np.mean(right[row]) >= 0.75, row
    assert np.mean(right["B cnn"]) >= 0.5  # of the pictures themselves nine in ten
