"""One file or many, on one core, on several, or on several machines."""

import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from genregenie.audio import WHOLE, AudioError, Source, Spread
from genregenie.classifier import Classifier, Prediction, classify_each

BACKENDS: Final = ("processes", "threads", "serial")

MANY_FILES: Final = 16
"""From this many files on it pays to start a process for each core."""

CRASHED: Final = (
    "Listening to this file ended its process: it may need more memory than there is. "
    "Export it again, or leave it out."
)


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
        Processes or threads; -1 takes one per core, where there are files enough for it to pay.
        A cluster has its own number.
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
    ValueError
        For a backend that is none of these.

    Examples
    --------
    >>> files = sorted(Path("music").rglob("*.mp3"))
    >>> for path, result in zip(files, genregenie.classify_many(files), strict=True):
    ...     print(path, result.genre if isinstance(result, Prediction) else result)
    """
    files = [Path(path) for path in paths]
    if "://" in backend:
        from genregenie.cluster import classify_on_cluster

        return classify_on_cluster(files, backend, spread, model)
    if backend not in BACKENDS:
        raise ValueError(
            f"There is no backend {backend!r}. Choose one of {', '.join(BACKENDS)}, or give the "
            "address of a Dask scheduler, such as tcp://192.168.1.5:8786."
        )
    alone = jobs == 1 or (jobs == -1 and len(files) < MANY_FILES)
    if backend == "serial" or alone:
        return classify_each(files, model, spread)
    Classifier.load(model)  # without a model no process needs to start
    if backend == "threads":
        return _parallel(files, "threading", jobs, spread, model)
    return _in_processes(files, jobs, spread, model)


def _in_processes(
    files: Sequence[Path], jobs: int, spread: Spread, model: Path | None
) -> Iterator[Prediction | AudioError]:
    """As `_parallel`, in processes; a file that ends its process costs no other file."""
    from joblib import cpu_count
    from joblib.externals.loky.process_executor import BrokenProcessPool

    done = 0
    while done < len(files):
        try:
            for result in _parallel(files[done:], "loky", jobs, spread, model):
                yield result
                done += 1
        except BrokenProcessPool:
            # Which of the files in work it was is not said, so each gets a pool of its own.
            in_work = 2 * (jobs if jobs > 0 else cpu_count())
            for file in files[done : done + in_work]:
                try:
                    yield next(_parallel([file], "loky", 2, spread, model))
                except BrokenProcessPool:
                    yield AudioError(CRASHED)
                done += 1


def _parallel(
    files: Sequence[Path], backend: str, jobs: int, spread: Spread, model: Path | None
) -> Iterator[Prediction | AudioError]:
    from joblib import Parallel, delayed, parallel_config

    limits = {"inner_max_num_threads": 1} if backend == "loky" else {}
    with parallel_config(backend, **limits):
        work: Any = (delayed(_classify)(file, spread, model) for file in files)
        with _interrupts_left_to_this_process():
            results = Parallel(n_jobs=jobs, return_as="generator")(work)
        yield from until_closed(results)


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
    return next(classify_each([file], model, spread))


@contextmanager
def _interrupts_left_to_this_process() -> Iterator[None]:
    """Processes started within ignore Ctrl-C, which the terminal sends to all of them.

    They inherit it. This process then ends them in order, and none prints a traceback.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Callable[..., Any] | int | None = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
