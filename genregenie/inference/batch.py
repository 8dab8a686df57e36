"""One file or many, on one core, on several, or on several machines."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from genregenie.audio import WHOLE, AudioError, Source, Spread
from genregenie.audio.parallel import attempt, in_processes, in_threads
from genregenie.common.errors import GenreGenieError
from genregenie.inference.classifier import Classifier, load
from genregenie.inference.prediction import Prediction

BACKENDS: Final = ("processes", "threads", "serial")


class BackendError(GenreGenieError, ValueError):
    """Neither a way to spread work that there is nor the address of a cluster."""


def classify(
    source: Source,
    *,
    spread: Spread = WHOLE,
    model: str | Path | None = None,
    fast: bool | None = None,
) -> Prediction:
    """Classify a file or samples.

    Parameters
    ----------
    source : path, bytes, seekable binary file, or (samples, rate)
        Samples have shape (n,) or (n, channels), as floats with full scale -1 to 1, int16, int32
        or uint8; their rate is in Hz.
    spread : Spread
        How much of it is listened to: `WHOLE`, `SIX_STRETCHES`, or one's own.
    model : path, optional
        A model folder instead of the shipped one.
    fast : bool, optional
        Leave the pretrained network out: timbre and rhythm alone, two or three times as fast. None:
        as ``GENREGENIE_HEARING`` says, ``all`` or ``timbre``.

    Returns
    -------
    Prediction

    Raises
    ------
    AudioError
        If that cannot be used as audio; the message is a sentence for its owner.
    ModelError
        If there is no usable model.
    AutotagError
        If the network is wanted and cannot be used.
    TypeError
        If the source is something else.

    Examples
    --------
    >>> import genregenie
    >>> from genregenie.common import resources
    >>> clip = resources.assets() / "examples" / "jazz.mp3"
    >>> genregenie.classify(clip)
    <Prediction: Jazz 99%, confident, 0:19>
    >>> genregenie.classify(clip.read_bytes()).top(1)[0][0]
    'jazz'
    >>> import numpy as np
    >>> genregenie.classify((np.zeros(44_100), 22_050)).verdict
    'not music'
    """
    return load(model, fast=fast).predict(source, spread)


def classify_many(
    paths: Iterable[str | Path],
    *,
    backend: str = "processes",
    jobs: int = -1,
    spread: Spread = WHOLE,
    model: str | Path | None = None,
    fast: bool | None = None,
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
    fast : bool, optional
        As for `classify`.

    Yields
    ------
    Prediction or AudioError
        In the order of `paths`, each as soon as it is known.

    Raises
    ------
    ModelError
        If there is no usable model.
    AutotagError
        If the network is wanted and cannot be used.
    ClusterError
        If the cluster cannot be used.
    BackendError
        For a backend that is none of these.
    ValueError
        For no jobs.

    Examples
    --------
    >>> from genregenie.common import resources
    >>> examples = resources.assets() / "examples"
    >>> files = [examples / "classical.mp3", examples / "country.mp3"]
    >>> for path, result in zip(files, classify_many(files, backend="threads"), strict=True):
    ...     print(path.name, result)
    classical.mp3 <Prediction: Classical 100%, confident, 0:20>
    country.mp3 <Prediction: Country 80%, unsure, 0:22>
    """
    files = [Path(path) for path in paths]
    model = None if model is None else Path(model)
    if "://" in backend:
        from genregenie.inference.cluster import classify_on_cluster

        return classify_on_cluster(files, backend, spread, model, fast)
    if backend not in BACKENDS:
        raise BackendError(
            f"There is no backend {backend!r}. Choose one of {', '.join(BACKENDS)}, or give the "
            "address of a Dask scheduler, such as tcp://192.168.1.5:8786."
        )
    if jobs == 0:
        raise ValueError("jobs is 0: it takes one at least, or -1 for one per core.")
    Classifier.load(model, fast=fast)  # without a model no process needs to start
    listen = partial(_classify, spread=spread, model=model, fast=fast)
    if backend == "serial":
        return (attempt(listen, file) for file in files)
    return (in_threads if backend == "threads" else in_processes)(listen, files, jobs)


def _classify(file: Path, spread: Spread, model: Path | None, fast: bool | None) -> Prediction:
    return Classifier.load(model, fast=fast).predict(file, spread)
