"""A real cluster: a scheduler and workers in processes of their own, some of them killed."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import genregenie
from genregenie import AudioError, Prediction
from genregenie.inference.cluster_tasks import KILLED
from tests import sounds
from tests.clusters import Cluster, customised

pytest.importorskip("distributed", reason="needs dask[distributed]")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def standing(tmp_path_factory) -> Iterator[Cluster]:
    """A scheduler for all tests that leave it alone."""
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def cluster(standing) -> Iterator[Cluster]:
    """Without workers; those that a test adds go with it."""
    try:
        yield standing
    finally:
        standing.dismiss()


@pytest.fixture
def own_cluster(tmp_path) -> Iterator[Cluster]:
    running = Cluster(tmp_path)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("songs")
    paths = [folder / f"{i}.wav" for i in range(40)]
    for i, path in enumerate(paths):
        path.write_bytes(sounds.encode(sounds.tune(2.0, seed=i)))
    paths[7].write_bytes(b"not a song")
    return [*paths, folder / "missing.wav"]


@pytest.fixture(scope="module")
def wanted(files) -> list[Prediction | AudioError]:
    return list(genregenie.classify_many(files, backend="serial"))


def same(results, wanted) -> bool:
    return len(results) == len(wanted) and all(
        str(a) == str(b)
        if isinstance(b, AudioError)
        else a.confidences == pytest.approx(b.confidences, abs=1e-9)
        for a, b in zip(results, wanted, strict=True)
    )


BLIND = """
import os
from pathlib import Path
stat = Path.stat
def blind(self, **more):
    if "songs" in str(self):
        raise FileNotFoundError(str(self))
    return stat(self, **more)
Path.stat = blind
"""


@pytest.mark.parametrize("shared", [True, False])
def test_two_workers_give_what_one_process_gives(shared, cluster, files, wanted, tmp_path):
    """Also where the workers do not see the files, and get their bytes."""
    environment = {} if shared else customised(tmp_path / "blind", BLIND)
    for _ in range(2):
        cluster.worker(**environment)
    assert same(list(genregenie.classify_many(files, backend=cluster.address)), wanted)


def test_a_worker_that_joins_without_the_files_gets_bytes(cluster, files, wanted, tmp_path):
    cluster.worker()
    blind = customised(tmp_path / "blind", BLIND)
    results = genregenie.classify_many(files, backend=cluster.address)
    first = next(results)
    cluster.worker(**blind)
    assert same([first, *results], wanted)


def test_a_worker_killed_midway_loses_and_repeats_nothing(cluster, files, wanted):
    first, _ = cluster.worker(), cluster.worker()
    results = []
    for i, result in enumerate(genregenie.classify_many(files, backend=cluster.address)):
        results.append(result)
        if i == 5:
            first.kill()
    assert first.wait() != 0
    assert same(results, wanted)


DEADLY = """
import os, signal, sys
from genregenie.audio import file as audio
opened = audio.open_source
def open_source(source):
    is_worker = "distributed" in sys.modules
    if str(source).endswith("/3.wav") or str(source).endswith("/9.wav") and is_worker:
        os.kill(os.getpid(), signal.SIGKILL)
    return opened(source)
audio.open_source = open_source
"""


def test_a_file_that_kills_workers_is_given_up_and_the_rest_is_done(
    cluster, files, wanted, tmp_path
):
    """The tenth stands for those that only waited at the workers that died."""
    environment = customised(tmp_path / "deadly", DEADLY)
    for _ in range(5):
        cluster.worker(**environment)
    results = list(genregenie.classify_many(files[:12], backend=cluster.address))
    assert str(results[3]) == KILLED
    rest = [i for i in range(12) if i != 3]
    assert same([results[i] for i in rest], [wanted[i] for i in rest])


def test_a_scheduler_that_goes_away_is_a_sentence(own_cluster, files, monkeypatch):
    monkeypatch.setattr("genregenie.inference.cluster.CONNECT_S", 2)
    own_cluster.worker()
    results = genregenie.classify_many(files * 20, backend=own_cluster.address)
    next(results)
    own_cluster.scheduler.kill()
    with pytest.raises(genregenie.ClusterError, match="lost"):
        list(results)


def problem(work: Callable[[], object]) -> str:
    with pytest.raises(genregenie.ClusterError) as caught:
        work()
    return str(caught.value)


def test_what_is_wrong_with_a_cluster_is_said(cluster, files, monkeypatch, tmp_path):
    monkeypatch.setattr("genregenie.inference.cluster.CONNECT_S", 1)

    def listen(address: str = cluster.address) -> list[object]:
        return list(genregenie.classify_many(files[:2], backend=address))

    assert "dask scheduler" in problem(lambda: listen("tcp://127.0.0.1:9"))
    assert "No Dask scheduler" in problem(lambda: listen("nonsense://127.0.0.1:9"))
    assert "no workers" in problem(listen)

    cluster.worker(GENREGENIE_MODEL=str(tmp_path))
    assert "no model" in problem(listen)

    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install" in problem(listen)


def test_another_version_on_a_worker_is_refused(cluster, files, tmp_path):
    other = "from genregenie.common import version\nversion.__version__ = '0.0.0'\n"
    cluster.worker(**customised(tmp_path / "other", other))
    with pytest.raises(genregenie.ClusterError, match="another model or version"):
        list(genregenie.classify_many(files[:2], backend=cluster.address))
