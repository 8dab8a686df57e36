"""What the journal keeps: answers, runs and changes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CachedResult:
    """What was heard in a file.

    Attributes
    ----------
    verdict : ``"confident"``, ``"unsure"`` or ``"not music"``
    genre : str or None
    confidence : float
    confidences : dict of str to float
    duration_s, analysed_s : float
    title, artist : str or None
    """

    verdict: str
    genre: str | None
    confidence: float
    confidences: dict[str, float]
    duration_s: float
    analysed_s: float
    title: str | None
    artist: str | None


@dataclass(frozen=True)
class Run:
    """A run that wrote tags.

    Attributes
    ----------
    number : int
    started : str
        ISO 8601, UTC.
    about : str
        What was asked.
    finished : int
        1 once it came to its end.
    changed, undone : int
        Files it wrote, and how many of them were put back.
    """

    number: int
    started: str
    about: str
    finished: int
    changed: int
    undone: int


@dataclass(frozen=True)
class Change:
    """A file that a run changed.

    Attributes
    ----------
    path : str
    changed_ns : int
        Time of the change before this one.
    genres : tuple of str
        Those it had.
    undo : bytes
        A record of `genregenie.tagging.delta`.
    """

    path: str
    changed_ns: int
    genres: tuple[str, ...]
    undo: bytes
