"""From an audio file to a `Prediction`."""

from collections.abc import Generator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from genregenie.audio import MIN_DURATION_S, WHOLE, AudioFile, Source, Spread
from genregenie.autotag.listener import Heard, Listener
from genregenie.autotag.music import music_threshold
from genregenie.autotag.network import check_installed, is_left_out
from genregenie.autotag.vocabulary import Autotag, beyond, heard_names, probabilities_of
from genregenie.autotag.vocabulary import autotags as named_autotags
from genregenie.common import settings
from genregenie.common.arrays import Array
from genregenie.common.steps import result_of
from genregenie.common.version import __version__
from genregenie.features.bandwidth import Quality
from genregenie.features.statistics import MelStatistics
from genregenie.features.tangent import as_row
from genregenie.features.temporal import TEMPORAL_WIDTH
from genregenie.inference.evidence import Evidence, Span
from genregenie.inference.prediction import Moment, Neighbour, Prediction, Verdict
from genregenie.model.explain import reasons
from genregenie.model.model import Model

NEIGHBOURS: Final = 5
_CERTAIN: Final = 0.9
"""A genre that is as sure as this stands, whatever styles are heard."""
_UNKNOWN: Final[Array] = np.full(TEMPORAL_WIDTH, np.nan)  # a moment is too short for it


class Classifier:
    """Classifies audio with a `Model`. Safe to use from many threads.

    Parameters
    ----------
    model : Model
    fast : bool
        Leave the pretrained network out.
    """

    def __init__(self, model: Model, *, fast: bool = False) -> None:
        self.model = model
        self.fast = fast

    @classmethod
    def load(cls, folder: str | Path | None = None, *, fast: bool | None = None) -> "Classifier":
        """The model in `folder`, or the shipped one; loaded once per process.

        Parameters
        ----------
        folder : path, optional
        fast : bool, optional
            Leave the pretrained network out. None: as ``GENREGENIE_HEARING`` says; without it, if
            onnxruntime is not installed.

        Raises
        ------
        ModelError
            If there is no usable model.
        AutotagError
            If the network is wanted and cannot be used.
        """
        if fast is None:
            fast = is_left_out()
        if not fast:
            check_installed()  # it is loaded with the first clip, so that processes can still fork
        return _load(settings.model_dir() if folder is None else Path(folder), fast)

    @property
    def version(self) -> str:
        """Changes with the model and with the release of GenreGenie: answers may then too."""
        return f"{__version__}-{self.model.version}" + ("-fast" if self.fast else "")

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
        with AudioFile(source) as audio:
            evidence = Evidence(None if self.fast else Listener(audio.duration_s, spread))
            for stretch in audio.stretches(spread):
                evidence.begin(stretch.start_s)
                for block in stretch.blocks:
                    evidence.push(block)
                evidence.end()
                yield audio.analysed_s
        return self.judge(
            evidence,
            evidence.heard(),
            duration_s=max(audio.duration_s, audio.analysed_s),
            analysed_s=audio.analysed_s,
            step=audio.step,
            title=audio.title,
            artist=audio.artist,
        )

    def judge(
        self,
        evidence: Evidence,
        heard: Heard | None,
        *,
        duration_s: float,
        analysed_s: float,
        step: float = 0.0,
        title: str | None = None,
        artist: str | None = None,
    ) -> Prediction:
        """What the model makes of what was gathered.

        Parameters
        ----------
        evidence : Evidence
            All of its stretches ended.
        heard : Heard, optional
            What the network made of the same samples.
        duration_s, analysed_s : float
            Length of the clip, and how much of it was heard.
        step : float
            Between the values of the samples as stored; 0 is not known.
        title, artist : str, optional
        """
        whole = evidence.whole
        about: dict[str, Any] = {
            "duration_s": duration_s,
            "analysed_s": max(analysed_s - whole.silent_s, 0.0),
            "silent_s": whole.silent_s,
            "title": title,
            "artist": artist,
        }
        if whole.sounding_s < MIN_DURATION_S:
            return self._nothing_heard(whole, about)
        moments = evidence.moments
        end_hz, quality = evidence.spectrum.end_hz, evidence.spectrum.quality(step)
        seen = [
            self.model.seen(stats, end_hz) for stats in (whole, *(m.statistics for m in moments))
        ]
        rows = np.array([as_row(stats) for stats in seen])
        movement = evidence.modulation.spectrum.row
        of_moments = [movement] if len(moments) == 1 else [_UNKNOWN] * len(moments)
        temporal = np.vstack([movement, *of_moments])
        autotags = None if heard is None else _autotag_rows(heard, moments)
        answers = self.model.answers(rows, autotags, temporal)
        tags = () if autotags is None else named_autotags(autotags[0])
        vectors = self.model.catalogue.space.vectors(rows[:1])
        distances = self.model.catalogue.distances(vectors)
        confidences = answers.confidences
        best = int(confidences[0].argmax())
        confidence = float(confidences[0, best])
        styles = beyond(tags, self.model.genres) if confidence < _CERTAIN else ()
        novelty = float(self.model.novelty(distances)[0])
        sounds_like_music = None if heard is None else heard.music_probability
        is_music = self._is_music(novelty, quality, sounds_like_music)
        is_confident = confidence >= answers.hearings[0].confident
        verdict: Verdict = "not music"
        if is_music:
            poor = quality != "full" or bool(styles)
            verdict = "confident" if is_confident and not poor else "unsure"
        return Prediction(
            genre=self.model.genres[best] if is_music else None,
            verdict=verdict,
            confidence=confidence,
            confidences=self._named(confidences[0]),
            timeline=tuple(
                Moment(
                    m.start_s,
                    min(m.end_s, duration_s),
                    self._named(confidences[i]),
                    () if autotags is None else heard_names(autotags[i]),
                )
                for i, m in enumerate(moments, 1)
            ),
            neighbours=self._neighbours(vectors, tags),
            vector=vectors[0],
            statistics=seen[0],
            reasons=reasons(
                self.model, answers, temporal[0], None if autotags is None else autotags[0]
            ),
            quality=quality,
            autotags=tags,
            beyond=styles if is_music else (),
            parts=answers.hearings[0].parts,
            **(_tempo_and_key(evidence) if is_music else {}),
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

    def _is_music(self, novelty: float, quality: Quality, music_probability: float | None) -> bool:
        """By what the network hears; it does not know narrow and coarse sounds."""
        if music_probability is not None and quality == "full":
            return music_probability >= music_threshold()
        return self.model.thresholds.is_music(novelty, quality)

    def _named(self, confidences: Array) -> dict[str, float]:
        return dict(zip(self.model.genres, confidences.tolist(), strict=True))

    def _neighbours(self, vectors: Array, tags: Sequence[Autotag]) -> tuple[Neighbour, ...]:
        catalogue = self.model.catalogue
        distances = 1.0 - catalogue.alike(vectors, probabilities_of(tags)[None])[0]
        return tuple(
            Neighbour(
                str(catalogue.artist[i]) or None,
                str(catalogue.title[i]) or None,
                str(catalogue.genre[i]),
                max(float(distances[i]), 0.0),
            )
            for i in np.argsort(distances, kind="stable")[:NEIGHBOURS]
        )


def load(model: str | Path | None = None, *, fast: bool | None = None) -> Classifier:
    """A classifier to keep: the model in a folder, or the shipped one.

    It is loaded once per process, whoever asks for it, and safe to use from many threads.

    Parameters
    ----------
    model : path, optional
        A folder that ``genregenie train`` wrote. None is the shipped model, or the one that
        ``GENREGENIE_MODEL`` names.
    fast : bool, optional
        Leave the pretrained network out. None: as ``GENREGENIE_HEARING`` says; without it, if
        onnxruntime is not installed.

    Raises
    ------
    ModelError
        If there is no usable model.
    AutotagError
        If the network is wanted and cannot be used.

    Examples
    --------
    >>> classifier = load()
    >>> classifier.model.genres[:3]
    ('blues', 'classical', 'country')
    >>> load() is classifier
    True
    """
    return Classifier.load(model, fast=fast)


@cache
def _load(folder: Path, fast: bool) -> Classifier:
    return Classifier(Model.load(folder), fast=fast)


def _tempo_and_key(evidence: Evidence) -> dict[str, Any]:
    tempo, key = evidence.tempo.estimate(), evidence.key.estimate()
    of_tempo = {"tempo_bpm": tempo.bpm, "tempo_confidence": tempo.confidence} if tempo else {}
    of_key = {"key": key.name, "key_confidence": key.confidence} if key else {}
    return of_tempo | of_key


def _autotag_rows(heard: Heard, moments: Sequence[Span]) -> Array:
    """Probabilities of the tags, shape (1 + moments, 50): of the clip, then around each moment."""
    around = [heard.around(moment.start_s, moment.end_s) for moment in moments]
    return np.vstack([heard.autotags, *around])
