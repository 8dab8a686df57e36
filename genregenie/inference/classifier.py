"""From an audio file to a `Prediction`."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from genregenie.audio import MIN_DURATION_S, WHOLE, AudioFile, Samples, Source, Spread
from genregenie.common import settings
from genregenie.common.steps import result_of
from genregenie.common.version import __version__
from genregenie.features import (
    Array,
    MelStatistics,
    Quality,
    Spectrum,
    Statistics,
    as_row,
    binned_mel_statistics,
)
from genregenie.model.explain import Reason, reasons
from genregenie.model.model import Model

Verdict = Literal["confident", "unsure", "not music"]

TIMELINE_STEP_S: Final = 3.0
TIMELINE_STEPS: Final = 2  # each moment looks at this many steps, so neighbours overlap by half
NEIGHBOURS: Final = 5
_MIN_MOMENT_FRAMES: Final = 100


@dataclass(frozen=True)
class Moment:
    """The genre of one stretch of the clip; stretches overlap."""

    start_s: float
    end_s: float
    confidences: dict[str, float]


@dataclass(frozen=True)
class Neighbour:
    """A reference track that sounds like the clip. None where artist or title is unknown."""

    artist: str | None
    title: str | None
    genre: str
    distance: float


@dataclass(frozen=True)
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
    vector: Array = field(default_factory=lambda: np.empty(0), repr=False, compare=False)
    statistics: Statistics = field(default_factory=Statistics.empty, repr=False, compare=False)
    reasons: tuple[Reason, ...] = ()
    silent_s: float = 0.0
    quality: Quality = "full"

    @property
    def is_partial(self) -> bool:
        """Whether only stretches of the file were listened to."""
        return self.analysed_s + self.silent_s < self.duration_s - 1.0

    @property
    def is_silent(self) -> bool:
        """Whether there was hardly any sound in it."""
        return self.analysed_s < MIN_DURATION_S


@dataclass(frozen=True)
class _Span:
    start_s: float
    end_s: float
    statistics: MelStatistics


class Classifier:
    """Classifies audio with a `Model`. Safe to use from many threads."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @classmethod
    def load(cls, folder: Path | None = None) -> "Classifier":
        """The model in `folder`, or the shipped one; loaded once per process.

        Raises
        ------
        ModelError
        """
        return _load(folder or settings.model_dir())

    @property
    def version(self) -> str:
        """Changes with the model and with the release of GenreGenie: answers may then too."""
        return f"{__version__}-{self.model.version}"

    def predict(self, source: Source, spread: Spread = WHOLE) -> Prediction:
        """Classify a path, the bytes of a file, or an open binary file.

        Parameters
        ----------
        source : path, bytes, or seekable binary file
        spread : Spread
            How much of it is listened to.

        Raises
        ------
        AudioError
            If the file cannot be used as audio; the message is a sentence for its owner.
        """
        return result_of(self.hear(source, spread))

    def hear(self, source: Source, spread: Spread = WHOLE) -> Generator[float, None, Prediction]:
        """`predict` in steps, for who shows progress or may want to stop.

        Yields
        ------
        float
            How much has been heard, in seconds, after each stretch.

        Returns
        -------
        Prediction
            As the generator's value.

        Raises
        ------
        AudioError
        """
        spectrum = Spectrum()
        with AudioFile(source) as audio:
            steps: list[list[_Span]] = []
            for stretch in audio.stretches(spread):
                steps.append(_steps(stretch.start_s, spectrum.watched(stretch.blocks)))
                yield audio.analysed_s
            heard_s = audio.analysed_s
            duration_s = max(audio.duration_s, heard_s)
            title, artist = audio.title, audio.artist
            quality = spectrum.quality(audio.step)

        spans = [span for stretch in steps for span in stretch]
        whole = sum((span.statistics for span in spans), MelStatistics.empty())
        about: dict[str, Any] = {
            "duration_s": duration_s,
            "analysed_s": max(heard_s - whole.silent_s, 0.0),
            "silent_s": whole.silent_s,
            "title": title,
            "artist": artist,
        }
        if whole.sounding_s < MIN_DURATION_S:
            return self._nothing_heard(whole, about)
        moments = [moment for stretch in steps for moment in _moments(stretch)]
        end_hz = spectrum.end_hz
        seen = [
            self.model.seen(stats, end_hz) for stats in (whole, *(m.statistics for m in moments))
        ]
        rows = np.array([as_row(stats) for stats in seen])
        confidences = self.model.confidences(rows)
        distances = self.model.catalogue.distances(rows[:1])
        best = int(confidences[0].argmax())
        confidence = float(confidences[0, best])
        novelty = float(self.model.novelty(distances)[0])
        verdict = self._verdict(confidence, novelty, quality)
        return Prediction(
            genre=None if verdict == "not music" else self.model.genres[best],
            verdict=verdict,
            confidence=confidence,
            confidences=self._named(confidences[0]),
            timeline=tuple(
                Moment(m.start_s, min(m.end_s, duration_s), self._named(c))
                for m, c in zip(moments, confidences[1:], strict=True)
            ),
            neighbours=self._neighbours(distances[0]),
            vector=self.model.catalogue.space.vectors(rows[:1])[0],
            statistics=seen[0],
            reasons=reasons(self.model, rows[0]),
            quality=quality,
            **about,
        )

    def _nothing_heard(self, whole: MelStatistics, about: dict[str, Any]) -> Prediction:
        """What is said of silence: of less sound than can be judged."""
        even = 1.0 / len(self.model.genres)
        return Prediction(
            genre=None,
            verdict="not music",
            confidence=even,
            confidences=dict.fromkeys(self.model.genres, even),
            timeline=(),
            neighbours=(),
            statistics=whole.cepstral(),
            **about,
        )

    def _verdict(self, confidence: float, novelty: float, quality: Quality) -> Verdict:
        thresholds = self.model.thresholds
        if not thresholds.is_music(novelty, quality):
            return "not music"
        is_confident = quality == "full" and confidence >= thresholds.confident
        return "confident" if is_confident else "unsure"

    def _named(self, confidences: Array) -> dict[str, float]:
        return dict(zip(self.model.genres, confidences.tolist(), strict=True))

    def _neighbours(self, distances: Array) -> tuple[Neighbour, ...]:
        catalogue = self.model.catalogue
        return tuple(
            Neighbour(
                str(catalogue.artist[i]) or None,
                str(catalogue.title[i]) or None,
                str(catalogue.genre[i]),
                float(distances[i]),
            )
            for i in np.argsort(distances, kind="stable")[:NEIGHBOURS]
        )


@cache
def _load(folder: Path) -> Classifier:
    return Classifier(Model.load(folder))


def _steps(start_s: float, blocks: Iterable[Samples]) -> list[_Span]:
    """Statistics of each timeline step of a stretch; a scrap at the end joins its neighbour."""
    spans = [
        _Span(start_s + i * TIMELINE_STEP_S, start_s + (i + 1) * TIMELINE_STEP_S, stats)
        for i, stats in enumerate(binned_mel_statistics(blocks, TIMELINE_STEP_S))
    ]
    if len(spans) > 1 and spans[-1].statistics.frames < _MIN_MOMENT_FRAMES:
        last, scrap = spans[-2:]
        spans[-2:] = [_Span(last.start_s, scrap.end_s, last.statistics + scrap.statistics)]
    return spans


def _moments(steps: list[_Span]) -> list[_Span]:
    """Overlapping windows of `TIMELINE_STEPS` steps; one for a stretch shorter than that.

    Silence has no genre: a step without sound is in no moment.
    """
    windows = [
        [step for step in steps[i : i + TIMELINE_STEPS] if step.statistics.count]
        for i in range(max(len(steps) - TIMELINE_STEPS + 1, 1))
    ]
    moments = [
        _Span(w[0].start_s, w[-1].end_s, list(accumulate(s.statistics for s in w))[-1])
        for w in windows
        if w
    ]
    enough = [m for m in moments if m.statistics.count >= _MIN_MOMENT_FRAMES]
    return enough or moments
