"""Verdicts on Spotify features as plain data: what ``--json`` prints, what the page saves."""

from collections.abc import Sequence
from typing import Any

from genregenie.spotify_features.exportify import Sheet
from genregenie.spotify_features.model import TOP, FeatureVerdict, display_name

HEADER = (
    "Track",
    *(
        column
        for i in range(1, TOP + 1)
        for column in ((f"Genre {i}", f"Sure {i} (%)") if i > 1 else ("Genre", "Sure (%)"))
    ),
    "Filled in",
)


def record(sheet: Sheet, verdicts: Sequence[FeatureVerdict]) -> dict[str, Any]:
    """All tracks as an object that JSON can hold."""
    return {
        "notes": list(sheet.notes),
        "tracks": [
            {
                "track": name,
                "genre": verdict.genre,
                "confidence": round(verdict.confidence, 4) if verdict.top else None,
                "top": [{"genre": g, "confidence": round(p, 4)} for g, p in verdict.top],
                "imputed": list(verdict.imputed),
            }
            for name, verdict in zip(sheet.names, verdicts, strict=True)
        ],
    }


def as_rows(sheet: Sheet, verdicts: Sequence[FeatureVerdict]) -> list[list[Any]]:
    """A line for each track, in the order of `HEADER`."""
    return [
        [
            name,
            *(value for g, p in verdict.top for value in (display_name(g), round(100 * p, 1))),
            *([""] * 2 * (TOP - len(verdict.top))),
            ", ".join(verdict.imputed),
        ]
        for name, verdict in zip(sheet.names, verdicts, strict=True)
    ]
