"""Writing a trained model, its scores and its card to a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from skops.io import dump

from genregenie.common.files import replacing_folder
from genregenie.common.formatting import csv_lines
from genregenie.evaluation import metrics
from genregenie.evaluation.metrics import ReliabilityBin
from genregenie.model.blend import HEADS_NPZ, Head, save_heads
from genregenie.model.catalogue import Catalogue
from genregenie.model.metadata import Metadata
from genregenie.model.model import ARRAYS_NPZ, CATALOGUE_NPZ, PIPELINE_SKOPS
from genregenie.model.scorers import ArrayScorer, Kernel, Linear
from genregenie.training.compare import Scores
from genregenie.training.estimators import KernelLogisticRegression, Tempered, symmetric
from genregenie.training.map import draw_map
from genregenie.training.parts import Parts

SCORES_CSV = "scores.csv"
PER_GENRE_CSV = "per_genre_f1.csv"
CONFUSION_CSV = "confusion.csv"
RELIABILITY_CSV = "reliability.csv"
BLEND = "blend"
PARTS_CSV = "parts.csv"
PART_SCORES_CSV = "part_scores.csv"
CARD_MD = "README.md"


def as_arrays(pipeline: Pipeline) -> ArrayScorer | None:
    """The pipeline as plain arrays, or None if it is not made of kernel and linear models."""
    steps = dict(pipeline.steps)
    if set(steps) != {"tangent", "classify"}:
        return None
    final = steps["classify"]
    if not isinstance(final, VotingClassifier):
        members = [final]
    elif final.voting == "soft" and final.weights is None:
        members = list(final.estimators_)
    else:
        return None
    kernel: Kernel | None = None
    linear: Linear | None = None
    for member in members:
        if isinstance(member, KernelLogisticRegression) and kernel is None:
            kernel = Kernel(member.landmarks_, member.dual_, member.intercept_, member.gamma)
        elif (converted := _linear(member)) is not None and linear is None:
            linear = converted
        else:
            return None
    return ArrayScorer(steps["tangent"].space(), kernel, linear)


def as_head(pipeline: Pipeline) -> Head:
    """The pipeline of a part as plain arrays.

    Raises
    ------
    ValueError
        If it is not made of a scaler and a kernel or linear model.
    """
    steps = dict(pipeline.steps)
    scaler, final = steps["scale"], steps["classify"]
    member = (
        Kernel(final.landmarks_, final.dual_, final.intercept_, final.gamma)
        if isinstance(final, KernelLogisticRegression)
        else _linear(final)
    )
    if member is None:
        raise ValueError(f"{final} is neither a kernel nor a linear model.")
    return Head(scaler.mean_, scaler.scale_, member)


def _linear(member: Any) -> Linear | None:
    temperature = 1.0
    if isinstance(member, Tempered):
        member, temperature = member.estimator_, member.temperature
    if not isinstance(member, (LinearDiscriminantAnalysis, LogisticRegression)):
        return None
    return Linear(
        symmetric(member.coef_.T) / temperature, symmetric(member.intercept_) / temperature
    )


def write(
    folder: Path,
    pipeline: Pipeline,
    catalogue: Catalogue,
    metadata: Metadata,
    scores: Sequence[Scores],
    reliability: Sequence[ReliabilityBin],
    card: str,
    labels: NDArray[np.intp],
    parts: Parts,
) -> None:
    """Write everything into a new folder and put it in the place of `folder` in one step.

    Parameters
    ----------
    folder : Path
        Is created, or replaced.
    pipeline : Pipeline
        The fitted winner.
    catalogue : Catalogue
    metadata : Metadata
    scores : sequence of Scores
        Of all candidates, the winner among them.
    reliability : sequence of ReliabilityBin
    card : str
        The model card as Markdown.
    labels : int array, shape (n,)
        Of the training clips.
    parts : Parts
        What was learnt beside timbre; the blend's figures take the place of timbre's.

    Raises
    ------
    WriteError
        If that cannot be written.
    """
    decided = next(s for s in scores if s.candidate == metadata.winner)
    confusion = decided.confusion
    by_genre = [(s.candidate, s.protocol.kind, s.per_genre_f1) for s in scores]
    if parts.best is not None:
        known = ~np.isnan(parts.best[0, :, 0])
        told = [(c[known], labels[known]) for c in parts.best]
        confusion = np.sum([metrics.confusion(c, y) for c, y in told], axis=0)
        reliability = metrics.reliability(
            np.concatenate([c for c, _ in told]), np.concatenate([y for _, y in told])
        )
        f1 = np.mean([metrics.precision_recall_f1(c, y)[2] for c, y in told], axis=0)
        by_genre.append((BLEND, decided.protocol.kind, f1))
    with replacing_folder(folder) as fresh:
        dump(pipeline, fresh / PIPELINE_SKOPS)
        arrays = as_arrays(pipeline)
        if arrays is not None:
            arrays.save(fresh / ARRAYS_NPZ)
        if parts.heads:
            save_heads(fresh / HEADS_NPZ, {part: as_head(p) for part, p in parts.heads.items()})
            for part, fitted in parts.heads.items():
                dump(fitted, fresh / f"{part}.skops")
            _write_csv(fresh / PARTS_CSV, part_rows(parts))
            compared = parts.scores.items()
            _write_csv(
                fresh / PART_SCORES_CSV,
                [{"part": part} | row for part, scored in compared for row in score_rows(scored)],
            )
        catalogue.save(fresh / CATALOGUE_NPZ)
        draw_map(fresh)
        metadata.write(fresh)
        (fresh / CARD_MD).write_text(card, encoding="utf-8")
        _write_csv(fresh / SCORES_CSV, score_rows(scores))
        _write_csv(
            fresh / PER_GENRE_CSV,
            [
                {"candidate": name, "protocol": kind}
                | {g: f"{f:.4f}" for g, f in zip(metadata.genres, f1, strict=True)}
                for name, kind, f1 in by_genre
            ],
        )
        _write_csv(
            fresh / RELIABILITY_CSV,
            [
                {"low": b.low, "high": b.high, "clips": b.count}
                | {"confidence": f"{b.confidence:.4f}", "accuracy": f"{b.accuracy:.4f}"}
                for b in reliability
            ],
        )
        _write_csv(
            fresh / CONFUSION_CSV,
            [
                {"true": genre} | dict(zip(metadata.genres, row, strict=True))
                for genre, row in zip(metadata.genres, confusion.tolist(), strict=True)
            ],
        )


def score_rows(scores: Sequence[Scores]) -> list[dict[str, str]]:
    """Scores as rows of text, the way the CSV and the printed table show them."""
    return [
        {
            "candidate": s.candidate,
            "protocol": s.protocol.kind,
            "accuracy": f"{s.accuracy:.4f}",
            "accuracy_sd": f"{s.accuracy_sd:.4f}",
            "precision": f"{s.precision:.4f}",
            "recall": f"{s.recall:.4f}",
            "macro_f1": f"{s.f1:.4f}",
            "top3": f"{s.top3:.4f}",
            "log_loss": f"{s.log_loss:.4f}",
            "ece": f"{s.ece:.4f}",
            "fit_s": f"{s.fit_s:.3f}",
            "predict_ms": f"{s.predict_ms:.2f}",
        }
        for s in scores
    ]


def part_rows(parts: Parts) -> list[dict[str, str]]:
    """What each part adds, as rows of text."""
    return [
        {
            "parts": s.parts,
            "protocol": s.protocol.kind,
            "clips": str(s.hearing.clips),
            "accuracy": f"{s.hearing.accuracy:.4f}",
            "accuracy_sd": f"{s.hearing.accuracy_sd:.4f}",
            "macro_f1": f"{s.hearing.macro_f1:.4f}",
            "top3": f"{s.hearing.top3:.4f}",
            "log_loss": f"{s.hearing.log_loss:.4f}",
            "ece": f"{s.hearing.ece:.4f}",
        }
        for s in parts.table
    ]


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    header, cells = list(rows[0]), (list(row.values()) for row in rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        file.writelines(csv_lines(header, cells, end="\n"))


def versions() -> dict[str, str]:
    """Versions of the libraries that the figures depend on."""
    import av
    import scipy
    import sklearn
    import skops

    return {m.__name__: m.__version__ for m in (np, scipy, sklearn, skops, av)}
