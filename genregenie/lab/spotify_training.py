"""Training, scoring and writing the shipped Spotify-features classifier, and its card."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.base import clone

from genregenie.common import settings
from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.common.files import replacing_folder
from genregenie.evaluation import metrics
from genregenie.evaluation.protocols import VECTORS, Index, holdout
from genregenie.lab import results
from genregenie.lab.estimators import BOOSTING, BoostingEnsemble
from genregenie.lab.tables import FeatureTable, ceiling
from genregenie.model.scorers import tempered
from genregenie.spotify_features import model
from genregenie.spotify_features.metadata import HeldOut, Metadata, TrainedOn
from genregenie.spotify_features.model import display_name
from genregenie.spotify_features.trees import TreeEnsemble
from genregenie.spotify_features.vectors import SPOTIFY_COLUMNS, spotify_vectors
from genregenie.training.artifacts import versions
from genregenie.training.calibration import fit_temperature

HELD_OUT_SEED: Final = 20
"""The split on whose held-out fifth nothing was chosen, features and settings included."""

_SHARE: Final = 0.2
_DRAWS: Final = 16


def ship(
    table: FeatureTable,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
    rounds: int | None = None,
) -> Metadata:
    """Score the classifier on vectors held out, fit it to all rows, write its folder.

    Parameters
    ----------
    table : FeatureTable
        With the columns of `SPOTIFY_COLUMNS`, in that order.
    folder : Path
        Default: the one that the app reads.
    rounds : int
        Of boosting; default: as chosen.

    Returns
    -------
    Metadata
        What ``model.json`` holds.

    Raises
    ------
    DataError
        For another table, or a folder that holds something else.
    """
    folder = folder or settings.trained_dir() / model.NAME
    if table.columns != SPOTIFY_COLUMNS:
        raise DataError(f"The table must have the columns {', '.join(SPOTIFY_COLUMNS)}.")
    if folder.exists() and any(folder.iterdir()) and not (folder / model.MODEL_JSON).exists():
        raise DataError(f"{folder} holds files that are not a model. Choose another folder.")
    ensemble = BoostingEnsemble(rounds=rounds) if rounds else BoostingEnsemble()
    vectors, y = spotify_vectors(table.rows), table.labels

    def fitted(index: Index) -> TreeEnsemble:
        return TreeEnsemble.of(clone(ensemble).fit(vectors[index], y[index]).members_)

    train, test = holdout(table, VECTORS, _SHARE, HELD_OUT_SEED)
    inner, tuning = holdout(table.take(train), VECTORS, _SHARE, seed=1)
    logs = fitted(train[inner]).decisions(vectors[train[tuning]])
    temperature = fit_temperature(logs[None], y[train[tuning]])
    say(f"C: shipped classifier, temperature {temperature:.2f}")
    confidences = tempered(fitted(train).decisions(vectors[test]), temperature)
    scores = _scores(confidences, y[test], ceiling(table.take(test))[0])
    say(f"C: shipped classifier, accuracy {scores.accuracy:.3f} on vectors held out")
    trees = fitted(np.arange(len(table)))

    best, different, several = ceiling(table)
    metadata = Metadata(
        genres=table.genres,
        temperature=temperature,
        usual=usual(table.rows),
        examples={g: _medians(table.rows[table.genre == g]) for g in table.genres},
        held_out=scores,
        trained_on=TrainedOn(len(table), different, several, best, "genregenie lab --ship"),
        settings=BOOSTING | ensemble.get_params(),
        versions=versions(),
    )
    precision, recall, f1 = metrics.precision_recall_f1(confidences, y[test])
    report = [
        {"genre": g, "precision": f"{p:.4f}", "recall": f"{r:.4f}", "f1": f"{f:.4f}", "rows": n}
        for g, p, r, f, n in zip(
            table.genres, precision, recall, f1, np.bincount(y[test]).tolist(), strict=True
        )
    ]
    confusion = [
        {"true": genre} | dict(zip(table.genres, row, strict=True))
        for genre, row in zip(
            table.genres, metrics.confusion(confidences, y[test]).tolist(), strict=True
        )
    ]
    _write(folder, trees, metadata, report, confusion)
    return metadata


def usual(rows: Array) -> Array:
    """`_DRAWS` quantiles of each column, shuffled so that the columns do not rise as one."""
    levels = (np.arange(_DRAWS) + 0.5) / _DRAWS
    values = np.quantile(rows, levels, axis=0, method="nearest")
    rng = np.random.default_rng(0)
    return np.column_stack([rng.permutation(values[:, i]) for i in range(len(SPOTIFY_COLUMNS))])


def _scores(confidences: Array, truth: Any, best: float) -> HeldOut:
    return HeldOut(
        accuracy=metrics.accuracy(confidences, truth),
        macro_f1=metrics.macro_f1(confidences, truth),
        top3=metrics.top_k(confidences, truth, 3),
        top5=metrics.top_k(confidences, truth, 5),
        ece=metrics.expected_calibration_error(confidences, truth),
        rows=len(truth),
        ceiling=best,
    )


def _medians(rows: Array) -> Array:
    medians = np.median(rows, axis=0)
    # Half of a mode or a key is no median that a track could have.
    for name in ("key", "mode"):
        values, number = np.unique(rows[:, SPOTIFY_COLUMNS.index(name)], return_counts=True)
        medians[SPOTIFY_COLUMNS.index(name)] = values[number.argmax()]
    return np.array([round(median, 4) for median in medians.tolist()])


def _write(
    folder: Path,
    trees: TreeEnsemble,
    metadata: Metadata,
    report: list[dict[str, Any]],
    confusion: list[dict[str, Any]],
) -> None:
    with replacing_folder(folder) as fresh:
        trees.save(fresh / model.TREES_NPZ)
        text = json.dumps(metadata.to_dict(), indent=2, ensure_ascii=False) + "\n"
        (fresh / model.MODEL_JSON).write_text(text, encoding="utf-8")
        (fresh / "README.md").write_text(card(metadata, report), encoding="utf-8")
        results.write_table(fresh / "per_genre.csv", report)
        results.write_table(fresh / "confusion.csv", confusion)


def card(metadata: Metadata, report: list[dict[str, Any]]) -> str:
    """The model card as Markdown."""
    held_out, trained_on = metadata.held_out, metadata.trained_on
    lines = [
        "# Model card: genres from Spotify's audio features",
        "",
        f"Histogram boosting, {metadata.settings['members']} seeds of "
        f"{metadata.settings['rounds']} rounds averaged, over ten audio "
        f"features of {trained_on.rows:,} tracks and eight numbers that follow from them "
        "(`genregenie/spotify_features/vectors.py`). It names one of "
        f"{len(metadata.genres)} genres: "
        + ", ".join(display_name(g) for g in metadata.genres)
        + ". `arrays.npz` holds its trees as plain arrays; no pickle.",
        "",
        "It is for tracks whose audio features one has already, from an export such as "
        "Exportify's. It does not listen to audio; the other model does that.",
        "",
        "## How good it is",
        "",
        f"On {held_out.rows:,} rows whose feature vectors it had not seen:",
        "",
        "| accuracy | macro-F1 | top-3 | top-5 | ECE | best possible |",
        "|---|---|---|---|---|---|",
        "| "
        + " | ".join(
            f"{getattr(held_out, k):.3f}"
            for k in ("accuracy", "macro_f1", "top3", "top5", "ece", "ceiling")
        )
        + " |",
        "",
        "These rows, a fifth of the vectors, were set aside first: features and settings were "
        "picked on the other four fifths, and the temperature that calibrates the confidence on a "
        "fifth of those. What is shipped is then fitted to all rows.",
        "",
        f"The best possible is below 1 because {trained_on.vectors_of_several_genres:,} of "
        f"{trained_on.vectors:,} feature vectors carry more than one genre: the same track "
        f"stood in playlists of several, so no model can pass {trained_on.ceiling:.2f} on the "
        "whole table. For such a vector this one spreads its confidence over the genres.",
        "",
        "| genre | precision | recall | F1 | held-out rows |",
        "|---|---|---|---|---|",
        *(
            f"| {display_name(r['genre'])} | {float(r['precision']):.2f} | "
            f"{float(r['recall']):.2f} | {float(r['f1']):.2f} | {r['rows']} |"
            for r in report
        ),
        "",
        "Forest, bagging, kNN, tree, SVC, SMOTE and class weights, each under honest and "
        "flattering protocols: [docs/evaluation.md](../../docs/evaluation.md) and "
        "`models/lab/`.",
        "",
        "## Limits",
        "",
        "- It knows rap, trap, dance and a little R&B, emo and pop: the playlists of its table. "
        "Rock, jazz, classical and all else are forced into those genres.",
        "- The genres of the table overlap by their nature; *Underground Rap*, *Rap*, *Hip-hop* "
        "and *Dark Trap* are the ones it mixes up. *Pop* has 461 rows and is mostly missed.",
        "- `loudness` and `instrumentalness` are not in the copy of the table that it learnt "
        "from, so it ignores them.",
        "- Where a value is missing the answer is the mean over what is usual in the table, and "
        "says so; with several missing it is little more than a guess.",
        "",
        "## Licence and terms of use",
        "",
        "- It was trained on `genres_v2.csv`, a published research table of 42,305 tracks. "
        "Nothing was fetched from the Spotify Web API for it, and the table is not part of this "
        "project.",
        "- Spotify's developer terms forbid training models on content taken from its API, and "
        "feeding such content to models. Audio features are no longer given to new apps. Whoever "
        "types or uploads features is answerable for having the right to use them this way. Do "
        "not use this model in a service that Spotify's terms bind.",
        "- Spotify is a trademark of Spotify AB, which has nothing to do with this model.",
        "",
        "## Made with",
        "",
        f"`{trained_on.command}`, "
        + ", ".join(f"{k} {v}" for k, v in metadata.versions.items())
        + f"; settings {metadata.settings}.",
        "",
    ]
    return "\n".join(lines)
