"""Single clips on a cluster, and what happens when there is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genregenie.audio import AudioError
from genregenie.audio.about import About
from genregenie.common.steps import Steps
from genregenie.inference import cluster_service
from genregenie.inference.classifier import Classifier
from genregenie.inference.cluster_service import ClusterService
from genregenie.inference.cluster_tasks import ClusterError
from genregenie.inference.prediction import Prediction
from genregenie.web import analysis
from tests import sounds
from tests.clusters import Cluster, customised
from tests.machine import free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        running.worker()
        yield running
    finally:
        running.stop()


@pytest.fixture
def service(cluster: Cluster) -> Iterator[ClusterService]:
    found = ClusterService(cluster.address)
    yield found
    found.close()


def heard(service: ClusterService, clip: Path | bytes, limit_s: float = 60) -> Prediction:
    steps: Steps[None, Prediction] = Steps(service.listen(clip, limit_s))
    assert set(steps) <= {None}
    return steps.result


def test_what_is_heard_there_is_what_is_heard_here(service: ClusterService, tmp_path: Path) -> None:
    clip = sounds.encode(sounds.tune(3.0))
    path = tmp_path / "clip.wav"
    path.write_bytes(clip)
    wanted = Classifier.load().predict(clip).confidences
    assert heard(service, clip).confidences == pytest.approx(wanted)
    assert heard(service, path).confidences == pytest.approx(wanted)


def test_what_is_no_clip_is_told_so(service: ClusterService) -> None:
    with pytest.raises(AudioError) as there:
        heard(service, b"not a song")
    with pytest.raises(AudioError) as here:
        Classifier.load().predict(b"not a song")
    assert str(there.value) == str(here.value)


def test_it_may_not_take_for_ever(service: ClusterService) -> None:
    with pytest.raises(TimeoutError):
        heard(service, sounds.encode(sounds.tune(3.0)), limit_s=0)
    assert heard(service, sounds.encode(sounds.tune(2.0))).duration_s == pytest.approx(2.0)


def test_where_there_is_none_it_is_not_asked_for_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("genregenie.inference.cluster.CONNECT_S", 1)
    nobody = ClusterService(f"tcp://127.0.0.1:{free_port()}")
    with pytest.raises(ClusterError, match="No Dask scheduler answers"):
        heard(nobody, b"x")
    with pytest.raises(ClusterError, match="a moment ago"):
        heard(nobody, b"x")
    monkeypatch.setattr(cluster_service, "REST_S", 0)
    nobody._rests_until = 0
    with pytest.raises(ClusterError, match="No Dask scheduler answers"):
        heard(nobody, b"x")


def test_without_workers_it_is_left_alone_and_found_again(
    cluster: Cluster, service: ClusterService, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = sounds.encode(sounds.tune(2.0))
    heard(service, clip)
    cluster.dismiss()
    try:
        with pytest.raises(ClusterError, match="no workers"):
            heard(service, clip)
    finally:
        cluster.worker()
    service._rests_until = 0
    assert heard(service, clip).duration_s == pytest.approx(2.0)


def test_who_only_waited_where_workers_died_is_heard_and_who_ended_them_is_told(
    tmp_path: Path,
) -> None:
    end_them, wait_there = (sounds.encode(sounds.tune(s)) for s in (1.0, 2.0))
    deadly = f"""
import os, signal, sys
from genregenie.audio import file as audio
opened = audio.open_source
def open_source(source):
    ends = len(source) == {len(end_them)}
    if ends or len(source) == {len(wait_there)} and "distributed" in sys.modules:
        os.kill(os.getpid(), signal.SIGKILL)
    return opened(source)
audio.open_source = open_source
"""
    running = Cluster(tmp_path)
    service = ClusterService(running.address)
    try:
        for _ in range(5):
            running.worker(**customised(tmp_path / "deadly", deadly))
        assert heard(service, wait_there).duration_s == pytest.approx(2.0)
        with pytest.raises(AudioError, match="ended several workers"):
            heard(service, end_them)
        assert heard(service, sounds.encode(sounds.tune(3.0))).duration_s == pytest.approx(3.0)
    finally:
        service.close()
        running.stop()


def test_a_server_hears_there_and_here_where_it_cannot(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clip = sounds.encode(sounds.tune(2.0))
    monkeypatch.setenv("GENREGENIE_DASK", cluster.address)
    monkeypatch.setattr(analysis, "_service", None)
    with analysis.workers_for_a_server():
        told: Steps[About | float, Prediction] = Steps(analysis.listen(clip))
        about, *_ = told
        assert isinstance(about, About)
        assert "heard here instead" not in caplog.text
        cluster.dismiss()
        try:
            here = analysis.predict(clip)
        finally:
            cluster.worker()
    assert "a clip is heard here instead: The cluster has no workers." in caplog.text
    assert here.confidences == pytest.approx(told.result.confidences)
