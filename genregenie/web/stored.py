"""A `Prediction` as text that can be kept, and back: JSON, never pickle.

The text is what ``genregenie classify --json`` prints, with what spoke for the genre and the clip's
MFCC statistics added: from these, what sounds like it can be looked for again, with whatever model
is there then.
"""

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from genregenie.accounts.results import Result
from genregenie.features.statistics import Statistics
from genregenie.features.tangent import as_row
from genregenie.inference.classifier import Moment, Neighbour, Prediction
from genregenie.inference.report import as_object
from genregenie.model.explain import Reason
from genregenie.model.space import TangentSpace
from genregenie.web.views import sentences


def as_result(prediction: Prediction, name: str | None = None) -> Result:
    """What is kept of a prediction; `name` is what the file is called, if anything."""
    statistics = prediction.statistics
    details = as_object(name or "", prediction)
    details["reasons"] = [asdict(reason) for reason in prediction.reasons]
    details["statistics"] = {
        "count": statistics.count,
        "total": statistics.total.tolist(),
        "outer": statistics.outer.tolist(),
    }
    return Result(
        name=sentences.clip_name(prediction, name) or sentences.NAMELESS,
        genre=prediction.genre,
        verdict=prediction.verdict,
        confidence=prediction.confidence,
        duration_s=prediction.duration_s,
        details=json.dumps(details, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
    )


def as_prediction(details: str, space: TangentSpace) -> Prediction:
    """The prediction again, with the place that its clip has in `space`."""
    kept: dict[str, Any] = json.loads(details)
    sums = kept["statistics"]
    statistics = Statistics(
        sums["count"], np.array(sums["total"], float), np.array(sums["outer"], float)
    )
    vector = space.vectors(as_row(statistics)[None])[0] if statistics.count else np.empty(0)
    return Prediction(
        genre=kept["genre"],
        verdict=kept["verdict"],
        confidence=kept["confidence"],
        confidences=kept["confidences"],
        timeline=tuple(Moment(**moment) for moment in kept["timeline"]),
        duration_s=kept["duration_s"],
        analysed_s=kept["analysed_s"],
        neighbours=tuple(Neighbour(**neighbour) for neighbour in kept["neighbours"]),
        title=kept["title"],
        artist=kept["artist"],
        vector=vector,
        statistics=statistics,
        reasons=tuple(Reason(**reason) for reason in kept["reasons"]),
        # Results of older releases do not say.
        silent_s=kept.get("silent_s", 0.0),
        quality=kept.get("quality", "full"),
    )
