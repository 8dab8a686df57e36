"""A `Prediction` as text that can be kept, and back: JSON, never pickle.

The text is what ``genregenie classify --json`` prints, with what spoke for the genre and the clip's
MFCC statistics added: from these, what sounds like it can be looked for again, with whatever model
is there then.
"""

import json

from genregenie.accounts.results import Result
from genregenie.inference.prediction import Prediction, record
from genregenie.model.space import TangentSpace
from genregenie.web.views import sentences


def as_result(prediction: Prediction, name: str | None = None) -> Result:
    """What is kept of a prediction; `name` is what the file is called, if anything."""
    details = record(name or "", prediction) | prediction.to_dict()
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
    return Prediction.from_dict(json.loads(details)).located(space)
