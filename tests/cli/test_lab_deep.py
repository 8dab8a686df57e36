"""``genregenie lab deep`` and ``lab classify``."""

import json
import sys
from functools import partial

import pytest

from genregenie.cli.main import main
from genregenie.lab import hand_made
from genregenie.lab.deep import clips, networks, whole
from genregenie.lab.deep.networks import NETWORKS
from tests import sounds
from tests.lab.deep.conftest import BRIEF, SMALL, small_clips


def test_it_lists_the_networks(capsys):
    assert main(["lab", "deep", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(network.title in out for network in NETWORKS)
    assert main(["lab", "deep", "--list", "--system", "b", "--model", "cnn"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "cnn"], "Choose a system too"),
        (["--system", "C"], "There is no network C"),
        (["--vggish", "a.onnx"], "give its folder with --audio"),
        (["--audio", "nowhere", "--quick"], "There is no folder nowhere"),
        (["--system", "E", "--protocol", "luck"], "There is no protocol luck"),
    ],
)
def test_wrong_use_gets_a_sentence(capsys, monkeypatch, options, sentence):
    monkeypatch.setattr(clips, "open_clips", lambda kind: small_clips())
    assert main(["lab", "deep", *options]) == 1
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


def test_without_data_it_says_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("GENREGENIE_SHARED", str(tmp_path))
    assert main(["lab", "deep", "--quick"]) == 1
    err = capsys.readouterr().err
    assert "not on this machine" in err
    assert "--audio" in err


@pytest.mark.slow
def test_without_keras_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr(clips, "open_clips", lambda kind: small_clips())
    monkeypatch.setattr(networks, "NETWORKS", (SMALL,))
    monkeypatch.setitem(sys.modules, "keras", None)
    assert main(["lab", "deep", "--quick"]) == 1
    assert "pip install 'genregenie[deep]'" in capsys.readouterr().err


@pytest.mark.slow
def test_one_network_under_one_protocol(capsys, keras, monkeypatch, tmp_path):
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(clips, "open_clips", lambda kind: small_clips())
    monkeypatch.setattr(networks, "NETWORKS", (SMALL,))
    own = ["--system", "E", "--model", "small", "--protocol", "grouped", "--seeds", "1"]
    options = [*own, "--epochs", "2", "--jobs", "1", "--output", str(tmp_path), "--show"]
    shown = {"scores": "60-20-20", "report": "precision", "confusion": "really",
             "epochs": "loss, held out"}  # fmt: skip
    for part, wanted in shown.items():  # the first trains, and is not done again
        assert main(["lab", "deep", *options, part]) == 0
        out = capsys.readouterr().out
        assert wanted in out
        assert [w for w in shown.values() if w in out] == [wanted]
        assert "E small, artists apart, seed 0: accuracy" in out
        assert (tmp_path / "scores.csv").exists()


@pytest.mark.slow
def test_the_whole_run_writes_everything_and_forgets_its_work(capsys, keras, monkeypatch, tmp_path):
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(whole, "open_clips", lambda kind: small_clips())
    monkeypatch.setattr(whole, "NETWORKS", (BRIEF,))
    monkeypatch.setattr(whole, "EVERYTHING", whole.Order((BRIEF,), seeds=1, epochs=2))
    monkeypatch.setattr(whole, "STUDIED", ("E", "small"))
    monkeypatch.setattr(whole, "PATIENCE", 1)
    monkeypatch.setattr(whole, "study", partial(whole.study, seeds=1))
    out = tmp_path / "out"
    assert main(["lab", "deep", "--jobs", "1", "--output", str(out)]) == 0
    assert "Done in" in capsys.readouterr().out
    for name in ("scores.csv", "training.csv", "augmentation.csv", "kept/E-small.onnx"):
        assert (out / name).exists(), name
    assert not whole.work_folder().exists()


@pytest.mark.slow
def test_every_system_says_what_it_hears(capsys, monkeypatch, tmp_path):
    path = tmp_path / "clip.flac"
    path.write_bytes(sounds.encode(sounds.tune(5.0), 22_050, "flac", "flac"))
    # Loading librosa is slow, and its rows are the subject of tests/lab/test_answers.py.
    monkeypatch.setitem(sys.modules, "librosa", None)
    hand_made.prepare.cache_clear()
    assert main(["lab", "classify", str(path)]) == 0
    out = capsys.readouterr().out
    assert "boosted_trees" in out
    assert "numbers that Spotify computes" in out
    assert main(["lab", "classify", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"system", "model", "genre", "confidence", "milliseconds", "remark"} <= set(found[0])
    path.write_bytes(b"no music")
    assert main(["lab", "classify", str(path)]) == 1
    assert "not audio" in capsys.readouterr().err
