"""``model.json`` as records: what a model is, how it was made, how good it is.

Each record is read and written here alone. What a release did not write yet is None, and is not
written back, so that a model keeps its version whoever reads it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

from genregenie.common.artists import ArtistCount
from genregenie.common.errors import GenreGenieError
from genregenie.features.bandwidth import Quality

T = TypeVar("T")

FORMAT: Final = 1
MODEL_JSON: Final = "model.json"


_COARSE_NOVELTY: Final = 1.4
"""So many times as far from all references as any other a coarse sound may be and still be music,
for what its noise hides may be near. Of 199 recordings in 8 bits, also over a telephone before, or
stored up to 60 dB too soft, the furthest lay at 1.25 thresholds; tones lie at 1.4 to 2.6. A narrow
sound needs no such thing: what it lacks is filled in."""


class FormatError(GenreGenieError, ValueError):
    """A model in a format of another release."""


@dataclass(frozen=True)
class Thresholds:
    """Where verdicts change.

    Attributes
    ----------
    confident : float
        Calibrated confidence from which an answer counts as confident.
    novelty : float
        Mean distance to the nearest `novelty_neighbours` references above which a sound does
        not count as music.
    novelty_neighbours : int > 0
    """

    confident: float
    novelty: float
    novelty_neighbours: int

    def is_music(self, novelty: float, quality: Quality) -> bool:
        """Whether a sound counts as music; a coarse one may lie further from all references.

        Parameters
        ----------
        novelty : float >= 0
            From `genregenie.model.catalogue.novelty`.
        quality : ``"full"``, ``"narrow"`` or ``"coarse"``
        """
        return novelty <= self.novelty * (_COARSE_NOVELTY if quality == "coarse" else 1.0)


@dataclass(frozen=True)
class TrainedOn:
    """What a model has learned from, and how to repeat it.

    Attributes
    ----------
    source, command : str
        What the table is called; the command line that trained on it.
    tracks : int
    artists : ArtistCount or None
        None for models that do not say.
    folds, seeds : int
        Of the cross-validation that compared the candidates.
    """

    source: str
    command: str
    tracks: int
    artists: ArtistCount | None
    folds: int
    seeds: int

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` made."""
        artists = content.get("artists")
        known = None if artists is None else ArtistCount.from_dict(artists)
        return cls(**_fields(cls, content) | {"artists": known})

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return _without_none(asdict(self))


@dataclass(frozen=True)
class ScoringProtocol:
    """How the figures were taken, so that nobody claims more.

    Attributes
    ----------
    kind, title, remark : str
        As `genregenie.evaluation.protocols.Protocol` has them.
    """

    kind: str
    title: str
    remark: str


@dataclass(frozen=True)
class HeldOut:
    """How well temperature and thresholds do on artists that they were not set on.

    Attributes
    ----------
    ece : float
        Expected calibration error after recalibration, cross-fitted.
    confident_accuracy, confident_share : float
        Accuracy among confident answers and their share, cross-fitted. NaN where there are none.
    music_turned_away : float
        Share of held-out clips beyond the novelty threshold.
    """

    ece: float
    confident_accuracy: float
    confident_share: float
    music_turned_away: float


Part = Literal["timbre", "temporal", "autotags"]
"""What a model may know of a sound: its MFCC statistics, how it moves in time, what the pretrained
network calls it."""


@dataclass(frozen=True)
class Hearing:
    """A combination of parts: how they are weighed, and how good the answers are.

    The figures are of clips that have all parts of the model, artists apart; weights and threshold
    were set on other artists than those they are for.

    Attributes
    ----------
    weights : dict of Part to float >= 0
        What the logarithm of each part's confidences counts. Its keys are the parts.
    confident : float
        Confidence from which an answer counts as confident.
    clips : int
    accuracy, accuracy_sd, macro_f1, top3, log_loss, ece : float
        The standard deviation is over folds.
    confident_accuracy, confident_share : float
        Accuracy among confident answers, and their share. NaN where there are none.
    """

    weights: dict[Part, float]
    confident: float
    clips: int
    accuracy: float
    accuracy_sd: float
    macro_f1: float
    top3: float
    log_loss: float
    ece: float
    confident_accuracy: float
    confident_share: float

    @property
    def parts(self) -> tuple[Part, ...]:
        """Timbre first."""
        return tuple(self.weights)


@dataclass(frozen=True)
class Change:
    """A score without and with feedback, and the 95 % interval of their difference."""

    without: float
    with_feedback: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """What was gained."""
        return self.with_feedback - self.without

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` made."""
        return cls(content["without"], content["with"], content["low"], content["high"])

    def to_dict(self) -> dict[str, float]:
        """As JSON can hold it."""
        return {
            "without": self.without,
            "with": self.with_feedback,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True)
class FeedbackEffect:
    """What people's answers did to a model that has learned from them too.

    Attributes
    ----------
    answers, people : int
    weight : float
        Of all answers together, in curated clips.
    verdict, measured : str
        What they did, and on what that was measured.
    accuracy, log_loss : Change
    """

    answers: int
    people: int
    weight: float
    verdict: str
    measured: str
    accuracy: Change
    log_loss: Change

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` made."""
        changes = {name: Change.from_dict(content[name]) for name in ("accuracy", "log_loss")}
        return cls(**_fields(cls, content) | changes)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        changes = {"accuracy": self.accuracy.to_dict(), "log_loss": self.log_loss.to_dict()}
        return asdict(self) | changes


@dataclass(frozen=True)
class Metadata:
    """Everything in ``model.json``.

    Attributes
    ----------
    genres : tuple of str
        The order of all confidences.
    winner, reason : str
        The candidate that the model is, and why it was chosen.
    parameters : dict
        Its hyper-parameters, by scikit-learn's names.
    trained_on : TrainedOn
    feedback : FeedbackEffect or None
        None for a model that has learned from curated clips alone.
    protocol : ScoringProtocol or None
        None for models that do not say: they were scored with artists apart.
    temperature : float > 0
        The scorer's log-confidences are divided by it.
    thresholds : Thresholds
    held_out : HeldOut
    versions : dict of str to str
        Of the libraries that the figures depend on.
    hearings : tuple of Hearing
        From the one of most parts down; empty for a model that knows timbre alone.
    elsewhere : int or None
        On how many songs from outside the training clips confident answers hold as well; None
        where there were none to look at.
    """

    genres: tuple[str, ...]
    winner: str
    reason: str
    parameters: dict[str, Any]
    trained_on: TrainedOn
    feedback: FeedbackEffect | None
    protocol: ScoringProtocol | None
    temperature: float
    thresholds: Thresholds
    held_out: HeldOut
    versions: dict[str, str]
    hearings: tuple[Hearing, ...] = ()
    elsewhere: int | None = None

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` made, by this release or an earlier one.

        Raises
        ------
        FormatError
            If it has another format.
        KeyError, TypeError
            If something is missing.
        """
        if content["format"] != FORMAT:
            raise FormatError(f"has format {content['format']}, wanted {FORMAT}.")
        feedback, protocol = content.get("feedback"), content.get("protocol")
        records = {
            "genres": tuple(content["genres"]),
            "trained_on": TrainedOn.from_dict(content["trained_on"]),
            "feedback": None if feedback is None else FeedbackEffect.from_dict(feedback),
            "protocol": None if protocol is None else _record(ScoringProtocol, protocol),
            "thresholds": _record(Thresholds, content["thresholds"]),
            "held_out": _record(HeldOut, content["held_out"]),
            "hearings": tuple(_record(Hearing, h) for h in content.get("hearings", ())),
        }
        return cls(**_fields(cls, content) | records)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        records = {
            "genres": list(self.genres),
            "trained_on": self.trained_on.to_dict(),
            "feedback": self.feedback and self.feedback.to_dict(),
            "hearings": [asdict(hearing) for hearing in self.hearings] or None,
        }
        return _without_none({"format": FORMAT} | asdict(self) | records)

    @property
    def version(self) -> str:
        """Twelve characters that change with every training that comes out differently."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it from a model's folder.

        Raises
        ------
        OSError
        ValueError, KeyError, TypeError
            If it is something else.
        """
        return cls.from_dict(json.loads((folder / MODEL_JSON).read_text(encoding="utf-8")))

    def write(self, folder: Path) -> None:
        """Write it into a model's folder."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        (folder / MODEL_JSON).write_text(text, encoding="utf-8")


def _fields(record: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """What a record knows of; what a later release may have added is left out."""
    return {f.name: content[f.name] for f in fields(record) if f.name in content}


def _record(record: type[T], content: Mapping[str, Any]) -> T:
    return record(**_fields(record, content))


def _without_none(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}
