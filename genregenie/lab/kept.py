"""The earlier systems as small models that answer for a clip.

Pipelines are kept with skops, networks as ONNX (`genregenie.lab.deep.keeping`), in less than 6 MB
all together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_LZMA

from genregenie.common.files import replacing
from genregenie.lab import results, runs
from genregenie.lab.models import candidates_of
from genregenie.lab.systems import SYSTEMS
from genregenie.model.model import ModelError
from genregenie.model.scorers import TRUSTED_TYPES

PIPELINES: Final[Mapping[str, tuple[str, ...]]] = {
    "A": ("knn_text",),
    "B": ("forest", "knn", "svm", "boosted_trees"),
    "E": ("logistic_regression", "sgd", "forest"),
}
"""Which models of each system are kept: those with a published figure."""

_SMALLER: Final[Mapping[tuple[str, str], Mapping[str, int]]] = {
    ("B", "forest"): {"classify__n_estimators": 60},
    ("B", "boosted_trees"): {"classify__max_iter": 50},
    ("E", "forest"): {"classify__n_estimators": 30},
}
"""What is kept with fewer trees than were scored; artists apart that costs a point."""

_TRUSTED: Final = (*TRUSTED_TYPES, "genregenie.lab.estimators.Sampled")


@dataclass(frozen=True)
class KeptPipeline:
    """A fitted pipeline of an earlier system, and the features it wants.

    Attributes
    ----------
    columns : tuple of str
        ``text`` is artist and title.
    pipeline : fitted scikit-learn pipeline
        Its classes are genres.
    """

    columns: tuple[str, ...]
    pipeline: Any


def keep_pipelines(folder: Path | None = None, say: Callable[[str], None] | None = None) -> None:
    """Fit the pipelines to all of their tables and write them.

    Raises
    ------
    DataError
        If a table is not on this machine.
    """
    from skops.io import dump

    for key, names in PIPELINES.items():
        system = SYSTEMS[key]
        table = runs.data(system)
        for candidate in candidates_of(system, table, honest=True, names=names):
            smaller = _SMALLER.get((key, candidate.name), {})
            fitted = candidate.pipeline.set_params(**smaller).fit(table.rows, table.genre)
            path = results.kept(key, candidate.name, "skops", results.written(folder))
            with replacing(path) as draft:
                kept = {"columns": list(table.columns), "pipeline": fitted}
                dump(kept, draft, compression=ZIP_LZMA)
            if say is not None:
                say(f"kept {key} {candidate.name}: {path.stat().st_size / 1e3:,.0f} kB")


@cache
def pipeline(key: str, name: str, folder: Path | None = None) -> KeptPipeline:
    """A pipeline that was kept.

    Raises
    ------
    ModelError
        If it was not.
    """
    from skops.io import load

    path = results.kept(key, name, "skops", folder)
    if not path.exists():
        raise ModelError(f"The model {path.stem} is not kept yet; 'genregenie lab' makes it.")
    kept = load(path, trusted=list(_TRUSTED))
    return KeptPipeline(tuple(kept["columns"]), kept["pipeline"])
