"""What GenreGenie makes of a clip, as HTML: the verdict, the bars, the timeline, the picture."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from genregenie.audio import FORMATS, format_duration
from genregenie.common.formatting import format_megabytes
from genregenie.common.genres import display_name, ranked
from genregenie.inference.evidence import TIMELINE_STEP_S
from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Moment, Prediction
from genregenie.web.uploads import MAX_CLIP_BYTES
from genregenie.web.views import components, sentences
from genregenie.web.views.colours import OTHERS, colour
from genregenie.web.views.components import Box, bar_list, panel, section
from genregenie.web.views.fragments import render

_NAMED_IN_TIMELINE: Final = 4
_OVERLAP_S: Final = 0.02  # columns that only touch let the background shine through


def invitation() -> Markup:
    """What stands in place of a verdict before there is a clip."""
    return panel(
        "Drop a clip, record one, or try an example",
        f"Ten seconds or more work best. {FORMATS}, up to {format_megabytes(MAX_CLIP_BYTES)}.",
    )


def listening(heard_s: float) -> Markup:
    """What stands there while a long clip is being listened to."""
    return panel("Listening", f"{format_duration(heard_s)} heard so far.")


def verdict(prediction: Prediction, name: str | None = None) -> Markup:
    """The verdict in words, how much was heard, and what was heard if that is known."""
    headline = Headline.of(prediction)
    heard = f"{headline.line} {sentences.listened_sentence(prediction)}"
    heard = f"{heard} {sentences.heard_sentence(prediction)}".rstrip()
    mark = colour(prediction.genre) if prediction.genre else None
    title = sentences.clip_name(prediction, name)
    return panel(headline.title, heard, title, mark)


def bars(prediction: Prediction) -> Markup:
    """All confidences as bars, the most confident first."""
    rows = bar_list([(g, p, f"{100 * p:.1f} %") for g, p in ranked(prediction.confidences)])
    return section("How sure", rows, sentences.reasons_sentence(prediction))


def timeline(prediction: Prediction) -> Markup:
    """The genre through the clip: a column for each moment, and the same in words."""
    moments, end_s = prediction.timeline, prediction.duration_s
    totals = {g: sum(m.confidences[g] for m in moments) for g in prediction.confidences}
    named = [genre for genre, _ in ranked(totals)[:_NAMED_IN_TIMELINE]]
    spans = moment_spans(moments, end_s)
    return render(
        "result",
        "timeline",
        duration=f"{end_s:.3f}",
        boxes=[
            box
            for moment, span in zip(moments, spans, strict=True)
            for box in _column(moment, *span, named)
        ],
        ticks=[format_duration(end_s * i / 4) for i in range(5)],
        genres=[*((colour(g), display_name(g)) for g in named), (OTHERS, "all others")],
        told=sentences.timeline_sentence(prediction),
    )


def moment_spans(timeline: Sequence[Moment], end_s: float) -> list[tuple[float, float]]:
    """Where each moment is drawn: the middle of its stretch, without overlap, edges filled."""
    spans = []
    for i, moment in enumerate(timeline):
        middle = (moment.start_s + moment.end_s) / 2
        start, stop = middle - TIMELINE_STEP_S / 2, middle + TIMELINE_STEP_S / 2
        if i == 0 or timeline[i - 1].end_s <= moment.start_s:  # nothing overlaps on this side
            start = moment.start_s
        if i == len(timeline) - 1 or timeline[i + 1].start_s >= moment.end_s:
            stop = moment.end_s
        spans.append((start, min(stop, end_s)))
    return spans


def _column(moment: Moment, start_s: float, stop_s: float, named: list[str]) -> list[Box]:
    shares = [(colour(g), moment.confidences[g]) for g in named]
    shares.append((OTHERS, max(1.0 - sum(share for _, share in shares), 0.0)))
    return components.column(start_s, max(stop_s - start_s, 0) + _OVERLAP_S, shares)


def picture(png: bytes, alt_text: str) -> Markup:
    """The picture of the sound, carried in the page itself."""
    return render("result", "picture", png=b64encode(png).decode("ascii"), told=alt_text)
