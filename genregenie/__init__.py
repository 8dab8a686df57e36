"""GenreGenie names the genre of an audio clip and says how sure it is.

The names below are stable. They are imported when first asked for, so that importing the package
costs next to nothing.

Examples
--------
>>> import genregenie
>>> from genregenie.common import resources
>>> clip = resources.assets() / "examples" / "jazz.mp3"  # comes with the package
>>> prediction = genregenie.classify(clip)
>>> prediction.genre, prediction.verdict
('jazz', 'confident')
>>> for result in genregenie.classify_many([clip, "missing.mp3"], backend="serial"):
...     print(result)
<Prediction: Jazz 99%, confident, 0:19>
There is no file with this name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from genregenie.common.errors import AudioError, GenreGenieError
from genregenie.common.version import __version__

if TYPE_CHECKING:
    from genregenie.audio.spread import SIX_STRETCHES, WHOLE, Spread
    from genregenie.inference.batch import BackendError, classify, classify_many
    from genregenie.inference.classifier import Classifier, load
    from genregenie.inference.cluster_tasks import ClusterError
    from genregenie.inference.live import LiveClassifier
    from genregenie.inference.prediction import Moment, Neighbour, Prediction
    from genregenie.inference.tables import to_frame
    from genregenie.model.model import ModelError

__all__ = [
    "SIX_STRETCHES",
    "WHOLE",
    "AudioError",
    "BackendError",
    "Classifier",
    "ClusterError",
    "GenreGenieError",
    "LiveClassifier",
    "ModelError",
    "Moment",
    "Neighbour",
    "Prediction",
    "Spread",
    "__version__",
    "classify",
    "classify_many",
    "load",
    "to_frame",
]

_MODULES: Final = {
    "SIX_STRETCHES": "audio.spread",
    "WHOLE": "audio.spread",
    "BackendError": "inference.batch",
    "Classifier": "inference.classifier",
    "ClusterError": "inference.cluster",
    "LiveClassifier": "inference.live",
    "ModelError": "model.model",
    "Moment": "inference.prediction",
    "Neighbour": "inference.prediction",
    "Prediction": "inference.prediction",
    "Spread": "audio.spread",
    "classify": "inference.batch",
    "classify_many": "inference.batch",
    "load": "inference.classifier",
    "to_frame": "inference.tables",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
