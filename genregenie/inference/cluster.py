"""Many files, or any other joblib work, on a Dask cluster that exists already.

The cluster's workers need GenreGenie in the same version, and the same model. Where they see the
same files, only names travel; where they do not, each file's bytes are sent with its task, a few
files at a time. What a dying worker was at is done again by another. Dask gives a task up that was
with several dying workers, though it may only have waited there behind the one that ended them: it
is done once more, in a process of its own, and the file is given up that ends that.
"""

import asyncio
import contextlib
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from genregenie.audio import AudioError, Spread
from genregenie.audio.parallel import attempt
from genregenie.inference.classifier import Classifier
from genregenie.inference.cluster_tasks import (
    KILLED,
    ClusterError,
    NotSeen,
    Task,
    apart,
    listen_to,
    sees,
    task_of,
)
from genregenie.inference.prediction import Prediction

T = TypeVar("T")
R = TypeVar("R")

CONNECT_S: Final = 10
"""So long a scheduler may take to answer, and a first worker to turn up."""

_SUSPICIONS: Final = 3
"""So often a file may be with dying workers once more, while in a process of its own."""


class _Suspect:
    """What Dask's giving up a task comes to: it was with several workers when they died."""


def classify_on_cluster(
    files: Sequence[Path],
    address: str,
    spread: Spread,
    model: Path | None = None,
    fast: bool | None = None,
) -> Iterator[Prediction | AudioError]:
    """Classify on a Dask cluster.

    Parameters
    ----------
    files : sequence of paths
    address : str
        Of the scheduler, such as ``"tcp://192.168.1.5:8786"``.
    spread : Spread
        How much of each file is listened to.
    model : path, optional
        A model folder instead of the shipped one; the workers must have the same.
    fast : bool, optional
        Leave the pretrained network out, as for `genregenie.inference.batch.classify`.

    Yields
    ------
    Prediction or AudioError
        In the order of `files`.

    Raises
    ------
    ClusterError
        If Dask is not installed, or the cluster does not answer, has no workers, has another
        model, or goes away.
    ModelError
    """
    classifier = Classifier.load(model, fast=fast)
    about = (spread, model, classifier.fast, classifier.version)
    client = connect(address)
    try:
        yield from _on_client(client, files, about)
    finally:
        client.close()


def connect(address: str) -> Any:
    """A client of the Dask scheduler at `address`, to be closed by whoever asked for it.

    Raises
    ------
    ClusterError
        If Dask is not installed, or nothing answers there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "A cluster needs Dask, which is not installed: pip install 'dask[distributed]'"
        ) from error
    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {address}. Start one with 'dask scheduler' and give "
            "the address it prints."
        ) from error


def on_cluster(
    function: Callable[[str], R], files: Iterable[str], address: str
) -> Iterator[R | AudioError]:
    """`genregenie.audio.parallel.attempt` files on the workers, which see them under their names.

    Parameters
    ----------
    function : callable
        Pickled by its name.
    files : iterable of str
        Absolute.
    address : str
        Of the scheduler.

    Yields
    ------
    result or AudioError
        In the order of `files`; the error also for a file that a worker does not see.

    Raises
    ------
    ClusterError
    """
    client = connect(address)
    try:
        _wait_for_workers(client)
        yield from _results(client, partial(partial, attempt, function), files)
    finally:
        client.close()


@contextlib.contextmanager
def joblib_on(address: str | None) -> Iterator[None]:
    """All joblib work inside goes to the Dask scheduler at `address`; None for this machine.

    Raises
    ------
    ClusterError
        If Dask is not installed, or nothing answers there.
    """
    if address is None:
        yield
        return
    from joblib import parallel_config

    with (
        connect(address) as client,
        parallel_config("dask", client=client, wait_for_workers_timeout=CONNECT_S),
    ):
        yield


def _on_client(
    client: Any, files: Sequence[Path], about: tuple[Any, ...]
) -> Iterator[Prediction | AudioError]:
    _wait_for_workers(client)
    send = not _all_see(client, files, about)
    for file, result in zip(files, _run(client, files, send, about), strict=True):
        if isinstance(result, NotSeen):  # a worker that joined later
            (result,) = _run(client, [file], True, about)
        assert not isinstance(result, NotSeen)  # noqa: S101
        yield result


def _wait_for_workers(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as error:
        raise ClusterError(
            f"The cluster at {client.scheduler.address} has no workers. Start one on each machine "
            "with 'dask worker ADDRESS'."
        ) from error


def _all_see(client: Any, files: Sequence[Path], about: tuple[Any, ...]) -> bool:
    """Whether every worker sees the first file that is there, as it is seen here."""
    for file in files:
        task = task_of(file, False, about)
        if isinstance(task, Task):
            return all(_run_everywhere(client, task))
    return True


def _run_everywhere(client: Any, task: Task) -> list[bool]:
    try:
        return list(client.run(sees, task).values())
    except ImportError as error:
        raise _without_genregenie(error) from error


def _run(
    client: Any, files: Sequence[Path], send: bool, about: tuple[Any, ...]
) -> Iterator[Prediction | AudioError | NotSeen]:
    def work(file: Path) -> Callable[[], Prediction | AudioError | NotSeen]:
        return partial(listen_to, task_of(file, send, about))

    yield from _results(client, work, files)


def _results(
    client: Any, work: Callable[[T], Callable[[], R]], files: Iterable[T]
) -> Iterator[R | AudioError]:
    """What the work with each file came to, in their order."""
    waiting: deque[T] = deque()

    def handed_out() -> Iterator[Callable[[], R]]:
        for file in files:
            waiting.append(file)
            yield work(file)

    for result in _done(client, handed_out()):
        file = waiting.popleft()
        yield _cleared(client, work(file)) if isinstance(result, _Suspect) else result


def _cleared(client: Any, work: Callable[[], R]) -> R | AudioError:
    """What the work with a suspect comes to."""
    for _ in range(_SUSPICIONS):
        (result,) = _done(client, [partial(apart, work)])
        if not isinstance(result, _Suspect):
            return result
    return AudioError(KILLED)


def _done(client: Any, work: Iterable[Callable[[], R]]) -> Iterator[R | "_Suspect"]:
    from joblib import Parallel, delayed, parallel_config

    with warnings.catch_warnings():
        # A file travels with its task once and is let go; scattering it would keep it.
        warnings.filterwarnings("ignore", "Sending large graph")
        with parallel_config(_backend(client)):
            try:
                calls = (delayed(call)() for call in work)
                results = Parallel(n_jobs=-1, batch_size=1, return_as="generator")(calls)
                yield from _until_closed(results)
            except ImportError as error:
                raise _without_genregenie(error) from error
            except TimeoutError as error:
                raise ClusterError("The cluster has no workers left.") from error


def _until_closed(results: Any) -> Iterator[Any]:
    """joblib's results, which warn about work left undone when nobody wants the rest."""
    try:
        for result in results:  # noqa: UP028 - "yield from" would close them outside
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"\d+ tasks")
            results.close()


def _without_genregenie(error: ImportError) -> ClusterError:
    return ClusterError(
        f"The cluster's workers cannot run GenreGenie ({error}). Install the same version on "
        "every machine."
    )


def _backend(client: Any) -> Any:
    """joblib's backend for Dask, with two differences.

    A task which fails ends like any other: joblib's own tells nobody of it, and the loop over the
    results waits for ever. And a cluster of one worker does the work; joblib would do it here.
    """
    from distributed import KilledWorker
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(super().effective_n_jobs(n_jobs), 2)

        async def _collect(self) -> None:
            while self._continue:
                async for future, result in self.waiting_futures:
                    self._results.pop(future)
                    callback = self._callbacks.pop(future)
                    if future.status == "finished":
                        callback(result)
                    elif future.status == "error":
                        error = result[1]
                        callback([_Suspect()] if isinstance(error, KilledWorker) else error)
                    else:
                        callback(ClusterError("The connection to the cluster was lost."))
                await asyncio.sleep(0.01)

    return Backend(client=client)
