"""The verdict on a clip as HTML: what stands in the Listen tab, in History and on shared pages."""

from base64 import b64encode
from typing import Any, Final

from markupsafe import Markup
from pandas.io.formats.style import Styler

from genregenie.audio import format_duration
from genregenie.audio.about import About
from genregenie.autotag.vocabulary import GROUPS, Group, shown
from genregenie.common.colours import OTHERS, colour
from genregenie.common.genres import display_name, ranked
from genregenie.inference.headline import Headline, tempo
from genregenie.inference.prediction import Prediction
from genregenie.inference.timeline import runs, smoothed, spans
from genregenie.web.views import components, sentences
from genregenie.web.views.components import Box, bar_list, section
from genregenie.web.views.fragments import render

FAILED: Final = "That did not work"

_NAMED_IN_RIBBON: Final = 4
_OVERLAP_S: Final = 0.02  # columns that only touch let the background shine through
_MAX_CHIPS: Final = 6
_CHIPS: Final[dict[Group, str]] = {
    "style": "A style that is heard in it",
    "era": "The time it sounds like",
    "mood": "A mood that is heard in it",
    "voice": "Who or what is heard in it",
}


def start() -> Markup:
    """Nothing has been asked yet."""
    return render("result", "start")


def working(name: str, about: About, heard_s: float) -> Markup:
    """What stands there while a clip is listened to.

    Parameters
    ----------
    name : str
        What the clip is called where its tags do not say.
    about : About
    heard_s : float
    """
    title = about.title or name
    told = f"{format_duration(heard_s)} heard so far." if heard_s else ""
    return render(
        "result",
        "working",
        picture=_data(about.cover),
        letter=_letter(title),
        title=title,
        by=_by(about),
        told=told,
    )


def failure(sentence: str, title: str = FAILED) -> Markup:
    """What could not be done with a clip, and why."""
    return render("result", "failure", sentence=sentence, title=title)


def verdict(prediction: Prediction, name: str | None = None, about: About | None = None) -> Markup:
    """The verdict in words, what it is about, and what was heard in it besides.

    Parameters
    ----------
    prediction : Prediction
    name : str, optional
        What the clip is called where its tags do not say.
    about : About, optional
        What its file says besides; without, there is no cover, and artist and title are the
        prediction's.
    """
    about = about or About(prediction.title, prediction.artist)
    return render(
        "result",
        "card",
        picture=_data(about.cover),
        letter=_letter(display_name(prediction.genre) if prediction.genre else ""),
        title=about.title or name,
        by=_by(about, format_duration(prediction.duration_s)),
        mark=colour(prediction.genre) if prediction.genre else None,
        headline=Headline.of(prediction),
        chips=chips(prediction),
        remark=sentences.remark(prediction),
    )


def chips(prediction: Prediction) -> list[tuple[str, str]]:
    """Small facts, and what each of them is; only what is sure, or stands out."""
    found = []
    if (beats := tempo(prediction)) is not None:
        found.append((beats, "Tempo, in beats a minute"))
    if prediction.is_key_sure and prediction.key is not None:
        found.append((sentences.key_name(prediction.key), "Key"))
    if prediction.genre is None:
        return []
    said = {display_name(genre).casefold() for genre in Headline.of(prediction).genres}
    said |= {shown(name).casefold() for name in prediction.beyond}
    heard: list[tuple[str, str]] = []
    for group in GROUPS:
        for tag in prediction.heard:
            name = shown(tag.name)
            if tag.group == group and name.casefold() not in said:
                said.add(name.casefold())
                heard.append((name, _CHIPS[group]))
    return found + heard[:_MAX_CHIPS]


def table(prediction: Prediction) -> Styler:
    """All genres and their confidence in per cent, the most confident first, bars in the cells."""
    frame = sentences.confidence_table(prediction)
    tints = [colour(genre) for genre, _ in ranked(prediction.confidences)]

    def bars(column: Any) -> list[str]:
        return [
            f"background: linear-gradient(90deg, {tint}66 {value}%, transparent {value}%)"
            for tint, value in zip(tints, column, strict=True)
        ]

    styled: Styler = frame.style.apply(bars, subset=["Confidence (%)"]).format(
        {"Confidence (%)": "{:.1f}"}
    )
    return styled


def bars(prediction: Prediction) -> Markup:
    """All confidences as bars, the most confident first, for pages without tables."""
    rows = bar_list([(g, p, f"{100 * p:.1f} %") for g, p in ranked(prediction.confidences)])
    return section("How sure", rows)


def ribbon(prediction: Prediction) -> Markup:
    """The genre through the clip: a strip in the genres' colours, and the same in words."""
    end_s = prediction.duration_s
    found = runs(prediction.timeline, end_s)
    return render(
        "result",
        "ribbon",
        duration=f"{end_s:.3f}",
        boxes=ribbon_boxes(prediction),
        ticks=[format_duration(end_s * i / 4) for i in range(5)],
        runs=[(f"{run.start_s:.2f}", display_name(run.genre)) for run in found],
        told=sentences.timeline_sentence(prediction),
    )


def ribbon_boxes(prediction: Prediction, height: float = 100.0) -> list[Box]:
    """What the strip is made of: a column for each moment, in seconds."""
    moments, end_s = smoothed(prediction.timeline), prediction.duration_s
    totals = {g: sum(m.confidences[g] for m in moments) for g in prediction.confidences}
    named = [genre for genre, _ in ranked(totals)[:_NAMED_IN_RIBBON]]
    boxes: list[Box] = []
    for moment, (start_s, stop_s) in zip(moments, spans(moments, end_s), strict=True):
        shares = [(colour(g), moment.confidences[g]) for g in named]
        shares.append((OTHERS, max(1.0 - sum(share for _, share in shares), 0.0)))
        width = max(stop_s - start_s, 0) + _OVERLAP_S
        boxes += components.column(start_s, width, shares, height)
    return boxes


def why(prediction: Prediction) -> Markup:
    """What spoke for the genre, and how much was listened to."""
    told = [sentences.reasons_sentence(prediction), sentences.listened_sentence(prediction)]
    return render("result", "why", sentences=[sentence for sentence in told if sentence])


def _data(cover: bytes | None) -> str | None:
    return b64encode(cover).decode("ascii") if cover else None


def _letter(text: str) -> str:
    return text.strip()[:1].upper() or "\N{EIGHTH NOTE}"


def _by(about: About, *more: str) -> list[str]:
    return [part for part in (about.artist, about.album, about.year, *more) if part]


def picture(png: bytes, alt_text: str) -> Markup:
    """The picture of the sound, carried in the page itself."""
    return render("result", "picture", png=b64encode(png).decode("ascii"), told=alt_text)
