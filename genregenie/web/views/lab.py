"""The lab's figures as HTML, free of gradio. All text from outside is escaped here."""

from html import escape
from typing import Final

import pandas as pd

from genregenie.common.genres import display_name
from genregenie.web.views import components, sentences
from genregenie.web.views.components import section

NOTHING: Final = "Nothing is kept of this. 'genregenie lab' makes it."


def headlines(lines: list[dict[str, str]]) -> str:
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
    return section("Accuracy in per cent", html_table(head, rows, "Accuracy of every system"))


def _percent(text: str) -> str:
    return f"{100 * float(text):.1f}" if text else "\N{EN DASH}"


def html_table(head: list[str], rows: list[list[str]], label: str) -> str:
    """A table of text under a head, which scrolls sideways where it is narrow."""
    cells = "".join(f'<th scope="col">{escape(h)}</th>' for h in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="gg-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="gg-table"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def score_table(scores: list[dict[str, str]], expected: list[str] | None) -> str:
    """Scores of models, with a line for each that is still expected."""
    tracks = any(s["voted"] for s in scores)
    head = ["Model", "Accuracy", "Macro-F1", "Top-3"]
    head += ["Tracks, voted", "Tracks, averaged"] if tracks else []
    keys = ["accuracy", "macro_f1", "top3", *(["voted", "averaged"] if tracks else [])]
    rows = [[sentences.model_name(s["model"]), *(three(s[k]) for k in keys)] for s in scores]
    done = {s["model"] for s in scores}
    waiting = [name for name in expected or () if name not in done]
    rows += [
        [sentences.model_name(name), *["\N{HORIZONTAL ELLIPSIS}"] * len(keys)] for name in waiting
    ]
    return html_table(head, rows, "Scores")


def three(text: str) -> str:
    """A number as text with three decimals; a dash where there is none."""
    return f"{float(text):.3f}" if text else "\N{EN DASH}"


def report_table(report: list[dict[str, str]]) -> str:
    """Precision, recall and F1 of each genre."""
    measures = ("precision", "recall", "f1")
    rows = [
        [display_name(r["genre"]), *(f"{float(r[k]):.2f}" for k in measures), r["rows"]]
        for r in report
    ]
    return html_table(["Genre", "Precision", "Recall", "F1", "Rows"], rows, "Report by genre")


def confusion_table(lines: list[dict[str, str]]) -> str:
    """What was taken for what."""
    genres = sorted({line["really"] for line in lines} | {line["called"] for line in lines})
    counts = pd.DataFrame(0.0, index=genres, columns=genres)
    for line in lines:
        counts.loc[line["really"], line["called"]] = float(line["rows"])
    return components.confusion_table(counts)
