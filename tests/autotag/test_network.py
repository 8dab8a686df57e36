"""The converted network gives what their authors published."""

import os
import subprocess
import sys

import numpy as np
import pytest
import soxr

from genregenie.audio import RATE_HZ, AudioFile
from genregenie.autotag import network as module
from genregenie.autotag.mel import BANDS, MEL_RATE_HZ, PATCH_FRAMES, patch_of
from genregenie.autotag.network import AutotagError, Network, network
from genregenie.common import resources
from tests import machine, sounds


@pytest.fixture
def net() -> Network:
    return network()


def test_what_comes_out(net):
    rng = np.random.default_rng(0)
    patches = rng.random((3, PATCH_FRAMES, BANDS), dtype=np.float32) * 3
    probabilities, embeddings = net.hear(patches)
    assert probabilities.shape == (3, 50) == (3, len(net.names))
    assert embeddings.shape == (3, 200)
    assert ((probabilities > 0) & (probabilities < 1)).all()
    again, _ = net.hear(patches[1:2])
    assert (again[0] == probabilities[1]).all(), "windows do not touch each other"
    short, _ = net.hear([patches[0][:80]])
    assert short.shape == (1, 50)
    nothing, none = net.hear([])
    assert nothing.shape == (0, 50)
    assert none.shape == (0, 200)


@pytest.mark.slow
def test_the_published_answers(gtzan):
    """Means over a clip, as its authors published them; windows begin every 62 frames there.

    Every third of those is heard, which are the ones that do not overlap.
    """
    published = np.load(gtzan / "musicnn_taggrams.npz")
    assert tuple(published["names"]) == network().names
    correlations, furthest = [], 0.0
    for path in sorted((gtzan / "audio" / "full").glob("*.flac")):
        rows = published["track"] == path.stem
        if not rows.any():
            continue
        with AudioFile(path) as audio:
            samples = np.concatenate([b for s in audio.stretches() for b in s.blocks])
        patch = patch_of(soxr.resample(samples, RATE_HZ, MEL_RATE_HZ, quality="HQ"))
        starts = range(0, len(patch) - PATCH_FRAMES + 1, 62)
        assert rows.sum() == len(starts)
        heard, _ = network().hear([patch[i : i + PATCH_FRAMES] for i in starts[::3]])
        ours, theirs = heard.mean(axis=0), published["tags"][rows][::3].mean(axis=0)
        furthest = max(furthest, float(np.abs(ours - theirs).max()))
        correlations.append(np.corrcoef(ours, theirs)[0, 1])
    assert len(correlations) == 17
    assert furthest < 0.05
    assert np.median(correlations) > 0.997


def test_onnxruntime_is_imported_when_it_is_used():
    code = (
        "import sys, genregenie.autotag.network, genregenie.autotag.mel\n"
        "assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_missing_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "models", lambda: tmp_path)
    with pytest.raises(AutotagError, match="is missing"):
        Network()
    (tmp_path / "musicnn").mkdir()
    (tmp_path / "musicnn" / "msd.onnx").write_bytes(b"no network")
    with pytest.raises(AutotagError, match="cannot be read"):
        Network()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(AutotagError, match=r"pip install onnxruntime.*--fast"):
        module.Network()


WITHOUT = """
import importlib.util, sys
real = importlib.util.find_spec
gone = {"onnxruntime", "soxr"}
importlib.util.find_spec = lambda name, *more: None if name in gone else real(name, *more)
sys.modules["onnxruntime"] = sys.modules["soxr"] = None
from genregenie.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hearing", "status", "words"),
    [
        ("", 0, "timbre and rhythm alone are heard"),
        ("timbre", 0, ""),
        ("all", 1, "needs onnxruntime and soxr"),
        ("everything", 1, "GENREGENIE_HEARING must be one of all, timbre."),
    ],
)
def test_without_its_libraries_it_is_left_out_unless_it_is_wanted(tmp_path, hearing, status, words):
    clip = tmp_path / "clip.wav"
    clip.write_bytes(sounds.encode(sounds.tune(6.0)))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "classify", str(clip)],
        env=os.environ | {"GENREGENIE_HEARING": hearing},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (str(clip) in done.stdout) == (status == 0)


def test_nobody_is_told_what_is_heard(tmp_path):
    # The runtime would keep a number at home to be known by, and send what it is used for.
    command = "from genregenie.autotag.network import Network; Network()"
    done = machine.run("-c", command, environment={"HOME": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
