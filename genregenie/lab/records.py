"""What the lab finds out, as records; each kind is a table of its own in `results`."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

TREATMENTS: Final = {
    "none": "nothing",
    "weights": "class weights",
    "oversample": "over-sampling",
    "undersample": "under-sampling",
    "smote": "SMOTE inside the split",
    "smote_outside": "SMOTE before the split: a leak",
}
"""What is done about uneven genres, and how people are told."""


@dataclass(frozen=True)
class Record:
    """A line of a table; a protocol is named by its kind, as in `evaluation.protocols`."""

    TABLE: ClassVar[str]


@dataclass(frozen=True)
class Headline(Record):
    """A model's three figures side by side; None where there is none.

    Attributes
    ----------
    system, model : str
    published : float or None
    reproduced : float or None
        Ours under the published protocol.
    honest, honest_macro_f1 : float or None
        With apart what must be apart.
    """

    TABLE: ClassVar[str] = "headlines"

    system: str
    model: str
    published: float | None
    reproduced: float | None
    honest: float | None
    honest_macro_f1: float | None


@dataclass(frozen=True)
class Score(Record):
    """How a model did under a protocol.

    Attributes
    ----------
    system, protocol, shape, table, model : str
    accuracy, macro_f1, top3 : float
    accuracy_sd : float or None
        Standard deviation between the splits of all seeds.
    voted, averaged : float or None
        Accuracy on tracks, where rows are parts of them.
    fit_s : float
    """

    TABLE: ClassVar[str] = "scores"

    system: str
    protocol: str
    shape: str
    table: str
    model: str
    accuracy: float
    accuracy_sd: float | None
    macro_f1: float
    top3: float
    voted: float | None
    averaged: float | None
    fit_s: float = field(metadata={"decimals": 2})


@dataclass(frozen=True)
class GenreScore(Record):
    """How a model did on the rows of one genre, and how many these were."""

    TABLE: ClassVar[str] = "reports"

    system: str
    protocol: str
    shape: str
    model: str
    genre: str
    precision: float
    recall: float
    f1: float
    rows: int


@dataclass(frozen=True)
class Confusion(Record):
    """How many rows of one genre were called another, or rightly the same."""

    TABLE: ClassVar[str] = "confusion"

    system: str
    protocol: str
    shape: str
    model: str
    really: str
    called: str
    rows: int


@dataclass(frozen=True)
class CurvePoint(Record):
    """Accuracy of a model that learnt from so many rows: on those, and on rows held out."""

    TABLE: ClassVar[str] = "learning_curves"

    system: str
    model: str
    protocol: str
    rows: int
    known: float
    held_out: float


@dataclass(frozen=True)
class Importance(Record):
    """How much accuracy a group of features is worth.

    Attributes
    ----------
    system, model, group : str
    columns : int
    drop, drop_sd : float
        Accuracy lost on held-out rows when the group's values are shuffled among them.
    """

    TABLE: ClassVar[str] = "importance"

    system: str
    model: str
    group: str
    columns: int
    drop: float
    drop_sd: float


@dataclass(frozen=True)
class Balanced(Record):
    """What a treatment of uneven genres did to a model on the Spotify table.

    Attributes
    ----------
    treatment, model, protocol : str
    accuracy, macro_f1 : float
    rarest : float
        Recall of the rarest genre.
    """

    TABLE: ClassVar[str] = "imbalance"

    treatment: str
    model: str
    protocol: str
    accuracy: float
    macro_f1: float
    rarest: float


@dataclass(frozen=True)
class Step(Record):
    """A model after some more rows, folded in and fitted anew.

    Attributes
    ----------
    model : str
    rows : int
        Known by now.
    folded, refitted : float
        Accuracy on held-out rows.
    folded_s, refitted_s : float
        Seconds that this step took; predicting is not counted.
    """

    TABLE: ClassVar[str] = "incremental"

    model: str
    rows: int
    folded: float
    refitted: float
    folded_s: float
    refitted_s: float


@dataclass(frozen=True)
class TrainingEpoch(Record):
    """How the training of a network stood after an epoch.

    Attributes
    ----------
    system, model, protocol : str
    epoch : int
        The first is 1.
    loss, accuracy : float
        On what is learnt.
    held_loss, held_accuracy : float or None
        On what is held out to watch it.
    """

    TABLE: ClassVar[str] = "training"

    system: str
    model: str
    protocol: str
    epoch: int
    loss: float
    accuracy: float
    held_loss: float | None
    held_accuracy: float | None


@dataclass(frozen=True)
class Augmented(Record):
    """What making training clips more than they are did to a network.

    Attributes
    ----------
    system, model, how, protocol : str
    accuracy, accuracy_sd, macro_f1 : float
        Mean over the seeds, and the deviation between them.
    """

    TABLE: ClassVar[str] = "augmentation"

    system: str
    model: str
    how: str
    protocol: str
    accuracy: float
    accuracy_sd: float
    macro_f1: float


@dataclass(frozen=True)
class Findings:
    """What was found out about systems: how they scored, and what was studied about them."""

    scores: list[Score]
    reports: list[GenreScore]
    confusion: list[Confusion]
    curves: list[CurvePoint] = field(default_factory=list)
    importance: list[Importance] = field(default_factory=list)
    training: list[TrainingEpoch] = field(default_factory=list)
