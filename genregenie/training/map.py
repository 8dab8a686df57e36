"""The map of the reference tracks, made of a catalogue as it lies in a model folder."""

from pathlib import Path
from typing import Final

import numpy as np
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from genregenie.model.catalogue import Catalogue
from genregenie.model.likeness import Directions
from genregenie.model.map import Map
from genregenie.model.model import CATALOGUE_NPZ, MAP_NPZ

MIN_TRACKS: Final = 20
"""Fewer tracks make no map."""
PERPLEXITY: Final = 30.0
_SEED: Final = 0
_ALIKE: Final = 1e-5


def fit_map(directions: Directions) -> Map | None:
    """Lay tracks out on a map; the same tracks come out the same.

    Parameters
    ----------
    directions : array, shape (n, d)
        Of length 1, such as `Catalogue.directions`.

    Returns
    -------
    Map or None
        None for fewer than `MIN_TRACKS`, or if all sound the same.
    """
    if len(directions) < MIN_TRACKS or np.ptp(directions, axis=0).max() < _ALIKE:
        return None
    layout = TSNE(
        perplexity=min(PERPLEXITY, (len(directions) - 1) / 3),
        init="pca",
        random_state=_SEED,
        n_jobs=1,
    )
    with threadpool_limits(1):  # sums of several threads come in any order, and t-SNE tells
        positions = layout.fit_transform(np.asarray(directions, dtype=np.float64))
    low, high = positions.min(axis=0), positions.max(axis=0)
    return Map((positions - low) / np.maximum(high - low, np.finfo(np.float32).tiny))


def draw_map(folder: Path) -> Map | None:
    """Make the map of the catalogue in a model folder, and write it beside it.

    It is made of what the file holds, so that it comes out the same in a training and afterwards.

    Raises
    ------
    OSError, ValueError, KeyError, zipfile.BadZipFile
        If there is no catalogue, or it is something else.
    """
    drawn = fit_map(Catalogue.load(folder / CATALOGUE_NPZ).directions)
    if drawn is not None:
        drawn.save(folder / MAP_NPZ)
    return drawn
