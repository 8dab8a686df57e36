"""What the journal keeps: answers, runs and changes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from genregenie.autotag.vocabulary import Autotag
from genregenie.tagging.formats.fields import Tags
from genregenie.tagging.policy import TagPolicy


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
    autotags : tuple of Autotag or None
        Those that are heard, the highest level first. None in what an earlier release wrote, which
        did not listen for them.
    tempo_bpm : float or None
    key : str or None
        None where that is not sure.
    is_measured : bool
        Whether tempo and key were listened for: in an earlier release they were not.
    """

    verdict: str
    genre: str | None
    confidence: float
    confidences: dict[str, float]
    duration_s: float
    analysed_s: float
    title: str | None
    artist: str | None
    autotags: tuple[Autotag, ...] | None = None
    tempo_bpm: float | None = None
    key: str | None = None
    is_measured: bool = False

    def is_enough_for(self, policy: TagPolicy) -> bool:
        """Whether all was listened for that is to be written."""
        measured = self.is_measured or set(policy.kinds) <= set(policy.groups)
        return measured and not (policy.groups and self.autotags is None)

    def wanted_by(self, policy: TagPolicy, *, is_sure: bool) -> Tags:
        """What a policy writes of it; without `is_sure`, no genre of the model."""
        return policy.wanted(
            self.confidences, self.autotags or (), self.tempo_bpm, self.key, is_sure=is_sure
        )

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """What `to_dict` gave, here or in an earlier release."""
        tags = fields.get("autotags")
        heard = None if tags is None else tuple(map(Autotag.from_dict, tags))
        return cls(**dict(fields) | {"autotags": heard})


@dataclass(frozen=True)
class RunRequest:
    """What a run was asked to do. One with an equal request goes on where it was stopped.

    Attributes
    ----------
    paths : tuple of str
        Absolute paths and patterns.
    policy : TagPolicy
    exclude : tuple of str
        Patterns of what was to be left out.
    """

    paths: tuple[str, ...] = ()
    policy: TagPolicy = field(default_factory=TagPolicy)
    exclude: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold. Journals have it as text, so neither keys nor their order change."""
        policy = self.policy
        heard: dict[str, Any] = {"tags": list(policy.kinds)} if policy.kinds else {}
        if policy.unsure:
            heard["unsure"] = True
        return {
            "paths": list(self.paths),
            "mode": policy.mode,
            "threshold": policy.threshold,
            "at_most": policy.at_most,
            "names": {genre: list(names) for genre, names in policy.names.items()},
            "exclude": list(self.exclude),
            **heard,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """What `to_dict` gave; earlier releases knew fewer keys."""
        names = {genre: tuple(own) for genre, own in fields.get("names", {}).items()}
        plain = ("mode", "threshold", "at_most", "unsure")
        policy = {key: fields[key] for key in plain if key in fields}
        return cls(
            tuple(fields.get("paths", ())),
            TagPolicy(**policy, names=names, kinds=tuple(fields.get("tags", ()))),
            tuple(fields.get("exclude", ())),
        )


@dataclass(frozen=True)
class Run:
    """A run that wrote tags.

    Attributes
    ----------
    number : int
    started : str
        ISO 8601, UTC.
    request : RunRequest
    finished : bool
        Whether it came to its end.
    changed, undone : int
        Files it wrote, and how many of them were put back.
    """

    number: int
    started: str
    request: RunRequest
    finished: bool
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
    before : Tags or None
        What its tags held; None in what an earlier release wrote, which knew of genres alone.
    undo : bytes
        A record of `genregenie.tagging.delta`.
    """

    path: str
    changed_ns: int
    before: Tags | None
    undo: bytes
