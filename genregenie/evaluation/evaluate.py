"""Scoring a model on a table of statistics that it has not been trained on."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genregenie.common.errors import DataError
from genregenie.datasets.table import Table
from genregenie.evaluation import metrics

if TYPE_CHECKING:
    from genregenie.model.model import Model


@dataclass(frozen=True)
class GenreScores:
    """How well one genre is told.

    Attributes
    ----------
    precision, recall, f1 : float
        0 where nothing was predicted.
    n : int >= 0
        Its clips in the table.
    """

    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True)
class Evaluation:
    """Scores on a table.

    Attributes
    ----------
    n : int
        Clips in the table.
    accuracy, macro_f1, top3, ece : float
        Macro-F1 is over the genres that occur in the table.
    per_genre : dict of str to GenreScores
    confusion : int array, shape (k, k)
        The true genre down, the predicted genre across, in the model's order.
    genres : tuple of str
    """

    n: int
    accuracy: float
    macro_f1: float
    top3: float
    ece: float
    per_genre: dict[str, GenreScores]
    confusion: NDArray[np.intp]
    genres: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """What ``genregenie evaluate --json`` prints."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "top3": self.top3,
            "ece": self.ece,
            "per_genre": {genre: asdict(scores) for genre, scores in self.per_genre.items()},
            "confusion": self.confusion.tolist(),
        }


def evaluate(model: "Model", table: Table) -> Evaluation:
    """Score a model's calibrated confidences on clips that it has not been trained on.

    Parameters
    ----------
    model : Model
    table : Table
        Of genres that the model knows.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If the table has a genre that the model does not know.
    """
    index = {genre: i for i, genre in enumerate(model.genres)}
    unknown = sorted(set(table.genre.tolist()) - index.keys())
    if unknown:
        raise DataError(
            f"The model does not know {', '.join(unknown)}. It knows {', '.join(model.genres)}."
        )
    truth = np.array([index[genre] for genre in table.genre.tolist()], dtype=np.intp)
    confidences = model.confidences(table.rows, table.autotags, table.temporal)
    precision, recall, f1 = metrics.precision_recall_f1(confidences, truth)
    return Evaluation(
        n=len(table),
        accuracy=metrics.accuracy(confidences, truth),
        macro_f1=metrics.macro_f1(confidences, truth),
        top3=metrics.top_k(confidences, truth),
        ece=metrics.expected_calibration_error(confidences, truth),
        per_genre={
            genre: GenreScores(
                float(precision[i]), float(recall[i]), float(f1[i]), int((truth == i).sum())
            )
            for genre, i in index.items()
        },
        confusion=metrics.confusion(confidences, truth),
        genres=model.genres,
    )
