"""What is kept of somebody's word on a verdict; page and API give it alike."""

from typing import Final

from genregenie.accounts.feedback import Answer
from genregenie.common.errors import GenreGenieError
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction

_MAX_ARTIST_LENGTH: Final = 200


class NoGenreError(GenreGenieError):
    """What was said is no genre of the model that heard the clip."""

    def __init__(self) -> None:
        super().__init__("That is no genre of the model, so nothing was kept.")


def answer_to(prediction: Prediction, genre: object) -> Answer:
    """Somebody says which genre a clip has.

    Raises
    ------
    NoGenreError
        If it is none of those that were asked about.
    """
    if not isinstance(genre, str) or genre not in prediction.confidences:
        raise NoGenreError
    return Answer(
        genre=genre,
        model_genre=prediction.genre,
        verdict=prediction.verdict,
        model_version=Classifier.load().model.version,
        artist=_plain(prediction.artist or ""),
        numbers=prediction.statistics.to_bytes(),
    )


def _plain(tag: str) -> str:
    """A file's tag as every database takes it: not endless, and without NUL characters."""
    return tag.replace("\0", "")[:_MAX_ARTIST_LENGTH]
