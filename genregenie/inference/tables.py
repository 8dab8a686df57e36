"""Results as a table: a row a file, a column a thing, for pandas, spreadsheets and databases."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genregenie.audio import AudioError
from genregenie.autotag.vocabulary import shown
from genregenie.inference.prediction import Prediction

if TYPE_CHECKING:
    import pandas as pd

_BEFORE = ("genre", "verdict", "confidence")
_AFTER = (
    *("duration_s", "analysed_s", "silent_s", "quality", "title", "artist"),
    *("tempo_bpm", "tempo_confidence", "key", "key_confidence"),
)


def to_frame(
    results: Iterable[Prediction | AudioError], files: Iterable[str | Path] | None = None
) -> "pd.DataFrame":
    """Results as a table of pandas, a row for each.

    Parameters
    ----------
    results : iterable of Prediction or AudioError
        As `genregenie.classify_many` gives them.
    files : iterable of paths, optional
        Their names, in the same order: the index of the table.

    Returns
    -------
    pandas.DataFrame
        Columns ``genre``, ``verdict``, ``confidence``, one such as ``confidence_jazz`` for each
        genre, ``duration_s`` and what else a `Prediction` says as one number or text, ``heard``
        (autotags, parted by ``"; "``), and ``error``, a sentence where there is no result.

    Raises
    ------
    ValueError
        If there are not as many files as results.

    Examples
    --------
    >>> import genregenie
    >>> from genregenie.common import resources
    >>> files = sorted((resources.assets() / "examples").glob("j*.mp3"))
    >>> frame = genregenie.to_frame(genregenie.classify_many(files, backend="serial"), files)
    >>> frame.genre.tolist()
    ['jazz']
    """
    import pandas as pd  # it takes a while, and few ask for it

    found = list(results)
    index = None if files is None else pd.Index([str(file) for file in files], name="file")
    if index is not None and len(index) != len(found):
        raise ValueError(f"There are {len(found)} results and {len(index)} files.")
    return pd.DataFrame(flat_rows(found), index=index)


def flat_rows(results: Sequence[Prediction | AudioError]) -> list[dict[str, Any]]:
    """A row for each result; the same keys, in the same order, in all."""
    genres = next((list(r.confidences) for r in results if isinstance(r, Prediction)), [])
    return [_row(result, genres) for result in results]


def _row(result: Prediction | AudioError, genres: Sequence[str]) -> dict[str, Any]:
    if isinstance(result, AudioError):
        nothing = (*_BEFORE, *(f"confidence_{genre}" for genre in genres), *_AFTER, "heard")
        return dict.fromkeys(nothing) | {"error": str(result)}
    return {
        **{name: getattr(result, name) for name in _BEFORE},
        **{f"confidence_{genre}": result.confidences.get(genre) for genre in genres},
        **{name: getattr(result, name) for name in _AFTER},
        "heard": "; ".join(shown(tag.name) for tag in result.heard),
        "error": None,
    }
