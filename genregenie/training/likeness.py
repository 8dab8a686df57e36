"""What tells how alike sounds are, learnt from the reference tracks."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

from genregenie.common.arrays import Array
from genregenie.model.likeness import TagAxes

SHRINKAGE: Final = 0.3
PENALTY: Final = 10.0

_TINY: Final = 1e-9


def fit_axes(away: Array, autotags: Array, genre: NDArray[np.str_]) -> TagAxes | None:
    """Discriminant axes of the tags, and what timbre lets expect of them.

    Parameters
    ----------
    away : array, shape (n, 104)
        Timbre as seen from its mean.
    autotags : array, shape (n, 50)
        Probabilities; NaN in the row of a track that the network has not heard.
    genre : str array, shape (n,)

    Returns
    -------
    TagAxes or None
        None if it has not heard several tracks of several genres.
    """
    heard = ~np.isnan(autotags).any(axis=1)
    away, autotags, genre = away[heard], autotags[heard], genre[heard]
    genres = len(np.unique(genre))
    if genres < 2 or len(genre) <= genres:
        return None
    centre, scale = autotags.mean(axis=0), autotags.std(axis=0) + _TINY
    discriminant = LinearDiscriminantAnalysis(solver="eigen", shrinkage=SHRINKAGE)
    discriminant.fit((autotags - centre) / scale, genre)
    weights = discriminant.scalings_[:, : genres - 1] / scale[:, None]
    expected = Ridge(alpha=PENALTY).fit(away, (autotags - centre) @ weights)
    # For two genres, and so one axis, Ridge leaves the axis out.
    slopes = np.reshape(expected.coef_, (weights.shape[1], -1)).T
    return TagAxes(centre, weights, slopes, np.atleast_1d(expected.intercept_))
