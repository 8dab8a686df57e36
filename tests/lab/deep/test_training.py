"""Networks as they were published, and how they are trained: needs Keras."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from genregenie.common.errors import DataError
from genregenie.common.steps import Steps
from genregenie.lab.deep import networks as published
from genregenie.lab.deep import training
from genregenie.lab.deep.clips import Clips
from genregenie.lab.deep.keeping import KeptNetwork, keep
from genregenie.lab.deep.networks import NETWORKS, Schedule, networks_of, rate_at
from genregenie.lab.deep.training import Plan, trained
from tests.lab.deep.conftest import SMALL, small_clips

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("keras")]


def trained_to_the_end(network, learnt, held=None, plan=training.AS_PUBLISHED, checkpoint=None):
    steps = Steps(trained(network, learnt, held, plan, checkpoint))
    epochs = list(steps)
    return epochs, steps.result


def nothing_in_it() -> Clips:
    """Clips that what was learnt of others says nothing of."""
    held = small_clips(30, 12, seed=1)
    held.inputs["sequence"][:] = np.random.default_rng(5).normal(size=(30, 8, 22))
    return held


def test_system_bs_network_has_exactly_its_published_parameters():
    (cnn,) = networks_of("B", "cnn")
    model = published.built(cnn, {"slice": np.zeros((2, 130, 13), np.float32)}, 10, 0)
    assert model.count_params() == 33_242
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == 32_954


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.title)
def test_every_network_answers_clips_of_other_lengths(network):
    rng = np.random.default_rng(0)
    shapes = {
        "slice": (130, 13), "image": (152, 20), "sequence": (20, 88), "embedding": (50,),
        "windows": (10, 50),
    }  # fmt: skip
    learnt = {name: rng.normal(size=(6, *shapes[name])).astype("f") for name in network.inputs}
    model = published.built(network, learnt, 10, 0)
    found = training.confidences(model, learnt)
    assert found.shape == (6, 10)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)
    if network.name in ("cnn", "lstm") and network.system == "E":
        name = network.inputs[0]
        axis = 2 if name == "image" else 1
        longer = {name: np.concatenate([learnt[name]] * 2, axis=axis)}
        assert training.confidences(model, longer).shape == (6, 10)


def test_it_learns_and_tells_how_it_goes(clips):
    held = small_clips(30, 12, seed=1)
    epochs, result = trained_to_the_end(SMALL, clips, held)
    assert [epoch.number for epoch in epochs] == list(range(1, 13))
    assert {epoch.of for epoch in epochs} == {12}
    assert epochs[-1].loss < epochs[0].loss
    assert epochs[-1].left_s == 0.0
    assert epochs[-1].held_accuracy > 0.8
    right = result.confidences(held).argmax(axis=1) == held.table.labels
    assert right.mean() == pytest.approx(epochs[-1].held_accuracy)


def test_equal_seeds_make_equal_networks_and_others_others(clips):
    short = Plan(epochs=3)
    one, two, other = (
        trained_to_the_end(SMALL, clips, plan=plan)[1].model.get_weights()
        for plan in (short, short, replace(short, seed=1))
    )
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    "plan",
    [Plan(seed=3, epochs=6), Plan(seed=3, patience=4, augmentation="both", epochs=6)],
    ids=["as published", "stopping early"],
)
def test_a_training_that_was_stopped_ends_as_if_it_was_not(clips, tmp_path, monkeypatch, plan):
    monkeypatch.setattr(training, "SAVED_EVERY", 2)
    held = nothing_in_it()  # so that the best epoch comes before what is kept
    whole, through = trained_to_the_end(SMALL, clips, held, plan)
    going = trained(SMALL, clips, held, plan, tmp_path / "kept")
    for _ in range(4):  # kept after the second, stopped within the fourth
        next(going)
    going.close()
    epochs, resumed = trained_to_the_end(SMALL, clips, held, plan, tmp_path / "kept")
    assert epochs[0].number == 3
    assert resumed.history == through.history == tuple(whole)
    for a, b in zip(resumed.model.get_weights(), through.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_was_kept_of_another_training_is_not_taken_up(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SAVED_EVERY", 1)
    trained_to_the_end(SMALL, clips, plan=Plan(epochs=2), checkpoint=tmp_path)
    other = Plan(1, epochs=2)
    epochs, _ = trained_to_the_end(SMALL, clips, plan=other, checkpoint=tmp_path)
    assert epochs[0].number == 1
    (tmp_path / "state.json").write_text("{", encoding="utf-8")
    assert next(trained(SMALL, clips, plan=other, checkpoint=tmp_path)).number == 1


def test_early_stopping_stops_and_goes_back_to_the_best(clips):
    held = nothing_in_it()
    epochs, result = trained_to_the_end(SMALL, clips, held, Plan(patience=3, epochs=80))
    losses = [epoch.held_loss for epoch in epochs]
    assert len(epochs) < 80
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    best = training.confidences(result.model, held.inputs)
    own = best[np.arange(30), held.table.labels]
    assert -np.log(own).mean() == pytest.approx(min(losses), rel=1e-4)


def test_the_rate_warms_up_and_falls_along_a_cosine():
    plan = Schedule(110, rate=1.0, warm_up=10)
    rates = [rate_at(plan, epoch) for epoch in range(110)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 10)
    assert rates[60] == pytest.approx(0.5)
    assert all(a >= b for a, b in pairwise(rates[10:]))
    assert 0 <= rates[-1] < 0.01
    assert {rate_at(Schedule(5, rate=0.1), epoch) for epoch in range(5)} == {0.1}


def test_bad_data_is_told_in_a_sentence(clips):
    one_genre = clips.take(np.flatnonzero(clips.table.genre == "jazz"))
    with pytest.raises(DataError, match="one genre"):
        next(trained(SMALL, one_genre))
    with pytest.raises(DataError, match="There are 9 clips to learn from"):
        next(trained(SMALL, clips.take(np.arange(9))))
    clips.inputs["sequence"][7, 2, 1] = np.nan
    with pytest.raises(DataError, match=r"1 of 72 clips hold .* no number, clip 7"):
        next(trained(SMALL, clips))


def test_what_is_kept_answers_without_keras(clips, tmp_path):
    _, result = trained_to_the_end(SMALL, clips, plan=Plan(epochs=4))
    path = tmp_path / "E-small.onnx"
    keep(SMALL, result, clips.table.genres, path)
    kept = KeptNetwork(path)
    assert (kept.system, kept.name, kept.inputs) == ("E", "small", ("sequence",))
    assert kept.genres == ("dub", "jazz", "punk")
    np.testing.assert_allclose(kept.confidences(clips.inputs), result.confidences(clips), atol=1e-5)
    longer = {"sequence": np.concatenate([clips.inputs["sequence"]] * 2, axis=1)}
    assert kept.confidences(longer).shape == (72, 3)


def test_large_weights_are_kept_in_half_precision(tmp_path):
    (network,) = networks_of("E", "cnn")
    rng = np.random.default_rng(0)
    images = {"image": rng.normal(size=(4, 152, 40)).astype(np.float32)}
    model = published.built(network, images, 10, 0)
    path = tmp_path / "cnn.onnx"
    keep(network, training.Trained(model, ()), tuple("abcdefghij"), path)
    assert path.stat().st_size < 3 * model.count_params()
    np.testing.assert_allclose(
        KeptNetwork(path).confidences(images), training.confidences(model, images), atol=2e-3
    )


def test_without_keras_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keras", None)
    with pytest.raises(DataError, match=r"pip install 'genregenie\[deep\]'"):
        published.keras()


def test_networks_that_are_not_there_are_told():
    with pytest.raises(DataError, match=r"no network C\. There are B feed_forward"):
        networks_of("c")
    with pytest.raises(DataError, match="no network E transformer"):
        networks_of("E", "transformer")
    with pytest.raises(DataError, match="nowhere is not kept yet; 'genregenie lab deep'"):
        KeptNetwork(__import__("pathlib").Path("nowhere.onnx"))
