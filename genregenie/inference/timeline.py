"""How the genre moves through a clip, with what flickers smoothed out.

Moments of 6 s are short: of 35 clips of 30 s, 14 changed their genre twice or more. With each
moment meant with its neighbours, and runs under 9 s joined to the one before, one did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from genregenie.common.genres import ranked
from genregenie.inference.evidence import TIMELINE_STEP_S
from genregenie.inference.prediction import Moment

MIN_RUN_S: Final = 9.0


@dataclass(frozen=True)
class Run:
    """A stretch of one genre.

    Attributes
    ----------
    start_s, end_s : float
    genre : str
    """

    start_s: float
    end_s: float
    genre: str


def smoothed(moments: Sequence[Moment]) -> list[Moment]:
    """Each moment with the mean of its own confidences and those of the moments beside it."""
    found = []
    for i, moment in enumerate(moments):
        near = moments[max(i - 1, 0) : i + 2]
        means = {
            genre: float(np.mean([m.confidences[genre] for m in near]))
            for genre in moment.confidences
        }
        found.append(replace(moment, confidences=means))
    return found


def spans(moments: Sequence[Moment], end_s: float) -> list[tuple[float, float]]:
    """What each moment stands for: the middle of its stretch, without overlap, edges filled."""
    found: list[tuple[float, float]] = []
    for i, moment in enumerate(moments):
        middle = (moment.start_s + moment.end_s) / 2
        stop = middle + TIMELINE_STEP_S / 2
        # Where nothing overlaps on its side, a moment stands for all of it; the last one is longer.
        starts_alone = i == 0 or moments[i - 1].end_s <= moment.start_s
        start = moment.start_s if starts_alone else found[-1][1]
        if i == len(moments) - 1 or moments[i + 1].start_s >= moment.end_s:
            stop = moment.end_s
        found.append((start, min(stop, end_s)))
    return found


def runs(moments: Sequence[Moment], end_s: float) -> list[Run]:
    """The genres one after the other.

    Parameters
    ----------
    moments : sequence of Moment
        As they are in a `Prediction`, in order of time.
    end_s : float
        Length of the clip.
    """
    found: list[Run] = []
    for moment, (start_s, stop_s) in zip(smoothed(moments), spans(moments, end_s), strict=True):
        genre = ranked(moment.confidences)[0][0]
        if found and found[-1].genre == genre:
            found[-1] = replace(found[-1], end_s=stop_s)
        else:
            found.append(Run(start_s, stop_s, genre))
    return _joined(found)


def _joined(found: list[Run]) -> list[Run]:
    """Without runs shorter than `MIN_RUN_S`, each of which goes to the one before it."""
    kept: list[Run] = []
    for run in found:
        if kept and (run.genre == kept[-1].genre or run.end_s - run.start_s < MIN_RUN_S):
            kept[-1] = replace(kept[-1], end_s=run.end_s)
        elif kept and kept[-1].end_s - kept[-1].start_s < MIN_RUN_S:
            kept[-1] = replace(run, start_s=kept[-1].start_s)  # a short beginning has none before
        else:
            kept.append(run)
    return kept
