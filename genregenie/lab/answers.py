"""What every earlier system would have said of a clip."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genregenie.audio import RATE_HZ, Samples, Source
from genregenie.autotag.network import AutotagError
from genregenie.common.arrays import Array
from genregenie.common.errors import DataError
from genregenie.inference.classifier import load
from genregenie.lab import hand_made, kept, results
from genregenie.lab.deep import clips, pictures
from genregenie.lab.deep.keeping import KeptNetwork
from genregenie.lab.deep.networks import NETWORKS
from genregenie.lab.hearing import Middle, middle
from genregenie.lab.systems import SYSTEMS
from genregenie.lab.tables import join_text
from genregenie.model.model import ModelError

SEGMENT_S: Final = 10.0

_NO_SOUND: Final = (
    "works on numbers that Spotify computes, which cannot be had from a sound: see the tab "
    "Spotify's numbers, or genregenie spotify-features"
)
_MIN_S: Final = 3.0


@dataclass(frozen=True)
class Answer:
    """What a model of a system says of a clip.

    Attributes
    ----------
    system, model : str
    confidences : dict of genre to confidence, or None
        None where it cannot answer.
    took_ms : float
        What it took from samples to the answer, by itself.
    remark : str
        Why it cannot answer, or what is to be known of the answer.
    """

    system: str
    model: str
    confidences: dict[str, float] | None
    took_ms: float
    remark: str = ""

    @property
    def genre(self) -> str | None:
        """The likeliest, if it answers."""
        own = self.confidences
        return max(own, key=lambda genre: own[genre]) if own else None

    @property
    def confidence(self) -> float | None:
        """Of `genre`."""
        return max(self.confidences.values()) if self.confidences else None

    def to_dict(self) -> dict[str, Any]:
        """As ``genregenie lab classify --json`` prints it."""
        return {
            "system": self.system,
            "model": self.model,
            "genre": self.genre,
            "confidence": self.confidence,
            "confidences": self.confidences,
            "milliseconds": round(self.took_ms, 1),
            "remark": self.remark,
        }


def answers(source: Source, folder: Path | None = None) -> list[Answer]:
    """What each kept model says of a clip, in the order of the systems.

    Parameters
    ----------
    source : path, bytes, seekable binary file, or (samples, rate)
    folder : path, optional
        Where the models lie; by default ``models/lab``.

    Raises
    ------
    AudioError
        If it cannot be used as audio.
    """
    return answers_to(middle(source), folder)


def answers_to(heard: Middle, folder: Path | None = None) -> list[Answer]:
    """The same, of what was heard of a clip already."""
    clip = _Clip(heard)
    found: list[Answer] = []
    for key in SYSTEMS:
        if key == "C":
            found.append(Answer(key, "forest", None, 0.0, _NO_SOUND))
        found += (_by_pipeline(clip, key, name, folder) for name in kept.PIPELINES.get(key, ()))
        if key == "D":
            found.append(_by_the_shipped(clip))
        networks = [n.name for n in NETWORKS if n.system == key and n.is_kept]
        found += (_by_network(clip, key, name, folder) for name in networks)
    return found


class _Clip:
    """A clip, and what was made of it so far, with the time that took."""

    def __init__(self, heard: Middle) -> None:
        short, samples = round(_MIN_S * RATE_HZ), heard.samples
        self.samples = np.resize(samples, short) if len(samples) < short else samples
        self.text = heard.text
        self._made: dict[Any, tuple[Any, float]] = {}

    def made(self, key: Any, make: Callable[[], Any]) -> tuple[Any, float]:
        """Something of the clip, and how many milliseconds it took, the first time it is asked."""
        if key not in self._made:
            clock = time.perf_counter()
            value = make()
            self._made[key] = value, 1e3 * (time.perf_counter() - clock)
        return self._made[key]

    def rows(self, columns: tuple[str, ...], *, in_segments: bool) -> tuple[Array, float]:
        """Hand-made features of the clip, or of each 10 s of it, shape (rows, d).

        Raises
        ------
        DataError
            If librosa is not installed.
        """
        hand_made.prepare()
        parts = list(_segments(self.samples)) if in_segments else [self.samples]
        found, took_ms = self.made(
            ("hand-made", in_segments), lambda: [hand_made.hand_made(part) for part in parts]
        )
        return np.stack([hand_made.row_of(features, columns) for features in found]), took_ms

    def inputs(self, names: tuple[str, ...]) -> tuple[dict[str, NDArray[np.float32]], float]:
        """What a network is given of the clip, and how long that took to make."""
        took = 0.0
        found: dict[str, NDArray[np.float32]] = {}
        for name in names:
            if name in ("embedding", "windows"):
                own, ms = self.made("windows", self._windows)
            else:
                picture, ms = self.made("picture", lambda: pictures.picture_of(self.samples))
                making = _slices if name == "slice" else _whole
                own, more = self.made(making, partial(making, picture))
                ms += more
            found[name], took = own[name], max(took, ms)
        return found, took

    def _windows(self) -> dict[str, NDArray[np.float32]]:
        heard = clips.windows_of((self.samples, RATE_HZ))
        return {"windows": heard[None], "embedding": heard.mean(axis=0)[None]}


def _slices(picture: pictures.Picture) -> dict[str, NDArray[np.float32]]:
    return {"slice": pictures.slices_of(picture)}


def _whole(picture: pictures.Picture) -> dict[str, NDArray[np.float32]]:
    return {name: values[None] for name, values in clips.whole_inputs(picture).items()}


def _segments(samples: Samples) -> Iterator[Samples]:
    """Whole segments of 10 s; a shorter clip is one."""
    length = round(SEGMENT_S * RATE_HZ)
    count = max(round(len(samples) / length), 1)
    for number in range(count):
        yield samples[number * length : (number + 1) * length]


def _by_pipeline(clip: _Clip, key: str, name: str, folder: Path | None) -> Answer:
    try:
        model = kept.pipeline(key, name, folder)
        columns = tuple(column for column in model.columns if column != "text")
        rows, making_ms = clip.rows(columns, in_segments=SYSTEMS[key].table == "segments")
    except (DataError, ModelError) as error:
        return Answer(key, name, None, 0.0, str(error))
    remark = ""
    if "text" in model.columns:
        rows = join_text(rows, np.array([clip.text] * len(rows)))
        remark = f"its tags say: {clip.text}" if clip.text else "it has no tags to read"
    clock = time.perf_counter()
    confidences = np.asarray(model.pipeline.predict_proba(rows)).mean(axis=0)
    took_ms = making_ms + 1e3 * (time.perf_counter() - clock)
    genres = model.pipeline.classes_.tolist()
    return Answer(key, name, _named(genres, confidences), took_ms, remark)


def _by_network(clip: _Clip, key: str, name: str, folder: Path | None) -> Answer:
    try:
        model = _network(results.kept(key, name, "onnx", folder))
        inputs, making_ms = clip.inputs(model.inputs)
    except (DataError, AutotagError) as error:
        return Answer(key, name, None, 0.0, str(error))
    clock = time.perf_counter()
    confidences = model.confidences(inputs).mean(axis=0)
    took_ms = making_ms + 1e3 * (time.perf_counter() - clock)
    return Answer(key, name, _named(model.genres, confidences), took_ms)


@cache
def _network(path: Path) -> KeptNetwork:
    return KeptNetwork(path)


def _by_the_shipped(clip: _Clip) -> Answer:
    classifier = load()
    clock = time.perf_counter()
    found = classifier.predict((clip.samples, RATE_HZ))
    took_ms = 1e3 * (time.perf_counter() - clock)
    return Answer("D", "everything", dict(found.confidences), took_ms)


def _named(genres: Any, confidences: Array) -> dict[str, float]:
    return dict(zip(map(str, genres), confidences.tolist(), strict=True))
