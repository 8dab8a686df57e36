"""Scoring a model on a table of statistics that it has not been trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genregenie.datasets.table import DataError, Table
from genregenie.evaluation import metrics
from genregenie.model.model import Model


@dataclass(frozen=True)
class Evaluation:
    """Scores on a table.

    Attributes
    ----------
    n : int
    accuracy, macro_f1, top3, ece : float
        Macro-F1 is over the genres that occur in the table.
    per_genre : dict of genre to ``precision``, ``recall``, ``f1`` and ``n``
    confusion : int array, shape (k, k)
        The true genre down, the predicted genre across, in the model's order.
    genres : tuple of str
    """

    n: int
    accuracy: float
    macro_f1: float
    top3: float
    ece: float
    per_genre: dict[str, dict[str, float]]
    confusion: NDArray[np.intp]
    genres: tuple[str, ...]


def evaluate(model: Model, table: Table) -> Evaluation:
    """Score a model's calibrated confidences.

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
    confidences = model.confidences(table.rows)
    precision, recall, f1 = metrics.precision_recall_f1(confidences, truth)
    return Evaluation(
        n=len(table),
        accuracy=metrics.accuracy(confidences, truth),
        macro_f1=metrics.macro_f1(confidences, truth),
        top3=metrics.top_k(confidences, truth),
        ece=metrics.expected_calibration_error(confidences, truth),
        per_genre={
            genre: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "n": int((truth == i).sum()),
            }
            for genre, i in index.items()
        },
        confusion=metrics.confusion(confidences, truth),
        genres=model.genres,
    )
