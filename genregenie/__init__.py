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

from genregenie.common.version import __version__

if TYPE_CHECKING:
    from genregenie.audio import SIX_STRETCHES, WHOLE, AudioError, Spread
    from genregenie.inference.batch import classify, classify_many
    from genregenie.inference.cluster import ClusterError
    from genregenie.inference.prediction import Prediction
    from genregenie.model.model import ModelError

__all__ = [
    "SIX_STRETCHES",
    "WHOLE",
    "AudioError",
    "ClusterError",
    "ModelError",
    "Prediction",
    "Spread",
    "__version__",
    "classify",
    "classify_many",
]

_ROOMS: Final = {
    "SIX_STRETCHES": "audio",
    "WHOLE": "audio",
    "AudioError": "audio",
    "ClusterError": "inference.cluster",
    "ModelError": "model.model",
    "Prediction": "inference.prediction",
    "Spread": "audio",
    "classify": "inference.batch",
    "classify_many": "inference.batch",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
