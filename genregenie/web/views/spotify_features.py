"""Genres from Spotify's audio features, as HTML."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from genregenie.spotify_features.metadata import HeldOut
from genregenie.spotify_features.model import FeatureVerdict, display_name
from genregenie.web.views import components
from genregenie.web.views.fragments import joined

_TINT: Final = "#6366f1"


def answer(verdict: FeatureVerdict, held_out: HeldOut) -> Markup:
    """The five likeliest genres as bars, and how far they can be trusted.

    Parameters
    ----------
    verdict : FeatureVerdict
    held_out : HeldOut
        How good the model is on tracks it did not know.
    """
    if verdict.genre is None:
        return components.quiet("Nothing is known of this track, so no genre is given.")
    items = [(genre, share, f"{100 * share:.1f} %") for genre, share in verdict.top]
    parts = [components.bar_list(items, display_name, lambda genre: _TINT)]
    if verdict.imputed:
        parts.append(components.note(f"Filled in: {', '.join(verdict.imputed)}."))
    told = (
        f"Right {held_out.accuracy:.0%} of the time on tracks it did not know, and "
        f"{held_out.top5:.0%} with one of five; {held_out.ceiling:.0%} is the most that "
        "these numbers allow."
    )
    return components.section("Most likely", joined(parts), told)


def remarks(tracks: int, shown: int, notes: Sequence[str]) -> Markup:
    """What is to be said of a table of tracks, of which `shown` stand on the page."""
    told = [f"Named {tracks:,} tracks." if tracks > 1 else "Named one track."]
    if tracks > shown:
        told.append(f"The first {shown} are shown; the CSV holds all.")
    return components.bullets([*told, *notes], is_status=True)
