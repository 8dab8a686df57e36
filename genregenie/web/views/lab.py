"""The lab's figures as HTML: systems compared, questions answered, tables explored."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from genregenie.common.genres import display_name, ranked
from genregenie.evaluation.protocols import PROTOCOLS
from genregenie.lab import plots
from genregenie.lab.explore import Exploration
from genregenie.lab.systems import System
from genregenie.web.views import components, sentences
from genregenie.web.views.components import section, table
from genregenie.web.views.fragments import joined, render

NOTHING: Final = "Nothing is kept of this. 'genregenie lab' makes it."

_TREATMENTS: Final = {
    "none": "nothing",
    "weights": "class weights",
    "oversample": "over-sampling",
    "undersample": "under-sampling",
    "smote": "SMOTE inside the split",
    "smote_outside": "SMOTE before the split: a leak",
}

Lines = list[dict[str, str]]
"""Rows of a table of results, as its CSV holds them."""


def headlines(lines: Lines) -> Markup:
    """Published, reproduced and honest figures in one row for each model."""
    if not lines:
        return components.failure(NOTHING)
    rows = [
        [
            f"{line['system']}: {sentences.model_name(line['model'])}",
            *(_percent(line[k]) for k in ("published", "reproduced", "honest", "honest_macro_f1")),
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
    read: Callable[[str], Lines],
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
    read : callable
        Gives the rows of a table of results by its name.
    expected : sequence of str, optional
        The models of a run that goes on; None for what is kept, which has its studies too.
    """

    def own(name: str) -> Lines:
        return [
            line for line in read(name) if line["system"] == chosen.key and line["protocol"] == kind
        ]

    scores = own("scores")
    if not scores:
        return components.failure(NOTHING)
    protocol = PROTOCOLS[kind]  # type: ignore[index]
    apart = f" Kept apart: {protocol.apart}." if protocol.apart else " Nothing is kept apart."
    about = render("lab", "system", did=chosen.did, remark=chosen.remark)
    parts = [
        section(f"System {chosen.key}: {chosen.title}", about),
        section("Scores", _score_table(scores, expected), _sentence(protocol.remark) + apart),
    ]
    report = [line for line in own("reports") if line["model"] == model]
    confusion = [line for line in own("confusion") if line["model"] == model]
    name = sentences.model_name(model)
    if report:
        parts.append(section(f"By genre: {name}", _report_table(report)))
    if confusion:
        parts.append(section(f"What {name} mistakes for what", _confusion_table(confusion)))
    if expected is None:
        parts.append(_studies(chosen.key, read))
    return joined(parts)


def _studies(key: str, read: Callable[[str], Lines]) -> Markup:
    """The learning curve of a system and which features count, where they are kept."""
    parts = []
    if points := [line for line in read("learning_curves") if line["system"] == key]:
        parts.append(_learning_curve(points))
    if weighed := [line for line in read("importance") if line["system"] == key]:
        parts.append(_importance(weighed))
    return components.pair(parts) if parts else Markup("")


def _learning_curve(points: Lines) -> Markup:
    model = sentences.model_name(points[0]["model"])
    kinds = list(dict.fromkeys(point["protocol"] for point in points))
    last = [point for point in points if point["protocol"] == kinds[-1]]
    curves: dict[str, Any] = {
        PROTOCOLS[kind].title: [  # type: ignore[index]
            float(point["held_out"]) for point in points if point["protocol"] == kind
        ]
        for kind in kinds
    }
    curves["on what it learnt"] = [float(point["known"]) for point in last]
    rows = [int(point["rows"]) for point in last]
    return section(f"Learning curve: {model}", _plot(plots.learning_curve(model, rows, curves)))


def _importance(weighed: Lines) -> Markup:
    most = max(max(float(line["drop"]) for line in weighed), 1e-9)
    items = [
        (line["group"], max(float(line["drop"]), 0.0) / most, f"{100 * float(line['drop']):+.1f}")
        for line in weighed
    ]
    bars = components.bar_list(items, str, lambda group: plots.COLOURS[0])
    return section(
        f"Which features count: {sentences.model_name(weighed[0]['model'])}",
        render("lab", "wide_names", bars=bars),
        "Points of accuracy lost when a group of features is shuffled, held out honestly.",
    )


def _score_table(scores: Lines, expected: Sequence[str] | None) -> Markup:
    """Scores of models, with a line for each that is still expected."""
    tracks = any(line["voted"] for line in scores)
    head = ["Model", "Accuracy", "Macro-F1", "Top-3"]
    head += ["Tracks, voted", "Tracks, averaged"] if tracks else []
    keys = ["accuracy", "macro_f1", "top3", *(["voted", "averaged"] if tracks else [])]
    rows = [
        [sentences.model_name(line["model"]), *(_three(line[k]) for k in keys)] for line in scores
    ]
    done = {line["model"] for line in scores}
    waiting = [name for name in expected or () if name not in done]
    rows += [
        [sentences.model_name(name), *["\N{HORIZONTAL ELLIPSIS}"] * len(keys)] for name in waiting
    ]
    return table(head, rows, "Scores")


def _report_table(report: Lines) -> Markup:
    """Precision, recall and F1 of each genre."""
    measures = ("precision", "recall", "f1")
    rows = [
        [display_name(line["genre"]), *(f"{float(line[k]):.2f}" for k in measures), line["rows"]]
        for line in report
    ]
    return table(["Genre", "Precision", "Recall", "F1", "Rows"], rows, "Report by genre")


def _confusion_table(lines: Lines) -> Markup:
    """What was taken for what."""
    genres = sorted({line["really"] for line in lines} | {line["called"] for line in lines})
    counts = pd.DataFrame(0.0, index=genres, columns=genres)
    for line in lines:
        counts.loc[line["really"], line["called"]] = float(line["rows"])
    return components.confusion_table(counts)


# --- questions, system A, tables ---------------------------------------------------------------


def questions(evened: Lines, grown: Lines) -> Markup:
    """Whether evening out genres helps, and whether folding in new tracks does."""
    parts = []
    if evened:
        rows = [
            [
                _TREATMENTS[line["treatment"]],
                line["model"],
                *(_three(line[k]) for k in ("accuracy", "macro_f1", "rarest")),
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
                sentences.model_name(line["model"]),
                f"{int(line['rows']):,}",
                _three(line["folded"]),
                _three(line["refitted"]),
                f"{1e3 * float(line['folded_s']):.0f} ms",
                f"{1e3 * float(line['refitted_s']):.0f} ms",
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


def _percent(text: str) -> str:
    return f"{100 * float(text):.1f}" if text else "\N{EN DASH}"


def _three(text: str) -> str:
    """A number as text with three decimals; a dash where there is none."""
    return f"{float(text):.3f}" if text else "\N{EN DASH}"
