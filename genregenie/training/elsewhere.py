"""When to be sure on music from elsewhere, which the training clips say nothing of.

Ten genres of one collection are told with confidence on much that is none of them. So where there
are clips from outside, an answer counts as confident only from where it is right often enough on
them too: music of a kind that the model has no genre for counts as a wrong answer, unless the
network's autotags say so.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from genregenie.autotag.vocabulary import autotags, beyond
from genregenie.common.arrays import Array
from genregenie.datasets.outside import Outside
from genregenie.features.tangent import as_row
from genregenie.model.blend import pooled
from genregenie.model.metadata import Hearing, Metadata, Part
from genregenie.training.calibration import confident_threshold
from genregenie.training.parts import Parts

MIN_CONFIDENT: Final = 5
"""Fewer confident answers than this say nothing: then songs of the model's genres alone count."""


def sure(
    metadata: Metadata, timbre: Pipeline, learnt: Parts, outside: Outside, labels: NDArray[np.intp]
) -> Metadata:
    """The metadata with thresholds of confidence under which the answers hold outside as well.

    Parameters
    ----------
    metadata : Metadata
        With thresholds that hold on the training clips.
    timbre : fitted Pipeline
    learnt : Parts
    outside : Outside
    labels : int array, shape (n,)
        Of the training clips, on which the confident answers are counted anew.
    """
    music = np.flatnonzero(outside.is_music)
    index = {genre: i for i, genre in enumerate(metadata.genres)}
    truth = np.array([index.get(outside.genre[i], -1) for i in music])
    clear = np.array(
        [bool(beyond(autotags(outside.sounds[i].autotags), metadata.genres)) for i in music]
    )
    logs = logs_of(timbre, learnt.heads, outside, music)

    def threshold(hearing: Hearing) -> float:
        known = np.all([~np.isnan(logs[part][:, 0]) for part in hearing.parts], axis=0)
        if "autotags" in hearing.parts:
            known &= ~clear
        confidences = pooled(hearing.weights, {part: logs[part][known] for part in hearing.parts})
        told = truth[known]
        lowest = confident_threshold(confidences[None], told)
        if (confidences.max(axis=1) >= lowest).sum() < MIN_CONFIDENT:
            placed = told >= 0
            lowest = confident_threshold(confidences[None, placed], told[placed])
        return max(hearing.confident, lowest)

    hearings = tuple(
        _counted(replace(h, confident=threshold(h)), learnt.held_out[h.parts], labels)
        for h in metadata.hearings
    )
    metadata = replace(metadata, hearings=hearings, elsewhere=len(music))
    for alone in hearings:
        if alone.parts == ("timbre",):
            held_out = replace(
                metadata.held_out,
                confident_accuracy=alone.confident_accuracy,
                confident_share=alone.confident_share,
            )
            thresholds = replace(metadata.thresholds, confident=alone.confident)
            metadata = replace(metadata, thresholds=thresholds, held_out=held_out)
    return metadata


def _counted(hearing: Hearing, held_out: Array, labels: NDArray[np.intp]) -> Hearing:
    """The same with what its threshold makes of held-out training clips."""
    known = ~np.isnan(held_out[0, :, 0])
    hits = held_out[:, known].argmax(axis=2) == labels[known]
    are_sure = held_out[:, known].max(axis=2) >= hearing.confident
    return replace(
        hearing,
        confident_accuracy=float(hits[are_sure].mean()) if are_sure.any() else float("nan"),
        confident_share=float(are_sure.mean()),
    )


def logs_of(
    timbre: Pipeline, heads: Mapping[Part, Pipeline], outside: Outside, clips: NDArray[np.intp]
) -> dict[Part, Array]:
    """What each part says of some clips: logarithms of confidences, NaN where it is not known."""
    sounds = [outside.sounds[i] for i in clips]
    logs: dict[Part, Array] = {
        "timbre": np.log(
            np.maximum(timbre.predict_proba([as_row(s.statistics) for s in sounds]), 1e-12)
        )
    }
    for part, head in heads.items():
        values = np.array([getattr(sound, part) for sound in sounds])
        known = ~np.isnan(values).any(axis=1)
        logs[part] = np.full_like(logs["timbre"], np.nan)
        logs[part][known] = np.log(np.maximum(head.predict_proba(values[known]), 1e-12))
    return logs
