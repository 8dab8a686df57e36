"""The networks' inputs from a folder of GTZAN's audio, and VGGish's in musicnn's place."""

import numpy as np
import pytest

from genregenie.common.errors import DataError
from genregenie.common.settings import training_data_dir
from genregenie.lab.deep import audio, vggish
from tests import sounds

RATE_HZ = 22_050


def gtzan(root, files):
    """The usual layout, of links to files called like GTZAN's."""
    for file in files:
        folder = root / "genres_original" / file.name.split(".")[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).symlink_to(file)
    return root


@pytest.fixture
def own_data(monkeypatch, tmp_path):
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    pytest.importorskip("librosa")


@pytest.mark.data
@pytest.mark.slow
def test_a_folder_like_gtzan_is_read_and_the_corrupt_clip_told(own_data, tmp_path):
    data = training_data_dir() / "gtzan" / "audio"
    whole = sorted((data / "full").glob("*.flac"))
    some = [next(f for f in whole if f.name.startswith(g)) for g in ("jazz", "metal")]
    some.append(next((data / "first_15s").glob("jazz*")))
    root = gtzan(tmp_path / "gtzan", some)
    (root / "genres_original" / "jazz" / "jazz.00054.wav").write_bytes(b"RIFF1234WAVEfmt ")
    lines: list[str] = []
    opened = audio.opener(root, jobs=1, say=lines.append)
    assert [line for line in lines if line.startswith("jazz.00054.wav is left out")]
    clips = opened("heard")
    assert {name: values.shape[1:] for name, values in clips.inputs.items()} == {
        "image": (152, 129),
        "sequence": (129, 48),
        "embedding": (50,),
        "windows": (10, 50),
    }
    assert clips.table.genre.tolist() == ["jazz", "jazz", "metal"]
    assert (clips.table.artist != "").any()
    slices = opened("slices")
    assert len(slices) == 30
    assert slices.inputs["slice"].shape == (30, 130, 13)
    assert all(np.isfinite(values).all() for values in clips.inputs.values())
    # The picture from librosa is the one that the published tables show.
    from genregenie.datasets.gtzan import PICTURES_NPZ
    from genregenie.lab.deep import pictures

    with np.load(training_data_dir() / "gtzan" / PICTURES_NPZ) as npz:
        shown = dict(zip(npz["track"].tolist(), npz["mel"], strict=True))
    track = clips.table.track[2]
    theirs = pictures.shrunk(pictures.published(shown[track]))
    own = clips.inputs["image"][2, :128]
    assert np.corrcoef(own.ravel(), theirs.ravel())[0, 1] > 0.9
    lines.clear()
    again = audio.opener(root, jobs=1, say=lines.append)("pictures")
    assert lines == ["3 files, as they were listened to before"]
    np.testing.assert_array_equal(again.inputs["image"], clips.inputs["image"])


@pytest.mark.parametrize("what", ["missing", "empty", "flat", "one genre"])
def test_a_folder_that_is_not_laid_out_like_gtzan_is_told(own_data, tmp_path, what):
    root = tmp_path / "music"
    if what != "missing":
        root.mkdir()
    if what == "flat":
        (root / "a.wav").touch()
    if what == "one genre":
        (root / "jazz").mkdir()
        (root / "jazz" / "a.wav").touch()
    with pytest.raises(
        DataError, match="no folder" if what == "missing" else "laid out like GTZAN"
    ):
        audio.opener(root)


def test_a_missing_library_is_told(own_data, tmp_path, monkeypatch):
    for genre in ("jazz", "metal"):
        (tmp_path / genre).mkdir()
        (tmp_path / genre / "a.wav").touch()
    monkeypatch.setitem(__import__("sys").modules, "librosa", None)
    with pytest.raises(DataError, match=r"needs librosa: pip install 'genregenie\[deep\]'"):
        audio.opener(tmp_path)


def test_wavelet_energies_follow_the_octave():
    pytest.importorskip("pywt")
    t = np.arange(30 * RATE_HZ) / RATE_HZ
    low, high = (
        audio.wavelet_energies(np.sin(2 * np.pi * hz * t).astype("f")).mean(axis=1)
        for hz in (60.0, 8_000.0)
    )
    assert low.shape == (8,)
    assert low.argmax() == 0  # the approximation: below 86 Hz
    assert high.argmax() == 7


def test_vggish_patches_are_0_96_s_and_show_a_tone_in_its_band():
    t = np.arange(5 * RATE_HZ) / RATE_HZ
    found = [vggish.patches(np.sin(2 * np.pi * hz * t).astype("f")) for hz in (300.0, 3_000.0)]
    assert {patches.shape for patches in found} == {(5, 96, 64)}
    bands = [int(patches[1:-1].mean(axis=(0, 1)).argmax()) for patches in found]
    mel = 1127 * np.log1p(np.array([125.0, 300.0, 3_000.0, 7_500.0]) / 700)
    wanted = 65 * (mel[1:3] - mel[0]) / (mel[3] - mel[0]) - 1
    np.testing.assert_allclose(bands, wanted, atol=1.0)


def _network(path, shape, answers=128):
    """A network of VGGish's form: each patch's mean over time, then a matrix."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).normal(size=(64, answers)).astype(np.float32)
    nodes = [
        helper.make_node("Reshape", ["patches", "as_patches"], ["flat"]),
        helper.make_node("ReduceMean", ["flat", "time"], ["bands"], keepdims=0),
        helper.make_node("MatMul", ["bands", "weights"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "vggish",
        [helper.make_tensor_value_info("patches", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", answers])],
        [
            numpy_helper.from_array(np.array([-1, 96, 64], np.int64), "as_patches"),
            numpy_helper.from_array(np.array([1], np.int64), "time"),
            numpy_helper.from_array(weights, "weights"),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(made, path)
    return weights


@pytest.mark.parametrize("shape", [["n", 96, 64], ["n", 1, 96, 64], ["n", 96, 64, 1]])
def test_a_vggish_network_of_any_layout_is_heard(tmp_path, shape):
    path = tmp_path / "vggish.onnx"
    weights = _network(path, shape)
    song = sounds.tune(6.0)[0]
    found = vggish.embedding(song, path)
    wanted = vggish.patches(song).mean(axis=(0, 1)) @ weights
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)


def test_another_network_is_no_vggish(tmp_path):
    song = sounds.tune(3.0)[0]
    _network(tmp_path / "a.onnx", ["n", 96, 64], answers=7)
    with pytest.raises(DataError, match="VGGish answers 128"):
        vggish.embedding(song, tmp_path / "a.onnx")
    _network(tmp_path / "b.onnx", ["n", 32, 64])
    with pytest.raises(DataError, match="patches of 96 frames"):
        vggish.embedding(song, tmp_path / "b.onnx")
    (tmp_path / "c.onnx").write_bytes(b"no network")
    with pytest.raises(DataError, match=r"c\.onnx is no ONNX network"):
        vggish.embedding(song, tmp_path / "c.onnx")
    with pytest.raises(DataError, match="There is no network"):
        vggish.embedding(song, tmp_path / "d.onnx")
