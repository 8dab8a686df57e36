"""The lab's figures as HTML: systems compared, questions answered, tables explored."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from genregenie.common.genres import display_name, ranked
from genregenie.evaluation.protocols import PROTOCOLS
from genregenie.lab import plots
from genregenie.lab.answers import Answer
from genregenie.lab.deep.augmentation import AUGMENTATIONS
from genregenie.lab.explore import Exploration
from genregenie.lab.records import (
    TREATMENTS,
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
from genregenie.lab.systems import System
from genregenie.web.views import components, sentences
from genregenie.web.views.components import section, table
from genregenie.web.views.fragments import joined, render

NOTHING: Final = "Nothing is kept of this. 'genregenie lab' makes it."


def headlines(lines: Sequence[Headline]) -> Markup:
    """Published, reproduced and honest figures in one row for each model."""
    if not lines:
        return components.failure(NOTHING)
    rows = [
        [
            model_title(line.system, line.model),
            *map(_percent, (line.published, line.reproduced, line.honest, line.honest_macro_f1)),
        ]
        for line in lines
    ]
    head = ["System and model", "Published", "Ours, same way", "Honest", "Honest macro-F1"]
    return section("Accuracy in per cent", table(head, rows, "Accuracy of every system"))


# --- systems -----------------------------------------------------------------------------------


def system(
    chosen: System,
    kind: str,
    model: str,
    found: Findings,
    expected: Sequence[str] | None = None,
) -> Markup:
    """What was found out about a system under a protocol.

    Parameters
    ----------
    chosen : System
    kind : str
        Of the protocol.
    model : str
        The one whose mistakes are shown.
    found : Findings
        Of this system, and of others.
    expected : sequence of str, optional
        The models of a run that goes on; None for what is kept, which has its studies too.
    """
    scores = [s for s in found.scores if (s.system, s.protocol) == (chosen.key, kind)]
    if not scores:
        return components.failure(NOTHING)
    protocol = PROTOCOLS[kind]  # type: ignore[index]
    apart = f" Kept apart: {protocol.apart}." if protocol.apart else " Nothing is kept apart."
    about = render("lab", "system", did=chosen.did, remark=chosen.remark)
    parts = [
        section(f"System {chosen.key}: {chosen.title}", about),
        section("Scores", _score_table(scores, expected), _sentence(protocol.remark) + apart),
    ]
    own = (chosen.key, kind, model)
    report = [r for r in found.reports if (r.system, r.protocol, r.model) == own]
    confusion = [c for c in found.confusion if (c.system, c.protocol, c.model) == own]
    name = sentences.model_name(model)
    if report:
        parts.append(section(f"By genre: {name}", _report_table(report)))
    if confusion:
        parts.append(section(f"What {name} mistakes for what", _confusion_table(confusion)))
    if course := [t for t in found.training if (t.system, t.protocol, t.model) == own]:
        parts.append(training(name, course))
    if expected is None:
        parts.append(_studies(chosen.key, found))
    return joined(parts)


def training(name: str, course: Sequence[TrainingEpoch]) -> Markup:
    """Accuracy and loss of a network over the epochs of its training."""
    epochs = [epoch.epoch for epoch in course]
    watched = all(epoch.held_accuracy is not None for epoch in course)
    parts = []
    for measure in ("accuracy", "loss"):
        curves: dict[str, Sequence[float]] = {
            "what it learns": [getattr(epoch, measure) for epoch in course]
        }
        if watched:
            curves["what is held out"] = [getattr(epoch, f"held_{measure}") for epoch in course]
        drawn = plots.training_curve(name, measure, epochs, curves)
        parts.append(section(f"{measure.capitalize()} over the epochs: {name}", _plot(drawn)))
    return components.pair(parts)


def _studies(key: str, found: Findings) -> Markup:
    """The learning curve of a system and which features count, where they are kept."""
    parts = []
    if points := tuple(point for point in found.curves if point.system == key):
        parts.append(_learning_curve(points))
    if weighed := [group for group in found.importance if group.system == key]:
        parts.append(_importance(weighed))
    return components.pair(parts) if parts else Markup("")


@lru_cache(maxsize=8)  # the same under every protocol of a system, and slow to draw
def _learning_curve(points: tuple[CurvePoint, ...]) -> Markup:
    model = sentences.model_name(points[0].model)
    kinds = list(dict.fromkeys(point.protocol for point in points))
    last = [point for point in points if point.protocol == kinds[-1]]
    curves: dict[str, Any] = {
        PROTOCOLS[kind].title: [  # type: ignore[index]
            point.held_out for point in points if point.protocol == kind
        ]
        for kind in kinds
    }
    curves["on what it learnt"] = [point.known for point in last]
    rows = [point.rows for point in last]
    return section(f"Learning curve: {model}", _plot(plots.learning_curve(model, rows, curves)))


def _importance(weighed: Sequence[Importance]) -> Markup:
    most = max(max(group.drop for group in weighed), 1e-9)
    items = [
        (group.group, max(group.drop, 0.0) / most, f"{100 * group.drop:+.1f}") for group in weighed
    ]
    bars = components.bar_list(items, str, lambda group: plots.COLOURS[0])
    return section(
        f"Which features count: {sentences.model_name(weighed[0].model)}",
        render("lab", "wide_names", bars=bars),
        "Points of accuracy lost when a group of features is shuffled, held out honestly.",
    )


def _score_table(scores: Sequence[Score], expected: Sequence[str] | None) -> Markup:
    """Scores of models, with a line for each that is still expected."""
    tracks = any(score.voted is not None for score in scores)
    head = ["Model", "Split", "Accuracy", "\N{PLUS-MINUS SIGN}", "Macro-F1", "Top-3"]
    head += ["Tracks, voted", "Tracks, averaged"] if tracks else []
    keys = [
        "accuracy",
        "accuracy_sd",
        "macro_f1",
        "top3",
        *(["voted", "averaged"] if tracks else []),
    ]
    rows = [
        [
            sentences.model_name(score.model),
            score.shape,
            *(_three(getattr(score, key)) for key in keys),
        ]
        for score in scores
    ]
    done = {score.model for score in scores}
    waiting = [name for name in expected or () if name not in done]
    rows += [
        [sentences.model_name(name), "", *["\N{HORIZONTAL ELLIPSIS}"] * len(keys)]
        for name in waiting
    ]
    return table(head, rows, "Scores")


def _report_table(report: Sequence[GenreScore]) -> Markup:
    """Precision, recall and F1 of each genre."""
    rows = [
        [
            display_name(line.genre),
            *(f"{measure:.2f}" for measure in (line.precision, line.recall, line.f1)),
            str(line.rows),
        ]
        for line in report
    ]
    return table(["Genre", "Precision", "Recall", "F1", "Rows"], rows, "Report by genre")


def _confusion_table(lines: Sequence[Confusion]) -> Markup:
    """What was taken for what."""
    genres = sorted({line.really for line in lines} | {line.called for line in lines})
    counts = pd.DataFrame(0.0, index=genres, columns=genres)
    for line in lines:
        counts.loc[line.really, line.called] = float(line.rows)
    return components.confusion_table(counts)


# --- questions, system A, tables ---------------------------------------------------------------


def questions(
    evened: Sequence[Balanced], grown: Sequence[Step], augmented: Sequence[Augmented] = ()
) -> Markup:
    """Whether evening out genres helps, folding in new tracks, hiding and mixing clips."""
    parts = []
    if evened:
        rows = [
            [
                TREATMENTS[line.treatment],
                line.model,
                *map(_three, (line.accuracy, line.macro_f1, line.rarest)),
            ]
            for line in evened
        ]
        head = ["What is done", "Model", "Accuracy", "Macro-F1", "Recall of the rarest"]
        parts.append(
            section(
                "Uneven genres: does evening them out help?",
                table(head, rows, "Uneven genres"),
                "Spotify features, feature vectors apart; but SMOTE before the split mixes what "
                "is learnt into what is scored, and its figure means nothing.",
            )
        )
    if grown:
        rows = [
            [
                sentences.model_name(line.model),
                f"{line.rows:,}",
                _three(line.folded),
                _three(line.refitted),
                f"{1e3 * line.folded_s:.0f} ms",
                f"{1e3 * line.refitted_s:.0f} ms",
            ]
            for line in grown
        ]
        head = ["Model", "Tracks known", "Folded in", "Fitted anew", "Time", "Time, anew"]
        parts.append(
            section(
                "New tracks: fold them in, or fit again?",
                table(head, rows, "Incremental learning"),
                "Accuracy on feature vectors held out, after each fifth of the second half.",
            )
        )
    if augmented:
        names = {str(how): words for how, words in AUGMENTATIONS.items()}
        rows = [
            [names.get(line.how, line.how), *map(_three, (line.accuracy, line.accuracy_sd))]
            for line in augmented
        ]
        title = model_title(augmented[0].system, augmented[0].model)
        parts.append(
            section(
                "Few clips: does making more of them help?",
                table(["What is done", "Accuracy", "\N{PLUS-MINUS SIGN}"], rows, "Augmentation"),
                f"{title}, artists apart, three seeds.",
            )
        )
    return joined(parts) if parts else components.failure(NOTHING)


def answers(ways: Mapping[str, Mapping[str, float]], text: str) -> Markup:
    """What system A says of a clip in different ways, and the text of the clip's tags."""
    parts = []
    for title, confidences in ways.items():
        best = ranked(confidences)[:5]
        items = [(genre, share, f"{100 * share:.1f} %") for genre, share in best]
        parts.append(section(title, components.bar_list(items)))
    told = f"Its tags say: {text}" if text else "It has no tags to read."
    return joined([components.quiet(told), components.pair(parts)])


def model_title(system: str, model: str) -> str:
    """Such as "B: CNN"."""
    return f"{system}: {sentences.model_name(model)}"


def compared(found: Sequence[Answer]) -> Markup:
    """What every earlier system says of a clip, a row for each."""
    rows = [
        [
            model_title(answer.system, answer.model),
            f"{display_name(answer.genre)}, {answer.confidence:.0%}"
            if answer.genre
            else "\N{EN DASH}",
            _time(answer.took_ms) if answer.genre else "",
        ]
        for answer in found
    ]
    remarks: dict[str, list[str]] = {}
    for answer in found:
        if answer.remark:
            title = model_title(answer.system, answer.model)
            remarks.setdefault(answer.remark, []).append(title)
    notes = [f"{', '.join(names)} \N{EN DASH} {remark}" for remark, names in remarks.items()]
    shown = table(["System and model", "Says", "Time"], rows, "Earlier systems")
    return joined([shown, components.bullets(notes)] if notes else [shown])


def watched(name: str, course: Sequence[TrainingEpoch], line: str) -> Markup:
    """A training that is under way, or has ended: how it stands, and its course."""
    parts = [components.paragraph(line)]
    if len(course) > 1:
        parts.append(training(name, course))
    return joined(parts)


def exploration(found: Exploration, feature: str | None = None) -> Markup:
    """The plots of a table, with this feature in the box plot, or the first one."""
    feature = feature if feature in found.columns else found.columns[0]
    told = f"{found.rows:,} rows, {len(found.columns)} features, {len(found.genres)} genres."
    if found.several:
        told += (
            f" {found.several:,} of {found.vectors:,} different rows carry several genres, so no "
            f"model can be right more than {found.ceiling:.1%} of the time."
        )
    drawn = (
        (f"{feature} by genre", plots.box_plot(found, feature), "Boxes: half; lines: 90 %."),
        ("Rows of each genre", plots.class_counts(found), ""),
        ("Principal components", plots.scatter(found), f"{len(found.scatter)} rows drawn by lot."),
        ("Variance explained", plots.explained(found), "Dotted: 90 %."),
        ("Correlation", plots.correlation(found), ""),
        ("Outliers, before and after capping", plots.outliers(found),
         f"At the 1 and 99 % quantiles; {sum(found.capped):,} values are capped."),
    )  # fmt: skip
    parts = components.pair(section(title, _plot(figure), note) for title, figure, note in drawn)
    return joined([section(found.title, components.paragraph(told)), parts])


def _plot(drawn: plots.Drawn) -> Markup:
    # Matplotlib writes this SVG, and escapes what it writes; `as_svg` escapes what it adds.
    return Markup(plots.as_svg(*drawn))  # noqa: S704


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _percent(share: float | None) -> str:
    return "\N{EN DASH}" if share is None else f"{100 * share:.1f}"


def _time(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s"


def _three(number: float | None) -> str:
    """A number with three decimals; a dash where there is none."""
    return "\N{EN DASH}" if number is None else f"{number:.3f}"
