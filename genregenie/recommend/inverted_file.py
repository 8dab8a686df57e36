"""FAISS's inverted file: finds the nearest of very many directions without comparing all."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from genregenie.model.likeness import Directions

_LISTS_PROBED: Final = 64
_PER_LIST: Final = 50
_BATCH: Final = 100_000


def write_inverted_file(path: Path, directions: Directions) -> None:
    """Write one over directions, shape (n, width), at 8 bits a number."""
    import faiss

    lists = int(2 * np.sqrt(len(directions)))
    index = faiss.index_factory(directions.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).choice(
        len(directions), min(_PER_LIST * lists, len(directions)), replace=False
    )
    index.train(np.ascontiguousarray(directions[np.sort(sample)]))
    for start in range(0, len(directions), _BATCH):
        index.add(np.ascontiguousarray(directions[start : start + _BATCH]))
    faiss.write_index(index, str(path))


def open_inverted_file(path: Path) -> Any:
    """Open what `write_inverted_file` wrote, without reading it into memory.

    Raises
    ------
    ValueError
        If there is none.
    RuntimeError
        If it is damaged.
    """
    import faiss

    if not path.exists():
        raise ValueError(f"{path.name} is missing")
    index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    index.nprobe = _LISTS_PROBED
    return index
