"""The parts of a result as HTML, free of gradio. All text from outside is escaped here."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

import numpy as np
import pandas as pd

from genregenie.audio import FORMATS, format_duration
from genregenie.common.genres import GENRES, display_name, ranked
from genregenie.inference.classifier import TIMELINE_STEP_S
from genregenie.inference.prediction import Moment, Prediction
from genregenie.web.uploads import MAX_CLIP_BYTES
from genregenie.web.views import sentences

# Ten hues that stay apart for most eyes, none lighter than the background needs.
_COLOURS: Final = dict(
    zip(
        GENRES,
        (
            "#3b6fd4",  # blues
            "#8e6bbf",  # classical
            "#b5793a",  # country
            "#d6569b",  # disco
            "#e0712c",  # hip-hop
            "#2a9d8f",  # jazz
            "#6b7280",  # metal
            "#d64550",  # pop
            "#3f9b46",  # reggae
            "#a68a1d",  # rock
        ),
        strict=True,
    )
)
_REST: Final = "#9ca3af"
_NAMED_IN_TIMELINE: Final = 4
_HEIGHT: Final = 100.0


def colour(genre: str) -> str:
    """The colour of a genre, the same everywhere; grey for one we have none for."""
    return _COLOURS.get(genre, _REST)


def invitation() -> str:
    """What stands in place of a verdict before there is a clip."""
    return _verdict(
        "Drop a clip, record one, or try an example",
        f"Ten seconds or more work best. {FORMATS}, up to {MAX_CLIP_BYTES >> 20} MB.",
    )


def listening(heard_s: float) -> str:
    """What stands there while a long clip is being listened to."""
    return _verdict("Listening", f"{format_duration(heard_s)} heard so far.")


def failure(sentence: str) -> str:
    """A clip that could not be used, and why."""
    return _verdict("That did not work", sentence)


def verdict(prediction: Prediction, name: str | None = None) -> str:
    """The verdict in words, how much was heard, and what was heard if that is known."""
    heard = sentences.listened_sentence(prediction)
    if prediction.genre is None and not prediction.is_silent:
        heard += " Speech, silence, tones and steady noise are left without a genre."
    title = sentences.clip_name(prediction, name)
    return _verdict(sentences.verdict_sentence(prediction), heard, title, prediction.genre)


def _verdict(headline: str, text: str, title: str | None = None, genre: str | None = None) -> str:
    style = f' style="--gg-mark: {colour(genre)}"' if genre else ""
    quiet = "" if genre else " quiet"
    named = f'<p class="gg-title">{escape(title)}</p>' if title else ""
    return (
        f'<section class="gg-verdict{quiet}"{style} aria-live="polite">{named}'
        f"<h2>{escape(headline)}</h2><p>{escape(text)}</p></section>"
    )


def quiet(text: str) -> str:
    """A line of text that screen readers tell when it changes."""
    return f'<p class="gg-note" role="status">{escape(text)}</p>'


def bars(prediction: Prediction) -> str:
    """All confidences as bars, the most confident first."""
    rows = bar_list([(g, p, f"{100 * p:.1f} %") for g, p in ranked(prediction.confidences)])
    return section("How sure", rows, sentences.reasons_sentence(prediction))


def bar_list(
    items: Sequence[tuple[str, float, str]],
    name: Callable[[str], str] = display_name,
    tint: Callable[[str], str] = colour,
) -> str:
    """Bars of genres, each with a value from 0 to 1 and how to write it."""
    bars = "".join(
        f'<li style="--gg-genre: {tint(genre)}"><span>{escape(name(genre))}</span>'
        f'<span class="track"><span class="fill" style="width: {100 * value:.1f}%"></span></span>'
        f'<span class="percent">{escape(written)}</span></li>'
        for genre, value, written in items
    )
    return f'<ul class="gg-bars">{bars}</ul>'


def confusion_table(counts: pd.DataFrame) -> str:
    """Genres as they are down and as they were called across, per cent of each row."""
    names = [escape(display_name(str(genre))) for genre in counts.columns]
    shares = counts.to_numpy(dtype=float)
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = ""
    mark = " class=hit"
    for i, name in enumerate(names):
        cells = "".join(
            f'<td style="--share: {share:.3f}"{mark if i == j else ""}>{100 * share:.0f}</td>'
            for j, share in enumerate(shares[i].tolist())
        )
        rows += f'<tr><th scope="row">{name}</th>{cells}</tr>'
    return (
        '<div class="gg-scroll" tabindex="0" role="region" aria-label="Confusion matrix">'
        '<table class="gg-confusion"><thead><tr><th scope="col">really &#8595; called &#8594;</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def timeline(prediction: Prediction) -> str:
    """The genre through the clip: a column for each moment, and the same in words."""
    end_s = prediction.duration_s
    totals = {g: sum(m.confidences[g] for m in prediction.timeline) for g in prediction.confidences}
    named = [genre for genre, _ in ranked(totals)[:_NAMED_IN_TIMELINE]]
    columns = "".join(
        _column(moment, *span, named)
        for moment, span in zip(
            prediction.timeline, moment_spans(prediction.timeline, end_s), strict=True
        )
    )
    told = escape(sentences.timeline_sentence(prediction))
    legend = "".join(
        f'<li style="--gg-genre: {colour(g)}"><i></i>{escape(display_name(g))}</li>' for g in named
    )
    legend += f'<li style="--gg-genre: {_REST}"><i></i>all others</li>'
    ticks = "".join(f"<span>{format_duration(end_s * i / 4)}</span>" for i in range(5))
    body = (
        f'<div class="gg-timeline" data-duration="{end_s:.3f}">'
        f'<svg viewBox="0 0 {end_s:.3f} {_HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{told}">{columns}'
        f'<line class="cursor" x1="0" x2="0" y1="0" y2="{_HEIGHT:.0f}" visibility="hidden"/></svg>'
        f'<div class="axis" aria-hidden="true">{ticks}</div></div>'
        f'<ul class="gg-legend">{legend}</ul>'
    )
    return section("The genre through the clip", body, sentences.timeline_sentence(prediction))


def moment_spans(timeline: tuple[Moment, ...], end_s: float) -> list[tuple[float, float]]:
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


def _column(moment: Moment, start_s: float, stop_s: float, named: list[str]) -> str:
    shares = [(colour(g), moment.confidences[g]) for g in named]
    shares.append((_REST, max(1.0 - sum(p for _, p in shares), 0.0)))
    rects, top = "", _HEIGHT
    for fill, share in shares:
        top -= share * _HEIGHT
        rects += (
            f'<rect x="{start_s:.2f}" width="{max(stop_s - start_s, 0) + 0.02:.2f}" '
            f'y="{top:.2f}" height="{share * _HEIGHT:.2f}" fill="{fill}"/>'
        )
    return rects


def picture(png: bytes, alt_text: str) -> str:
    """The picture of the sound, carried in the page itself."""
    data = b64encode(png).decode("ascii")
    image = f'<img class="gg-picture" src="data:image/png;base64,{data}" alt="{escape(alt_text)}">'
    return section("The sound", image, "Time to the right, pitch upwards; brighter is louder.")


def section(title: str, body: str, note: str = "") -> str:
    """A framed part of the page; `body` is HTML, title and note are text."""
    small = f'<p class="gg-note">{escape(note)}</p>' if note else ""
    return f'<section class="gg-section"><h3>{escape(title)}</h3>{body}{small}</section>'
