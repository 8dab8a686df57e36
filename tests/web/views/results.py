"""Predictions as a model might make them, for the views to show."""

from genregenie.common.genres import GENRES
from genregenie.inference.prediction import Moment, Neighbour, Prediction


def prediction(verdict="confident", **top) -> Prediction:
    rest = (1.0 - sum(top.values())) / (len(GENRES) - len(top))
    confidences = {g: top.get(g, rest) for g in GENRES}
    best = max(confidences, key=lambda g: confidences[g])
    return Prediction(
        genre=None if verdict == "not music" else best,
        verdict=verdict,
        confidence=confidences[best],
        confidences=confidences,
        timeline=(),
        duration_s=30.0,
        analysed_s=30.0,
        neighbours=(Neighbour(None, None, "hiphop", 1.234),),
        title=None,
        artist=None,
    )


def moments(*genres: str) -> tuple[Moment, ...]:
    """A timeline that is sure of one genre after the other, in overlapping stretches of 6 s."""
    return tuple(
        Moment(3.0 * i, 3.0 * i + 6.0, {g: float(g == genre) for g in GENRES})
        for i, genre in enumerate(genres)
    )
