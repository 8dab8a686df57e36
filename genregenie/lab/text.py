"""System A for files: what a file sounds like, and what its own tags say."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from genregenie.common.files import replacing
from genregenie.lab import results
from genregenie.lab.hearing import Sound
from genregenie.lab.models import with_text
from genregenie.lab.tables import FeatureTable, join_text
from genregenie.model.model import ModelError
from genregenie.model.scorers import TRUSTED_TYPES
from genregenie.training.transformers import GaussianTangent

FILE: Final = "text.skops"
_TEXT_WEIGHT: Final = 6.0
_STRENGTH: Final = 0.3


@dataclass(frozen=True)
class Answer:
    """What system A makes of a file.

    Attributes
    ----------
    text : str
        Artist and title from the file's own tags; empty if it has none.
    sound, sound_and_text : dict of genre to confidence
        Without and with that text; the same where there is none.
    """

    text: str
    sound: dict[str, float]
    sound_and_text: dict[str, float]


def fit_text(table: FeatureTable) -> dict[str, Pipeline]:
    """Two pipelines on MFCC statistics: one hears the sound alone, one reads the text as well."""
    joined = table.with_text()
    width = table.rows.shape[1]

    def classifier() -> tuple[str, Any]:
        return "classify", LogisticRegression(C=_STRENGTH, max_iter=2_000)

    sound = Pipeline([("prepare", GaussianTangent()), classifier()])
    text = Pipeline([("prepare", with_text(GaussianTangent(), width, _TEXT_WEIGHT)), classifier()])
    return {
        "sound": sound.fit(table.rows, table.genre),
        "sound_and_text": text.fit(joined.rows, table.genre),
    }


def save_text(pipelines: dict[str, Pipeline], folder: Path | None = None) -> None:
    """Write both pipelines with skops."""
    from skops.io import dump

    with replacing(results.written(folder) / FILE) as draft:
        dump(pipelines, draft, compression=ZIP_DEFLATED)


@cache
def _load(path: Path) -> dict[str, Pipeline]:
    from skops.io import load

    try:
        return load(path, trusted=list(TRUSTED_TYPES))
    except FileNotFoundError as error:
        raise ModelError(
            f"System A has no model at {path}. 'genregenie lab --system A' makes one."
        ) from error


def ask(sound: Sound, folder: Path | None = None) -> Answer:
    """Name the genre of an audio file as system A would.

    Raises
    ------
    ModelError
        If the pipelines have not been made.
    """
    pipelines = _load(results.place(FILE, folder))
    row = sound.row[None]
    by_sound = _named(pipelines["sound"], row)
    if not sound.text:
        return Answer("", by_sound, by_sound)
    joined = join_text(row, np.array([sound.text]))
    return Answer(sound.text, by_sound, _named(pipelines["sound_and_text"], joined))


def _named(pipeline: Pipeline, rows: Any) -> dict[str, float]:
    confidences = pipeline.predict_proba(rows)[0]
    return dict(zip(pipeline.classes_.tolist(), confidences.tolist(), strict=True))
