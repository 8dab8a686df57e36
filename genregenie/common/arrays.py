"""What all rooms call their arrays, and the one order in which confidences are put."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ranking(confidences: Array) -> NDArray[np.intp]:
    """Places along the last axis, the highest first; equal ones in the model's order.

    It is `genregenie.common.genres.ranked` for arrays: its first place is where ``argmax`` is.

    Parameters
    ----------
    confidences : array, shape (..., k)
        Confidences or their logarithms.

    Returns
    -------
    array of int, shape (..., k)

    Examples
    --------
    >>> ranking(np.array([0.2, 0.6, 0.2])).tolist()
    [1, 0, 2]
    """
    return np.argsort(-confidences, axis=-1, kind="stable")
