"""One file or many, on one core, on several, or on several machines."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from genregenie.audio import WHOLE, AudioError, Source, Spread
from genregenie.audio.parallel import attempt, in_processes, in_threads
from genregenie.common.errors import GenreGenieError
from genregenie.inference.classifier import Classifier, Prediction

BACKENDS: Final = ("processes", "threads", "serial")


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
    Classifier.load(model)  # without a model no process needs to start
    listen = partial(_classify, spread=spread, model=model)
    if backend == "serial":
        return (attempt(listen, file) for file in files)
    return (in_threads if backend == "threads" else in_processes)(listen, files, jobs)


def _classify(file: Path, spread: Spread, model: Path | None) -> Prediction:
    return Classifier.load(model).predict(file, spread)
