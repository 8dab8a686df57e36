"""One file or many, on one core, on several, or on several machines."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from genregenie.audio import WHOLE, AudioError, Source, Spread
from genregenie.common.errors import GenreGenieError
from genregenie.common.parallel import in_processes
from genregenie.common.worker import LostError
from genregenie.inference.classifier import Classifier, classify_each
from genregenie.inference.prediction import Prediction

T = TypeVar("T")
R = TypeVar("R")

BACKENDS: Final = ("processes", "threads", "serial")

CRASHED: Final = (
    "Listening to this file ended its process: it may need more memory than there is. "
    "Export it again, or leave it out."
)


class BackendError(GenreGenieError, ValueError):
    """Neither a way to spread work that there is nor the address of a cluster."""


def classify(source: Source, *, spread: Spread = WHOLE, model: Path | None = None) -> Prediction:
    """Classify a path, the bytes of a file, or an open binary file.

    Parameters
    ----------
    source : path, bytes, or seekable binary file
    spread : Spread
        How much of it is listened to: `WHOLE`, `SIX_STRETCHES`, or one's own.
    model : path, optional
        A model folder instead of the shipped one.

    Returns
    -------
    Prediction

    Raises
    ------
    AudioError
        If the file cannot be used as audio; the message is a sentence for its owner.
    ModelError
        If there is no usable model.

    Examples
    --------
    >>> genregenie.classify("song.mp3").verdict
    'confident'
    """
    return Classifier.load(model).predict(source, spread)


def classify_many(
    paths: Iterable[str | Path],
    *,
    backend: str = "processes",
    jobs: int = -1,
    spread: Spread = WHOLE,
    model: Path | None = None,
) -> Iterator[Prediction | AudioError]:
    """Classify files; one that cannot be used does not stop the others.

    Parameters
    ----------
    paths : iterable of paths
    backend : str
        ``"processes"``, ``"threads"``, ``"serial"`` (here, one after the other), or the address of
        a Dask scheduler such as ``"tcp://192.168.1.5:8786"``.
    jobs : int
        Processes or threads; -1 takes one per core. A cluster has its own number.
    spread : Spread
        How much of each file is listened to.
    model : path, optional
        A model folder instead of the shipped one.

    Yields
    ------
    Prediction or AudioError
        In the order of `paths`, each as soon as it is known.

    Raises
    ------
    ModelError
        If there is no usable model.
    ClusterError
        If the cluster cannot be used.
    BackendError
        For a backend that is none of these.
    ValueError
        For no jobs.

    Examples
    --------
    >>> files = sorted(Path("music").rglob("*.mp3"))
    >>> for path, result in zip(files, genregenie.classify_many(files), strict=True):
    ...     print(path, result.genre if isinstance(result, Prediction) else result)
    """
    files = [Path(path) for path in paths]
    if "://" in backend:
        from genregenie.inference.cluster import classify_on_cluster

        return classify_on_cluster(files, backend, spread, model)
    if backend not in BACKENDS:
        raise BackendError(
            f"There is no backend {backend!r}. Choose one of {', '.join(BACKENDS)}, or give the "
            "address of a Dask scheduler, such as tcp://192.168.1.5:8786."
        )
    if jobs == 0:
        raise ValueError("jobs is 0: it takes one at least, or -1 for one per core.")
    if backend == "serial":
        return classify_each(files, model, spread)
    Classifier.load(model)  # without a model no process needs to start
    if backend == "threads":
        return _in_threads(files, jobs, spread, model)
    return each_in_processes(partial(_classify, spread=spread, model=model), files, jobs)


def each_in_processes(
    function: Callable[[T], R], items: Iterable[T], jobs: int
) -> Iterator[R | AudioError]:
    """`in_processes`, with a sentence for the owner of a file that has ended its process."""
    for result in in_processes(function, items, jobs):
        yield AudioError(CRASHED) if isinstance(result, LostError) else result


def _in_threads(
    files: Sequence[Path], jobs: int, spread: Spread, model: Path | None
) -> Iterator[Prediction | AudioError]:
    from joblib import Parallel, delayed

    work: Any = (delayed(_classify)(file, spread, model) for file in files)
    yield from until_closed(Parallel(n_jobs=jobs, backend="threading", return_as="generator")(work))


def until_closed(results: Any) -> Iterator[Any]:
    """joblib's results, which warn about work left undone when nobody wants the rest."""
    try:
        for result in results:  # noqa: UP028 - "yield from" would close them outside
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"\d+ tasks")
            results.close()


def _classify(file: Path, spread: Spread, model: Path | None) -> Prediction | AudioError:
    try:
        return Classifier.load(model).predict(file, spread)
    except AudioError as error:
        return error
    except MemoryError:
        return AudioError(CRASHED)
