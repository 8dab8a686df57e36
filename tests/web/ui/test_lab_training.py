"""A short training before one's eyes: how it goes, that it can be stopped, what can go wrong."""

import os
from collections.abc import Iterator

import pytest

from genregenie.lab.deep import live
from genregenie.lab.deep.live import SHORT, Watched
from genregenie.lab.deep.training import Epoch
from genregenie.web.ui.tabs import lab_training
from tests.lab.deep.conftest import SMALL, small_clips


def epochs(network, count) -> Iterator[Epoch]:
    """In place of a training: as many epochs, and then the number of the process."""
    for number in range(1, count + 1):
        yield Epoch(number, count, 2.0 / number, 0.3, 2.5 / number, 0.2, 1.0)
    return Watched(0.25, os.getpid())


def endless(network, count) -> Iterator[Epoch]:
    number = 0
    while True:
        number += 1
        yield Epoch(number, 10**9, 1.0, 0.5, 1.0, 0.5, 1.0)


def dies(network, count) -> Iterator[Epoch]:
    yield Epoch(1, count, 1.0, 0.5, 1.0, 0.5, 1.0)
    os.kill(os.getpid(), 9)


@pytest.mark.slow
def test_it_tells_how_it_goes_and_what_came_of_it(monkeypatch):
    monkeypatch.setattr(lab_training, "short_training", epochs)
    shown = [html for html in lab_training.train("E cnn", 3) if isinstance(html, str)]
    assert "Loading" in shown[0]
    assert "epoch 1 of 3" in shown[1]
    assert "<svg" not in shown[1]
    assert "epoch 3 of 3" in shown[-2]
    assert shown[-1].count("<svg") == 2
    assert "After 3 epochs E: CNN names" in shown[-1]
    assert "25 % of" in shown[-1]
    assert f"of {os.getpid()} clips" not in shown[-1]  # it was another process


@pytest.mark.slow
def test_stopping_ends_its_process(monkeypatch):
    monkeypatch.setattr(lab_training, "short_training", endless)
    made = []
    real = lab_training.Pool

    def pool(size):
        made.append(real(size))
        return made[-1]

    monkeypatch.setattr(lab_training, "Pool", pool)
    going = lab_training.train("E lstm", 5)
    assert any(
        "epoch 3" in html
        for html, _ in zip(going, range(50), strict=False)
        if isinstance(html, str)
    )
    going.close()
    assert made[0]._closed
    assert made[0]._all == set()


@pytest.mark.slow
def test_a_process_that_dies_and_data_that_is_missing_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr(lab_training, "short_training", dies)
    assert "ended its process" in list(lab_training.train("E cnn", 3))[-1]
    monkeypatch.undo()
    monkeypatch.setenv("GENREGENIE_SHARED", str(tmp_path))
    assert "not on this machine" in list(lab_training.train("E cnn", 3))[-1]


@pytest.mark.slow
def test_the_training_itself_keeps_artists_apart(keras, monkeypatch):
    monkeypatch.setattr(live, "open_clips", lambda kind: small_clips(90, 30))
    steps = live.short_training(SMALL, 3)
    found = []
    while True:
        try:
            found.append(next(steps))
        except StopIteration as ended:
            result = ended.value
            break
    assert [epoch.number for epoch in found] == [1, 2, 3]
    assert result.clips == 18
    assert 0 <= result.accuracy <= 1


def test_only_what_learns_in_seconds_is_offered():
    assert set(SHORT) == {"E cnn", "E lstm"}
