"""Many files on several cores."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from joblib import Parallel, delayed, parallel_config

from genregenie.audio import AudioError
from genregenie.classifier import Prediction, classify_each


def classify_many(
    paths: Sequence[Path], *, model: Path | None = None, jobs: int = -1
) -> Iterator[Prediction | AudioError]:
    """Classify files; one that cannot be used does not stop the others.

    Parameters
    ----------
    paths : sequence of paths
    model : path, optional
        A model folder instead of the shipped one.
    jobs : int
        Processes; -1 takes one per core.

    Yields
    ------
    Prediction or AudioError
        In the order of `paths`, each as soon as it is known.
    """
    with parallel_config("loky", inner_max_num_threads=1):
        work = (delayed(_classify)(path, model) for path in paths)
        yield from Parallel(n_jobs=jobs, return_as="generator")(work)


def _classify(path: Path, model: Path | None) -> Prediction | AudioError:
    return next(classify_each([path], model))
