"""Making training clips more than they are: parts hidden, two clips mixed."""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from genregenie.lab.deep.clips import Inputs

Augmentation = Literal["none", "masking", "mixing", "both"]

AUGMENTATIONS: Final[Mapping[Augmentation, str]] = {
    "none": "nothing",
    "masking": "bands and stretches of time hidden",
    "mixing": "two clips mixed",
    "both": "both",
}

_TIME_SHARE: Final = 0.2
_BAND_SHARE: Final = 0.15
_MIXED: Final = 0.2


def augmented(
    inputs: Inputs, labels: NDArray[np.float32], how: Augmentation, rng: np.random.Generator
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Clips as they are given to a network in one epoch.

    Masking hides one run of bands and one of time steps in every picture (Park et al.,
    "SpecAugment", 2019); mixing adds a clip and its label to another in a random ratio (Zhang et
    al., "mixup", 2018).

    Parameters
    ----------
    inputs : mapping of name to float32 array, shape (n, ...)
    labels : float32 array, shape (n, k)
    how : str
        One of `AUGMENTATIONS`.
    rng : numpy.random.Generator
    """
    found = dict(inputs)
    if how in ("masking", "both"):
        for name, values in inputs.items():
            if values.ndim == 3:
                found[name] = _masked(values, name == "image", rng)
    if how in ("mixing", "both"):
        other = rng.permutation(len(labels))
        share = rng.beta(_MIXED, _MIXED, len(labels)).astype(np.float32)
        for name, values in found.items():
            own = share.reshape(-1, *[1] * (values.ndim - 1))
            found[name] = own * values + (1 - own) * values[other]
        labels = share[:, None] * labels + (1 - share[:, None]) * labels[other]
    return found, labels


def _masked(
    values: NDArray[np.float32], is_image: bool, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A copy with a run of bands and of time set to each clip's mean; images have time last."""
    out = values.copy()
    level = values.mean(axis=(1, 2))
    time, bands = (2, 1) if is_image else (1, 2)
    for axis, share in ((time, _TIME_SHARE), (bands, _BAND_SHARE)):
        most = max(int(share * values.shape[axis]), 1)
        for clip in range(len(out)):
            width = int(rng.integers(0, most + 1))
            start = int(rng.integers(0, values.shape[axis] - width + 1))
            hidden = slice(start, start + width)
            if axis == 1:
                out[clip, hidden] = level[clip]
            else:
                out[clip, :, hidden] = level[clip]
    return out
