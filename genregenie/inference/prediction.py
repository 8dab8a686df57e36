"""What GenreGenie makes of a clip, and the same as plain data, as a line, and as a picture."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from genregenie.audio.file import MIN_DURATION_S
from genregenie.autotag.vocabulary import Autotag, shown
from genregenie.common.arrays import Array
from genregenie.common.errors import AudioError
from genregenie.common.formatting import format_duration
from genregenie.common.genres import display_name, ranked
from genregenie.features.bandwidth import Quality
from genregenie.features.key import shipped as key_model
from genregenie.features.statistics import Statistics
from genregenie.features.tangent import as_row
from genregenie.features.tempo import shipped as tempo_model
from genregenie.model.explain import Reason
from genregenie.model.metadata import Part
from genregenie.model.space import TangentSpace

if TYPE_CHECKING:
    from jinja2 import Template

Verdict = Literal["confident", "unsure", "not music"]


@dataclass(frozen=True)
class Moment:
    """The genre of one stretch of the clip; stretches overlap.

    Attributes
    ----------
    start_s, end_s : float >= 0
    confidences : dict of str to float
        As `Prediction.confidences`.
    heard : tuple of str
        Names of the autotags that are heard around it, the highest level first.
    """

    start_s: float
    end_s: float
    confidences: dict[str, float]
    heard: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self) | {"heard": list(self.heard)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave, here or in an earlier release."""
        return cls(**dict(content) | {"heard": tuple(content.get("heard", ()))})


@dataclass(frozen=True)
class Neighbour:
    """A reference track that sounds like the clip.

    Attributes
    ----------
    artist, title : str or None
        None where that is unknown.
    genre : str
    distance : float
        0 for the same sound to 2 for the opposite: 1 less how alike they are, by
        `genregenie.model.likeness`. In results of earlier releases it is another one.
    """

    artist: str | None
    title: str | None
    genre: str
    distance: float


@dataclass(frozen=True, repr=False)
class Prediction:
    """What GenreGenie makes of a clip.

    Attributes
    ----------
    genre : str or None
        The most likely genre; None if the clip does not sound like music.
    verdict : ``"confident"``, ``"unsure"`` or ``"not music"``
    confidence : float
        Calibrated confidence in the most likely genre.
    confidences : dict of str to float
        Over all genres of the model, in its order; they sum to 1.
    timeline : tuple of Moment
        In order of time, a moment every 3 s.
    duration_s, analysed_s : float
        Length of the file, and how much sound in it was listened to; silence does not count.
    neighbours : tuple of Neighbour
        The reference tracks nearest to the clip, nearest first.
    title, artist : str or None
        The file's own tags.
    vector : array, shape (104,)
        Where the clip lies in the space of the catalogue; empty if that is not known.
    statistics : Statistics
        Of all that was listened to; nothing else of the sound is left in a prediction.
    reasons : tuple of Reason
        What spoke for the most likely genre, the strongest first; empty if that is not known.
    silent_s : float
        How much of what was listened to held no signal; it counts for nothing.
    quality : ``"full"``, ``"narrow"`` or ``"coarse"``
        What the sound is worth: one with nothing above a telephone's band, or one stored in so few
        steps that noise covers its softer parts, is never judged confidently.
    autotags : tuple of Autotag
        Style, era, mood, voice: what the pretrained network calls the clip, the highest level
        first; empty where it was not asked.
    beyond : tuple of str
        Autotags that say what no genre of the model can; empty for nearly all clips.
    parts : tuple of str
        What the confidences rest on: ``"timbre"``, ``"temporal"``, ``"autotags"``.
    tempo_bpm : float or None
        Beats a minute; None of what is not music, too short or without a beat.
    tempo_confidence : float
        How likely that is right to 4 %, 0 to 1.
    key : str or None
        One of `genregenie.features.key.KEYS`, such as ``"A minor"``, ``"Bb major"``; None of what
        is not music, too short or without pitches.
    key_confidence : float
        How likely that is right, 0 to 1.
    """

    genre: str | None
    verdict: Verdict
    confidence: float
    confidences: dict[str, float]
    timeline: tuple[Moment, ...]
    duration_s: float
    analysed_s: float
    neighbours: tuple[Neighbour, ...]
    title: str | None
    artist: str | None
    vector: Array = field(default_factory=lambda: np.empty(0), compare=False)
    statistics: Statistics = field(default_factory=Statistics.empty, compare=False)
    reasons: tuple[Reason, ...] = ()
    silent_s: float = 0.0
    quality: Quality = "full"
    autotags: tuple[Autotag, ...] = ()
    beyond: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ("timbre",)
    tempo_bpm: float | None = None
    tempo_confidence: float = 0.0
    key: str | None = None
    key_confidence: float = 0.0

    @property
    def heard(self) -> tuple[Autotag, ...]:
        """Those of the autotags that stand out, the highest level first."""
        return tuple(tag for tag in self.autotags if tag.heard)

    @property
    def is_tempo_sure(self) -> bool:
        """Whether there is a tempo, as sure as those of which four in five are right."""
        return self.tempo_bpm is not None and self.tempo_confidence >= tempo_model().sure

    @property
    def is_key_sure(self) -> bool:
        """Whether there is a key, as sure as those of which four in five are right."""
        return self.key is not None and self.key_confidence >= key_model().sure

    @property
    def is_partial(self) -> bool:
        """Whether only stretches of the file were listened to."""
        return self.analysed_s + self.silent_s < self.duration_s - 1.0

    @property
    def is_silent(self) -> bool:
        """Whether there was hardly any sound in it."""
        return self.analysed_s < MIN_DURATION_S

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """All genres and confidences, the most confident first."""
        return ranked(self.confidences)

    def top(self, k: int = 3) -> list[tuple[str, float]]:
        """The `k` most likely genres and their confidences, the most confident first.

        Parameters
        ----------
        k : int >= 0

        Raises
        ------
        ValueError
            If it is negative.
        """
        if k < 0:
            raise ValueError(f"k is {k}: there are no fewer than 0 genres.")
        return self.ranked[:k]

    def located(self, space: TangentSpace) -> Self:
        """The same with the place that the clip has in `space`, that of a catalogue."""
        if not self.statistics.count:
            return self
        return replace(self, vector=space.vectors(as_row(self.statistics)[None])[0])

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it, but for `vector`, which follows from `statistics`."""
        return {
            "genre": self.genre,
            "verdict": self.verdict,
            "confidence": self.confidence,
            "confidences": dict(self.confidences),
            "duration_s": self.duration_s,
            "analysed_s": self.analysed_s,
            "silent_s": self.silent_s,
            "quality": self.quality,
            "timeline": [moment.to_dict() for moment in self.timeline],
            "neighbours": [asdict(neighbour) for neighbour in self.neighbours],
            "title": self.title,
            "artist": self.artist,
            "autotags": [tag.to_dict() for tag in self.autotags],
            "beyond": list(self.beyond),
            "parts": list(self.parts),
            "tempo_bpm": self.tempo_bpm,
            "tempo_confidence": self.tempo_confidence,
            "key": self.key,
            "key_confidence": self.key_confidence,
            "reasons": [asdict(reason) for reason in self.reasons],
            "statistics": self.statistics.to_dict(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The prediction that `to_dict` or `record` wrote, here or in an earlier release.

        What `record` leaves out is empty, and so is the vector until it is `located`.

        Raises
        ------
        AudioError
            If it is a record that says why there is no prediction.
        ValueError
            If it is something else.
        """
        if content.get("error") is not None:
            raise AudioError(content["error"])
        try:
            sums = content.get("statistics")
            return cls(
                genre=content["genre"],
                verdict=content["verdict"],
                confidence=content["confidence"],
                confidences=dict(content["confidences"]),
                timeline=tuple(Moment.from_dict(moment) for moment in content["timeline"]),
                duration_s=content["duration_s"],
                analysed_s=content["analysed_s"],
                neighbours=tuple(Neighbour(**near) for near in content["neighbours"]),
                title=content["title"],
                artist=content["artist"],
                statistics=Statistics.empty() if sums is None else Statistics.from_dict(sums),
                reasons=tuple(Reason(**reason) for reason in content.get("reasons", ())),
                # Earlier releases do not say.
                silent_s=content.get("silent_s", 0.0),
                quality=content.get("quality", "full"),
                autotags=tuple(Autotag.from_dict(tag) for tag in content.get("autotags", ())),
                beyond=tuple(content.get("beyond", ())),
                parts=tuple(content.get("parts", ("timbre",))),
                tempo_bpm=content.get("tempo_bpm"),
                tempo_confidence=content.get("tempo_confidence", 0.0),
                key=content.get("key"),
                key_confidence=content.get("key_confidence", 0.0),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"This is no prediction: {error!r}") from error

    def __repr__(self) -> str:
        return f"<Prediction: {self._sentence()}, {format_duration(self.duration_s)}>"

    def _repr_html_(self) -> str:
        """Bars of all confidences, for notebooks."""
        best = max(self.confidences.values(), default=0.0) or 1.0
        bars = [
            (display_name(genre), f"{100 * p:.1f} %", f"{100 * p / best:.1f}")
            for genre, p in self.ranked
        ]
        return _template().render(
            name=" \N{EN DASH} ".join(filter(None, (self.artist, self.title))),
            sentence=self._sentence(),
            length=format_duration(self.duration_s),
            bars=bars,
        )

    def _sentence(self) -> str:
        if self.genre is None:
            return "silence" if self.is_silent else self.verdict
        if self.beyond:
            return f"none of its genres, {', '.join(map(shown, self.beyond))}"
        return f"{display_name(self.genre)} {self.confidence:.0%}, {self.verdict}"


def record(file: str, result: Prediction | AudioError) -> dict[str, Any]:
    """What ``--json`` prints of a file, and what the page hands to programs.

    Parameters
    ----------
    file : str
        What the file is called.
    result : Prediction or AudioError
        What was heard, or why nothing was.

    Returns
    -------
    dict
        As JSON can hold it. The keys are the same for both: ``error`` is None or a sentence.
    """
    if isinstance(result, AudioError):
        nothing = dict.fromkeys(_SHOWN) | {"confidences": {}} | {n: [] for n in _LISTS}
        return {"file": file, **nothing, "error": str(result)}
    content = result.to_dict()
    return {"file": file, **{name: content[name] for name in _SHOWN}, "error": None}


_LISTS = ("timeline", "neighbours", "autotags", "beyond", "parts")
_SHOWN = (
    *("genre", "verdict", "confidence", "confidences", "duration_s", "analysed_s", "silent_s"),
    *("quality", "timeline", "neighbours", "title", "artist", "autotags", "beyond", "parts"),
    *("tempo_bpm", "tempo_confidence", "key", "key_confidence"),
)


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader  # it takes a while, and few calls need it

    return Environment(loader=PackageLoader("genregenie.inference"), autoescape=True).get_template(
        "prediction.html"
    )
