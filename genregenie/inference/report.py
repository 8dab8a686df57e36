"""A result as plain data: what ``--json`` prints and what the page hands to programs."""

from typing import Any

from genregenie.audio import AudioError
from genregenie.inference.classifier import Prediction


def as_object(file: str, result: Prediction | AudioError) -> dict[str, Any]:
    """A prediction, or why there is none, as an object that JSON can hold.

    The keys are the same for both: ``error`` is None or a sentence.
    """
    if isinstance(result, AudioError):
        return {
            "file": file,
            "genre": None,
            "verdict": None,
            "confidence": None,
            "confidences": {},
            "duration_s": None,
            "analysed_s": None,
            "silent_s": None,
            "quality": None,
            "timeline": [],
            "neighbours": [],
            "title": None,
            "artist": None,
            "error": str(result),
        }
    return {
        "file": file,
        "genre": result.genre,
        "verdict": result.verdict,
        "confidence": result.confidence,
        "confidences": result.confidences,
        "duration_s": result.duration_s,
        "analysed_s": result.analysed_s,
        "silent_s": result.silent_s,
        "quality": result.quality,
        "timeline": [
            {"start_s": m.start_s, "end_s": m.end_s, "confidences": m.confidences}
            for m in result.timeline
        ],
        "neighbours": [
            {"artist": n.artist, "title": n.title, "genre": n.genre, "distance": n.distance}
            for n in result.neighbours
        ],
        "title": result.title,
        "artist": result.artist,
        "error": None,
    }
