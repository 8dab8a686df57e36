"""GenreGenie names the genre of an audio clip and says how sure it is.

The names below are stable. They are imported when first asked for, so that importing the package
costs next to nothing.

Examples
--------
>>> import genregenie
>>> genregenie.classify("song.mp3").genre
'jazz'
>>> for result in genregenie.classify_many(["a.mp3", "b.flac"]):
...     print(result)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from genregenie.audio import SIX_STRETCHES, WHOLE, AudioError, Spread
    from genregenie.classifier import Prediction
    from genregenie.cluster import ClusterError
    from genregenie.many import classify, classify_many
    from genregenie.model import ModelError

__all__ = [
    "SIX_STRETCHES",
    "WHOLE",
    "AudioError",
    "ClusterError",
    "ModelError",
    "Prediction",
    "Spread",
    "classify",
    "classify_many",
]

_ROOMS: Final = {
    "SIX_STRETCHES": "audio",
    "WHOLE": "audio",
    "AudioError": "audio",
    "ClusterError": "cluster",
    "ModelError": "model",
    "Prediction": "classifier",
    "Spread": "audio",
    "classify": "many",
    "classify_many": "many",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
