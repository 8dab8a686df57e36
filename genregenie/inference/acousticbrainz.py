"""Results in the layout of AcousticBrainz, for what reads that: its names, our measurements.

Only what we measure is there. ``highlevel.genre_tzanetakis`` has the ten genres under the names of
its classifier, which had learnt them from the same clips. The MFCCs are those of our own frames
(`genregenie.features.mfcc`); Essentia scales and filters otherwise, so one model cannot take both.
"""

from pathlib import Path
from typing import Any, Final

from genregenie.audio.formats import RATE_HZ
from genregenie.common.version import __version__
from genregenie.inference.prediction import Prediction

_CLASSES: Final = {
    "blues": "blu",
    "classical": "cla",
    "country": "cou",
    "disco": "dis",
    "hiphop": "hip",
    "jazz": "jaz",
    "metal": "met",
    "pop": "pop",
    "reggae": "reg",
    "rock": "roc",
}
_SPELT: Final = {"Db": "C#", "G#": "Ab"}
"""Keys that Essentia spells otherwise."""


def document(file: str, result: Prediction) -> dict[str, Any]:
    """A result as JSON can hold it.

    Parameters
    ----------
    file : str
        Its name.
    result : Prediction

    Returns
    -------
    dict
        ``metadata``, ``lowlevel``, ``rhythm``, ``tonal`` and ``highlevel``; what is not known is
        left out.
    """
    tags = {"file_name": Path(file).name}
    named = {"artist": [result.artist], "title": [result.title]}
    found: dict[str, Any] = {
        "metadata": {
            "audio_properties": {
                "length": result.duration_s,
                "analysis_sample_rate": RATE_HZ,
            },
            "tags": tags | {name: value for name, value in named.items() if value[0]},
            "version": {"genregenie": __version__},
        }
    }
    statistics = result.statistics
    if statistics.count > 1:
        found["lowlevel"] = {
            "mfcc": {"mean": statistics.mean.tolist(), "cov": statistics.covariance.tolist()}
        }
    if result.tempo_bpm is not None:
        found["rhythm"] = {"bpm": result.tempo_bpm}
    if result.key is not None:
        tonic, scale = result.key.split()
        found["tonal"] = {
            "key_key": _SPELT.get(tonic, tonic),
            "key_scale": scale,
            "key_strength": result.key_confidence,
        }
    if result.genre is not None:
        found["highlevel"] = {"genre_tzanetakis": _genre(result)}
    return found


def _genre(result: Prediction) -> dict[str, Any]:
    every = {_CLASSES.get(genre, genre): p for genre, p in result.confidences.items()}
    best = max(every, key=lambda name: every[name])
    return {
        "value": best,
        "probability": every[best],
        "all": every,
        "version": {"genregenie": __version__},
    }
