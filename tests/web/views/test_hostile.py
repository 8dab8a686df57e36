"""Whatever people call their clips, artists, genres and themselves: every view shows it as text.

A view is rendered with a plain word and again with a hostile text in its place. Both times the page
must have the same elements with the same attributes, and the text must stand there as it was given:
neither taken for markup or code, nor escaped twice.
"""

import inspect
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

from genregenie.accounts.results import Filter, ResultSummary
from genregenie.audio.about import About
from genregenie.inference import headline as verdicts
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.lab.answers import Answer
from genregenie.lab.explore import Exploration
from genregenie.lab.records import (
    Augmented,
    Balanced,
    Confusion,
    CurvePoint,
    Findings,
    GenreScore,
    Headline,
    Importance,
    Score,
    Step,
    TrainingEpoch,
)
from genregenie.lab.systems import SYSTEMS
from genregenie.model.explain import Reason
from genregenie.model.metadata import Metadata, ScoringProtocol
from genregenie.model.model import Model
from genregenie.recommend.acoustic import SimilarTrack
from genregenie.recommend.recommender import (
    OnSpotify,
    Recommendations,
    SoundsLike,
    SpotifyAnswer,
)
from genregenie.spotify.tracks import Track
from genregenie.spotify_features.metadata import HeldOut
from genregenie.spotify_features.model import FeatureVerdict
from genregenie.web.views import (
    batch,
    components,
    feedback,
    fragments,
    lab,
    live,
    models,
    my_music,
    page,
    recommendations,
    result,
    saving,
    song_map,
    spotify_features,
)
from genregenie.web.views.songs import Heard, Song
from tests.web.views.results import moments, prediction

PLAIN = "xyzzy"
HOSTILE = {
    "an element": "<img src=x onerror=alert(1)>",
    "a script": '"><script>alert(1)</script>',
    "an attribute": "' onmouseover='alert(1)",
    "a closing tag": "</textarea></title></svg></option></select>--><b>",
    "a template": "{{7*7}} ${7*7} {% raw %} {{constructor}} %s {0}",
    "a formula": r"$\frac$ $x^$",
    "an entity": "&lt;b&gt; &amp;amp; &#60;",
    "another direction": "\u202egnp.exe\u2066\u200f",
    "blanks": "a\u00a0  b",
}


class _Reader(HTMLParser):
    """Tags, attributes and texts, as a browser reads them.

    A chart is laid out around its texts, so of its elements it only counts which there are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_chart: set[str] = set()
        self._is_chart = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_chart |= ("class", "gg-chart") in attrs
        if self._is_chart:
            self.in_chart.update([f"<{tag}>", *(name for name, _ in attrs)])
            return
        self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "href":  # what stands in an address is encoded; where it leads must not move
                value = (value or "").split(":")[0].split("/")[0]
            if name == "data-key":  # a song's letters and digits alone
                value = ""
            self.found.append(f"{name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._is_chart:
            self.found.append(f"</{tag}>")
        self._is_chart &= tag != "svg"

    def handle_comment(self, data: str) -> None:
        self.found.append("<!-- -->")

    def handle_data(self, data: str) -> None:
        if not self._is_chart or re.search("[a-z]", data):  # no numbers along an axis
            self.found.append(data)


def read(html: str) -> list[str]:
    """What is in the page.

    Case does not count, for genres are written in their own; nor do blanks, control characters and
    the direction, which a list as text leaves out.
    """
    reader = _Reader()
    reader.feed(str(html))
    reader.close()
    return [legible(part) for part in [*reader.found, *sorted(reader.in_chart)]]


def legible(text: str) -> str:
    kept = (c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join("".join(kept).casefold().split())


# --- every view, with a text in every place that somebody can fill --------------------------------


def clip(text: str) -> Prediction:
    confidences = {text: 0.6, "jazz": 0.3, "rock": 0.1}
    reasons = (Reason("colour", text, 1.0), Reason("loudness", "jazz", -1.0))
    timeline = tuple(replace(m, confidences=confidences) for m in moments("jazz", "jazz"))
    return replace(
        prediction(jazz=0.9),
        genre=text,
        confidences=confidences,
        reasons=reasons,
        timeline=timeline,
        title=text,
        artist=text,
    )


def song(text: str, genre: str | None = None) -> Song:
    now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    results = tuple(
        ResultSummary(1, then, text, genre or text, "unsure", 0.5, 30.0, 5, now)
        for then in (now, now - timedelta(days=1))
    )
    return Song(results, told(text))


def model(text: str) -> Model:
    """One whose reference tracks, all of them, are of a genre of this name."""
    shipped = Classifier.load().model
    catalogue = replace(shipped.catalogue, genre=np.full(len(shipped.catalogue.genre), text))
    metadata = replace(shipped.metadata, genres=("jazz", text))
    return replace(shipped, catalogue=catalogue, metadata=metadata)


def neighbours(text: str) -> tuple[SoundsLike, ...]:
    return (SoundsLike(SimilarTrack(text, text, text, 0.8), text),)


def answer(text: str) -> SpotifyAnswer:
    track = Track("1", text, (text, text), text, 1999, 61.4, explicit=True, artwork=text)
    return SpotifyAnswer("ok", text, (OnSpotify(track, text, text),))


def metadata(text: str) -> Metadata:
    shipped = Classifier.load().model.metadata
    return replace(
        shipped,
        winner=text,
        reason=text,
        protocol=ScoringProtocol("files", text, text),
        trained_on=replace(shipped.trained_on, source=text),
    )


def per_genre(text: str) -> Markup:
    scores = pd.DataFrame([{"candidate": text, "protocol": "files", text: 0.5, "jazz": 0.4}])
    return models.per_genre(scores, metadata(text))


def findings(text: str) -> Findings:
    own = ("B", "grouped", "5 folds")
    return Findings(
        [Score(*own, text, text, 0.5, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5)],
        [GenreScore(*own, text, text, 0.5, 0.5, 0.5, 9)],
        [Confusion(*own, text, text, text, 9)],
        [CurvePoint("B", text, "grouped", 9, 0.5, 0.5)],
        [Importance("B", text, text, 1, 0.1, 0.0)],
        course(text),
    )


def course(text: str) -> list[TrainingEpoch]:
    return [TrainingEpoch("B", text, "grouped", n, 0.9, 0.5, 0.9, 0.5) for n in (1, 2)]


def system(text: str) -> Markup:
    chosen = replace(SYSTEMS["B"], title=text, did=text, remark=text)
    return lab.system(chosen, "grouped", text, findings(text))


def questions(text: str) -> Markup:
    return lab.questions(
        [Balanced("none", text, "vectors", 0.5, 0.5, 0.5)],
        [Step(text, 9, 0.5, 0.5, 0.5, 0.5)],
        [Augmented("E", text, text, "grouped", 0.5, 0.1, 0.5)],
    )


def exploration(text: str) -> Markup:
    found = Exploration(
        title=text,
        rows=4,
        genres=[text, "jazz"],
        counts=[2, 2],
        columns=[text, "tempo"],
        boxes=[[[1.0, 2.0, 3.0, 4.0, 5.0]] * 2] * 2,
        correlation=[[1.0, 0.5], [0.5, 1.0]],
        explained=[0.6, 1.0],
        scatter=[[0.0, 1.0, 0], [1.0, 0.0, 1]],
        extremes=[[0.0, 9.0, 1.0, 8.0]] * 2,
        capped=[1, 1],
        ceiling=0.9,
        vectors=4,
        several=1,
    )
    return lab.exploration(found, text)


def headline(text: str) -> Markup:
    return lab.headlines([Headline("B", text, 0.5, 0.5, 0.5, 0.5)])


def uncovered(html: str) -> Markup:
    """Without the letter that stands for a cover: one of a text, and not the whole of it."""
    cover = r'<span class="gg-cover" aria-hidden="true">(.|&[^;]+;)?</span>'
    return Markup(re.sub(cover, "", html))  # noqa: S704


View = Callable[[str], str]


def told(text: str) -> Heard:
    return Heard(text, text, verdicts.Headline(text, text), (0.5, 0.5))


def row(text: str) -> batch.Row:
    return batch.Row(0, text, told(text), text, text, 0.5, 90.0, text, 3.0, text)


VIEWS: dict[Callable[..., object], View] = {
    batch.progress: lambda t: batch.progress(1, 2, t),
    batch.overview: lambda t: batch.overview(model(t), [row(t)]),
    batch.could_not_be_used: lambda t: batch.could_not_be_used(
        [batch.Unused(t, t), *[batch.Unused(t, t + t)] * 5]
    ),
    components.section: lambda t: components.section(t, components.paragraph(t), t),
    components.panel: lambda t: components.panel(t, t, t),
    components.failure: components.failure,
    components.paragraph: components.paragraph,
    components.note: components.note,
    components.quiet: components.quiet,
    components.bullets: lambda t: components.bullets([t, t], is_status=True),
    components.pair: lambda t: components.pair([components.note(t)] * 2),
    components.bar_list: lambda t: components.bar_list([(t, 0.5, t)]),
    components.table: lambda t: components.table([t, t], [[t, t], [t, t]], t),
    components.confusion_table: lambda t: components.confusion_table(
        pd.DataFrame([[1, 2], [3, 4]], columns=[t, "jazz"])
    ),
    feedback.question: lambda t: feedback.question(clip(t), t, t) + feedback.question(clip(t), t),
    fragments.joined: lambda t: fragments.joined([components.note(t)] * 2),
    lab.headlines: headline,
    live.words: lambda t: live.words(t, t),
    lab.system: system,
    lab.questions: questions,
    lab.answers: lambda t: lab.answers({t: {t: 0.5, "jazz": 0.4}}, t),
    lab.exploration: exploration,
    lab.compared: lambda t: lab.compared([Answer("A", t, {t: 1.0}, 12.0, t)]),
    lab.training: lambda t: lab.training(t, course(t)),
    lab.watched: lambda t: lab.watched(t, course(t), t),
    models.why: lambda t: models.why(metadata(t)),
    models.summary: lambda t: models.summary(metadata(t)),
    models.per_genre: per_genre,
    models.confusion: lambda t: models.confusion(pd.DataFrame([[1]], columns=[t]), metadata(t)),
    my_music.overview: lambda t: my_music.overview([song(t)]),
    my_music.atlas: lambda t: my_music.atlas(model(t), [song(t)], t),
    my_music.listed: lambda t: my_music.listed(
        [song(t, "jazz")] * 45, Filter(t, t, t, frozenset([1])), 20, may_share=True
    ),
    my_music.explanation: lambda t: my_music.explanation(t, t),
    my_music.genres_over_time: lambda t: my_music.genres_over_time([song(t)]),
    page.session_bar: lambda t: page.session_bar(t, t),
    page.for_an_account: lambda t: page.for_an_account(t, t),
    recommendations.sounds_like: lambda t: recommendations.sounds_like(neighbours(t), {}),
    recommendations.on_spotify: lambda t: recommendations.on_spotify(answer(t), {}),
    recommendations.exports: lambda t: recommendations.exports(
        Recommendations(neighbours(t), answer(t)), can_save=True
    ),
    recommendations.saved: lambda t: recommendations.saved(f"https://open.spotify.com/{t}"),
    recommendations.not_saved: lambda t: recommendations.not_saved(t, connect=True),
    result.verdict: lambda t: uncovered(
        result.verdict(clip(t), t)
        + result.verdict(replace(clip(t), artist=None, title=None), t)
        + result.verdict(clip(t), t, About(t, t, t, t))
    ),
    result.bars: lambda t: result.bars(clip(t)),
    result.ribbon: lambda t: result.ribbon(clip(t)),
    result.why: lambda t: result.why(clip(t)),
    result.failure: lambda t: result.failure(t, t),
    result.working: lambda t: (
        uncovered(result.working(t, About(), 3.0))
        + result.working(t, About(t, t, t, t, b"jpg"), 3.0)
    ),
    result.picture: lambda t: result.picture(b"png", t),
    saving.link: lambda t: saving.link(f"https://example.org/{t}", has_cover=True),
    saving.words: saving.words,
    song_map.song_map: lambda t: song_map.song_map(model(t), [song_map.Dot(1, told(t), t)]),
    spotify_features.answer: lambda t: spotify_features.answer(
        FeatureVerdict(((t, 0.5),), (t, t)), HeldOut(0.5, 0.5, 0.5, 0.5, 0.5, 9, 0.5)
    ),
    spotify_features.remarks: lambda t: spotify_features.remarks(9, 9, [t, t]),
}

SAY_WHAT_IS_OURS = {
    fragments.render,  # what all others are made with
    result.start,
    batch.over,
    batch.start,
    live.picture,
    models.in_short,
    my_music.library,
    models.limits,
    models.reliability,
    page.brand,
    page.examples_title,
    page.guide_link,
    page.head,
    page.home_screen,
    page.keep_it,
    page.paper,
    page.scripts,
    recommendations.waiting,
}
"""Views into which nobody puts a word."""


SLOW = {lab.exploration, lab.system, lab.training, lab.watched}
"""Views with charts, which take a while to draw and have no room: they meet it all in one."""
SHORT = {"all in one": "<b on=''>\"</svg>&lt;{{7*7}}$\\frac$\u202e"}

CASES = [
    pytest.param(view, text, id=f"{shown.__qualname__}, {name}")
    for shown, view in VIEWS.items()
    for name, text in (SHORT if shown in SLOW else HOSTILE).items()
]


@pytest.mark.slow
@pytest.mark.parametrize(("view", "hostile"), CASES)
def test_hostile_text_stays_text(view: View, hostile: str) -> None:
    plain = view(PLAIN)
    assert isinstance(plain, Markup)
    expected = [legible(part.replace(PLAIN, hostile)) for part in read(plain)]
    assert PLAIN in plain.casefold()
    assert read(view(hostile)) == expected


def modules() -> list[ModuleType]:
    named = [batch, components, feedback, fragments, lab, live, models, my_music, page]
    return [*named, recommendations, result, saving, song_map, spotify_features]


def test_no_view_is_left_out() -> None:
    views = {
        function
        for module in modules()
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__.startswith("genregenie.web.views")
        and function.__annotations__.get("return") is Markup
        and not function.__name__.startswith("_")
    }
    assert views == VIEWS.keys() | SAY_WHAT_IS_OURS
