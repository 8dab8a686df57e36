"""A trained model on disk, with NumPy alone."""

from genregenie.model.catalogue import Catalogue
from genregenie.model.metadata import Metadata, Thresholds
from genregenie.model.model import Answers, Model, ModelError
from genregenie.model.space import TangentSpace

__all__ = [
    "Answers",
    "Catalogue",
    "Metadata",
    "Model",
    "ModelError",
    "TangentSpace",
    "Thresholds",
]
