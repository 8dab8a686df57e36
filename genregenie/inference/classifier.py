"""From an audio file to a `Prediction`."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np

from genregenie.audio import MIN_DURATION_S, WHOLE, AudioFile, Samples, Source, Spread
from genregenie.common import settings
from genregenie.common.arrays import Array
from genregenie.common.steps import result_of
from genregenie.common.version import __version__
from genregenie.features.bandwidth import Quality, Spectrum
from genregenie.features.statistics import MelStatistics, binned_mel_statistics
from genregenie.features.tangent import as_row
from genregenie.inference.prediction import Moment, Neighbour, Prediction, Verdict
from genregenie.model.explain import reasons
from genregenie.model.model import Model

TIMELINE_STEP_S: Final = 3.0
TIMELINE_STEPS: Final = 2  # each moment looks at this many steps, so neighbours overlap by half
NEIGHBOURS: Final = 5
_MIN_MOMENT_FRAMES: Final = 100


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
    def load(cls, folder: str | Path | None = None) -> "Classifier":
        """The model in `folder`, or the shipped one; loaded once per process.

        Raises
        ------
        ModelError
            If there is no usable model.
        """
        return _load(settings.model_dir() if folder is None else Path(folder))

    @property
    def version(self) -> str:
        """Changes with the model and with the release of GenreGenie: answers may then too."""
        return f"{__version__}-{self.model.version}"

    def predict(self, source: Source, spread: Spread = WHOLE) -> Prediction:
        """Classify a file or samples.

        Parameters
        ----------
        source : path, bytes, seekable binary file, or (samples, rate)
            As for `genregenie.classify`.
        spread : Spread
            How much of it is listened to.

        Raises
        ------
        AudioError
            If that cannot be used as audio; the message is a sentence for its owner.
        TypeError
            If the source is something else.
        """
        return result_of(self.hear(source, spread))

    def hear(self, source: Source, spread: Spread = WHOLE) -> Generator[float, None, Prediction]:
        """`predict` in steps, for who shows progress or may want to stop.

        Parameters
        ----------
        source, spread
            As for `predict`.

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
            If that cannot be used as audio; the message is a sentence for its owner.
        TypeError
            If the source is something else.
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
        answers = self.model.answers(rows)
        confidences = answers.confidences
        vectors = self.model.catalogue.space.vectors(rows[:1])
        distances = self.model.catalogue.distances(vectors)
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
            vector=vectors[0],
            statistics=seen[0],
            reasons=reasons(self.model, None if answers.vectors is None else answers.vectors[0]),
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


def load(model: str | Path | None = None) -> Classifier:
    """A classifier to keep: the model in a folder, or the shipped one.

    It is loaded once per process, whoever asks for it, and safe to use from many threads.

    Parameters
    ----------
    model : path, optional
        A folder that ``genregenie train`` wrote. None is the shipped model, or the one that
        ``GENREGENIE_MODEL`` names.

    Raises
    ------
    ModelError
        If there is no usable model.

    Examples
    --------
    >>> classifier = load()
    >>> classifier.model.genres[:3]
    ('blues', 'classical', 'country')
    >>> load() is classifier
    True
    """
    return Classifier.load(model)


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
