"""Several models of unlike parts of a sound, blended into one answer.

Timbre is what every clip has. Where its movement in time or the network's autotags are known too,
each has a model of its own, and the logarithms of all their confidences are added up with weights
that were set on held-out clips. There is a set of weights for each combination of parts, so that a
clip of which a part is not known is judged by what was learnt without that part.

Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation
2002; Heskes, "Selecting weighting factors in logarithmic opinion pools", NIPS 1997.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.arrays import Array
from genregenie.model.metadata import Hearing, Part
from genregenie.model.scorers import Kernel, Linear, mean_log_confidences, tempered

HEADS_NPZ: Final = "heads.npz"

_KINDS: Final[Mapping[str, type[Kernel] | type[Linear]]] = {"kernel": Kernel, "linear": Linear}


@dataclass(frozen=True)
class Head:
    """The model of one part: its numbers standardised, then a kernel or a linear model.

    Attributes
    ----------
    centre, scale : float64 arrays, shape (d,)
        Mean and standard deviation of the training clips.
    member : Kernel or Linear
    """

    centre: Array
    scale: Array
    member: Kernel | Linear

    def log_confidences(self, values: Array) -> Array:
        """Natural logarithms of confidences, shape (n, k), for values of shape (n, d)."""
        return mean_log_confidences([self.member], (values - self.centre) / self.scale)


def save_heads(path: Path, heads: Mapping[Part, Head]) -> None:
    """Write heads to an npz file."""
    arrays: dict[str, Any] = {}
    for part, head in heads.items():
        kind = next(kind for kind, known in _KINDS.items() if isinstance(head.member, known))
        arrays |= {f"{part}_centre": head.centre, f"{part}_scale": head.scale}
        for f in fields(head.member):
            arrays[f"{part}_{kind}_{f.name}"] = getattr(head.member, f.name)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_heads(path: Path) -> dict[Part, Head]:
    """Read what `save_heads` wrote; nothing where there is no such file.

    Raises
    ------
    OSError, ValueError, KeyError, zipfile.BadZipFile
        If it is something else.
    """
    heads: dict[Part, Head] = {}
    if not path.exists():
        return heads
    parts: tuple[Part, ...] = ("temporal", "autotags")
    with np.load(path, allow_pickle=False) as npz:
        for part in parts:
            if f"{part}_centre" in npz:
                kind = "kernel" if f"{part}_kernel_dual" in npz else "linear"
                arrays = {f.name: npz[f"{part}_{kind}_{f.name}"] for f in fields(_KINDS[kind])}
                member: Kernel | Linear = (
                    Kernel(**arrays | {"gamma": float(arrays["gamma"])})
                    if kind == "kernel"
                    else Linear(**arrays)
                )
                heads[part] = Head(npz[f"{part}_centre"], npz[f"{part}_scale"], member)
    return heads


@dataclass(frozen=True)
class Blended:
    """What comes of it.

    Attributes
    ----------
    confidences : float64 array, shape (n, k)
    hearings : tuple of n Hearing
        Which combination judged each clip.
    """

    confidences: Array
    hearings: tuple[Hearing, ...]

    @classmethod
    def of(cls, hearings: tuple[Hearing, ...], logs: Mapping[Part, Array]) -> Self:
        """Blend what each part says.

        Parameters
        ----------
        hearings : tuple of Hearing
            From the one of most parts to that of timbre alone.
        logs : mapping of part to array, shape (n, k)
            Logarithms of confidences, NaN in rows of clips of which the part is not known. Timbre
            always is.
        """
        known = {part: ~np.isnan(values[:, 0]) for part, values in logs.items()}
        confidences = np.empty_like(logs["timbre"])
        chosen = np.full(len(confidences), -1)
        for number, hearing in enumerate(hearings):
            if all(part in known for part in hearing.parts):
                these: NDArray[np.bool_] = chosen < 0
                for part in hearing.parts:
                    these &= known[part]
                chosen[these] = number
                told = {part: logs[part][these] for part in hearing.parts}
                confidences[these] = pooled(hearing.weights, told)
        return cls(confidences, tuple(hearings[i] for i in chosen.tolist()))


def pooled(weights: Mapping[Part, float], logs: Mapping[Part, Array]) -> Array:
    """Confidences, shape (..., k), from the logarithms of what each weighed part says."""
    weighed = [weight * logs[part] for part, weight in weights.items()]
    return tempered(np.sum(weighed, axis=0), 1.0)
