"""Which trainings there are, what each keeps apart, and what came of them."""

import itertools
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config

from genregenie.common.errors import DataError
from genregenie.evaluation.protocols import FAULT_FILTERED, GROUPED, STRATIFIED, on_both_sides
from genregenie.lab import results
from genregenie.lab.deep import runs, whole
from genregenie.lab.deep.networks import NETWORKS, networks_of
from genregenie.lab.deep.training import Plan
from genregenie.lab.records import Augmented, Headline, Score, TrainingEpoch
from genregenie.training.compare import Fold
from tests.lab.deep.conftest import BRIEF, SMALL, small_clips


@settings(max_examples=25)
@given(
    st.sampled_from(NETWORKS),
    st.sampled_from([STRATIFIED, GROUPED, FAULT_FILTERED]),
    st.sampled_from([None, 5]),
    st.integers(0, 100),
)
def test_no_training_sees_what_it_is_scored_on(network, protocol, patience, seed):
    clips = small_clips(90, 30, seed=seed)
    found = runs.tasks(network, clips, protocol, plan=Plan(patience=patience))
    assert {task.plan.seed for task in found} == {0, 1, 2}
    for task in found:
        assert not set(task.learnt) & set(task.scored)
        assert not on_both_sides(clips.table, protocol, task.learnt, task.scored)
        watches_what_is_scored = bool(set(task.held) & set(task.scored))
        if watches_what_is_scored:  # then nothing may be chosen by it
            assert task.plan.patience is None
        else:
            assert not set(task.held) & set(task.learnt)
            assert not on_both_sides(clips.table, protocol, task.held, task.scored)


def test_long_schedules_are_cut_short_but_for_the_published_figures_first_seed():
    clips = small_clips()
    (cnn,) = networks_of("E", "cnn")
    patience = [t.plan.patience for t in runs.tasks(cnn, clips, STRATIFIED)]
    assert patience == [None, runs.PATIENCE, runs.PATIENCE]
    patience = [t.plan.patience for t in runs.tasks(cnn, clips, GROUPED)]
    assert patience == [runs.PATIENCE] * 3
    whole_ones = runs.tasks(cnn, clips, STRATIFIED, whole=True)
    assert {t.plan.patience for t in whole_ones} == {None}
    (short,) = networks_of("B", "cnn")
    assert {t.plan.patience for t in runs.tasks(short, clips, STRATIFIED)} == {None}


def test_every_genre_is_held_out_where_artists_stay_apart():
    clips = small_clips(90, 30)
    (cnn,) = networks_of("E", "cnn")
    for task in runs.tasks(cnn, clips, GROUPED, seeds=6):
        assert len(set(clips.table.genre[task.scored])) == 3


@pytest.fixture
def order(keras):
    return whole.Order((SMALL,), seeds=2, epochs=2)


@pytest.mark.slow
def test_a_run_is_scored_written_and_not_done_twice(order, clips, tmp_path, monkeypatch):
    work, folder = tmp_path / "work", tmp_path / "kept"
    lines: list[str] = []
    found = whole.run_deep(order, lambda kind: clips, 1, lines.append, folder, work)
    kinds = [deep.row.protocol.kind for deep in found]
    assert kinds == ["stratified", "grouped", "fault-filtered"]
    assert all(0 <= deep.row.accuracy <= 1 for deep in found)
    assert all(deep.row.confusion.sum() > 0 for deep in found)
    assert lines[0] == "72 clips of the set pictures"
    assert sum("after 2 epochs" in line for line in lines) == 6
    (headline,) = results.read(Headline, folder)
    assert headline.model == "small"
    assert headline.honest == pytest.approx(found[1].row.accuracy, abs=1e-4)
    assert [score.shape for score in results.read(Score, folder)] == [
        "60-20-20",
        "60-20-20",
        "fixed",
    ]
    course = results.read(TrainingEpoch, folder)
    assert [e.epoch for e in course if e.protocol == "grouped"] == [1, 2]

    def nothing(*_args, **_named):
        raise AssertionError("trained once more")

    monkeypatch.setattr(runs, "trained", nothing)
    again = whole.run_deep(order, lambda kind: clips, 1, None, None, work)
    assert [deep.row.accuracy for deep in again] == [deep.row.accuracy for deep in found]
    other = small_clips(seed=9)
    with pytest.raises(AssertionError, match="once more"):
        whole.run_deep(order, lambda kind: other, 1, None, None, work)


@pytest.mark.slow
def test_two_processes_find_what_one_finds(order, clips):
    order = replace(order, protocols=("grouped",), seeds=1)
    alone, shared = (whole.run_deep(order, lambda kind: clips, jobs) for jobs in (1, 2))
    for a, b in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(a.row.confusion, b.row.confusion)


def test_what_ends_first_stands_where_it_was_asked_for(order, clips, monkeypatch):
    second_is_done = threading.Event()

    def done(task, *_):
        seed = task.plan.seed
        if seed:
            second_is_done.set()
        assert second_is_done.wait(20)
        return runs.Outcome(Fold(np.zeros((len(task.scored), 3)), seed, 0.0), ())

    monkeypatch.setattr(runs, "done", done)
    todo = runs.tasks(SMALL, clips, GROUPED, seeds=2)
    with parallel_config("threading"):
        found = runs.run(todo, clips, jobs=2)
    assert [outcome.fold.fit_s for outcome in found] == [0, 1]


@pytest.mark.slow
def test_with_a_gpu_one_process_has_it(order, clips, monkeypatch):
    counts = []

    class Watched(runs.Parallel):
        def __init__(self, n_jobs, **named):
            counts.append(n_jobs)
            super().__init__(1, **named)

    monkeypatch.setattr(runs, "Parallel", Watched)
    order = replace(order, protocols=("grouped",), seeds=1, epochs=1)
    whole.run_deep(order, lambda kind: clips, 2)
    devices = runs.keras().distribution
    monkeypatch.setattr(devices, "list_devices", lambda kind: ["gpu:0"] if kind == "gpu" else [])
    whole.run_deep(order, lambda kind: clips, 2)
    assert counts == [2, 1]


@pytest.mark.slow
def test_a_quick_run_leaves_one_protocol_out(order, clips):
    found = whole.run_deep(whole.quick(order), lambda kind: clips, 1)
    assert [deep.row.protocol.kind for deep in found] == ["stratified", "grouped"]


@pytest.mark.slow
def test_the_study_says_what_each_way_brings(order, clips, monkeypatch):
    monkeypatch.setattr(whole, "NETWORKS", (BRIEF,))
    monkeypatch.setattr(whole, "STUDIED", ("E", "small"))
    monkeypatch.setattr(whole, "PATIENCE", 1)
    found = whole.study(clips, jobs=1, seeds=1)
    assert [line.how for line in found] == ["none", "masking", "mixing", "both"]
    assert all(isinstance(line, Augmented) for line in found)


@pytest.mark.slow
def test_what_is_kept_is_trained_on_all(order, clips, tmp_path):
    lines: list[str] = []
    whole.keep_all((BRIEF,), lambda kind: clips, 1, lines.append, tmp_path, tmp_path / "work")
    assert (tmp_path / "kept" / "E-small.onnx").exists()
    assert lines[0].startswith("kept E small: ")
    whole.keep_all((BRIEF,), lambda kind: clips, 1, lines.append, tmp_path, tmp_path / "work")
    assert len(lines) == 1


def test_protocols_are_those_that_the_clips_allow():
    clips = small_clips()
    kinds = [p.kind for p in whole.protocols_of(SMALL, clips)]
    assert kinds == ["stratified", "grouped", "fault-filtered"]
    assert [p.kind for p in whole.protocols_of(SMALL, clips, ["grouped"])] == ["grouped"]
    with pytest.raises(DataError, match="does not say what 'tracks' would keep apart"):
        whole.protocols_of(SMALL, clips, ["tracks"])
    clips.table.artist[:] = ""
    assert "grouped" not in [p.kind for p in whole.protocols_of(SMALL, clips)]


def test_a_quick_run_is_quick():
    quick = whole.quick(whole.EVERYTHING)
    assert quick.seeds == 1
    assert all(quick.plan(n).epochs < n.schedule.epochs / 4 for n in NETWORKS)


def test_systems_and_sets_are_named_once():
    titles = [network.title for network in NETWORKS]
    assert len(set(titles)) == len(titles)
    assert all(a.system <= b.system for a, b in itertools.pairwise(NETWORKS))
