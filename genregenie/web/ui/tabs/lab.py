"""The Model lab tab: earlier systems side by side, a look at tables, and system A's answer."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any, Final

import gradio as gr

from genregenie.audio import AudioError
from genregenie.datasets.table import DataError
from genregenie.evaluation.protocols import PROTOCOLS
from genregenie.lab import plots, results
from genregenie.lab.systems import SYSTEMS, System, system
from genregenie.lab.tables import SOURCES
from genregenie.model.model import ModelError
from genregenie.web import hearing
from genregenie.web.ui.tabs import lab_tables
from genregenie.web.views import components, lab, sentences
from genregenie.web.views.components import section
from genregenie.web.views.lab import NOTHING, headlines

RUNS: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "lab"}
"""Options of every event that trains models: one at a time in all, the rest queue."""

_TREATMENTS: Final = {
    "none": "nothing",
    "weights": "class weights",
    "oversample": "over-sampling",
    "undersample": "under-sampling",
    "smote": "SMOTE inside the split",
    "smote_outside": "SMOTE before the split: a leak",
}
_FIRST: Final = "B"
_INTRO: Final = (
    "Earlier systems, rebuilt. Beside each published figure stands ours under the same protocol, "
    "and what is left of it when no artist, or no feature vector, is on both sides of the split."
)


def build(tab: gr.Tab) -> None:
    """Put the tab's contents into the Blocks under construction.

    Plots are drawn when a tab is opened, so that the app's start does not wait for them.
    """
    gr.HTML(components.quiet(_INTRO), padding=False)
    gr.HTML(headlines(results.read("headlines")), elem_id="lab-headlines", padding=False)
    with gr.Tabs():
        with gr.Tab("Systems", id="lab-systems"):
            _build_systems(tab)
        with gr.Tab("Tables", id="lab-tables") as tables:
            lab_tables.build(tables, RUNS)
        with gr.Tab("Questions", id="lab-questions"):
            _build_questions()
        with gr.Tab("Ask system A", id="lab-ask"):
            _build_ask()


# --- systems -----------------------------------------------------------------------------------


def _build_systems(tab: gr.Tab) -> None:
    with gr.Row():
        which = gr.Dropdown(
            [(f"{s.key}: {s.title}", s.key) for s in SYSTEMS.values()],
            value=_FIRST,
            label="System",
            elem_id="lab-system",
        )
        table = gr.Dropdown(_table_choices(_FIRST), label="Table", elem_id="lab-table")
        protocol = gr.Dropdown(_protocols(_FIRST), label="Protocol", elem_id="lab-protocol")
        model = gr.Dropdown(_models(_FIRST), label="Model", elem_id="lab-model")
    run = gr.Button("Run this comparison again", size="sm", elem_id="lab-run")
    shown = gr.HTML(elem_id="lab-result", padding=False)
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    which.input(choices, which, [table, protocol, model], **quick).then(
        show, [which, protocol, model], shown, **quick
    )
    gr.on([tab.select, protocol.input, model.input], show, [which, protocol, model], shown, **quick)
    run.click(
        run_again,
        [which, table, protocol],
        shown,
        api_visibility="private",
        show_progress="full",
        **RUNS,
    )


def _table_choices(key: str) -> list[tuple[str, str]]:
    own = system(key).table
    names = [own, *(name for name in SOURCES if name != own)]
    return [(SOURCES[name].title, name) for name in names]


def _protocols(key: str) -> list[tuple[str, str]]:
    """The honest protocol first, then what else was run."""
    chosen = system(key)
    kept = {r["protocol"] for r in results.read("scores") if r["system"] == key}
    kinds = dict.fromkeys([chosen.honest.kind, *sorted(kept), chosen.protocol.kind])
    return [(_titled(chosen, kind), kind) for kind in kinds if kind in PROTOCOLS]


def _titled(chosen: System, kind: str) -> str:
    title = PROTOCOLS[kind].title  # type: ignore[index]
    return f"{title}, as published" if kind == chosen.protocol.kind else title


def _models(key: str) -> list[tuple[str, str]]:
    names = dict.fromkeys(r["model"] for r in results.read("headlines") if r["system"] == key)
    return [(sentences.model_name(name), name) for name in names] or [("none yet", "")]


def choices(key: str) -> tuple[Any, ...]:
    """Tables, protocols and models to choose from for a system."""
    return tuple(
        gr.update(choices=found, value=found[0][1])
        for found in (_table_choices(key), _protocols(key), _models(key))
    )


def show(key: str, protocol: str, model: str) -> str:
    """What the lab found out about a system, a protocol and a model, kept or just made."""
    return _result(system(key), protocol, model, results.read)


def run_again(
    key: str,
    table: str,
    protocol: str,
    progress: gr.Progress = gr.Progress(),  # noqa: B008
) -> Iterator[str]:
    """Run a comparison now, say how it goes, and show it; nothing that is kept is changed."""
    from genregenie.lab import runs
    from genregenie.lab.models import candidates_of

    chosen = system(key)
    honest = protocol != chosen.protocol.kind
    try:
        progress(0.0, desc="Reading the table")
        data = runs.data(chosen, table or None)
        fitting = runs.protocol_for(chosen, data, protocol)
        names = [c.name for c in candidates_of(chosen, data, honest=honest)]
    except DataError as error:
        yield components.failure(str(error))
        return
    rows: list[Any] = []
    for i, name in enumerate(names):
        progress(i / len(names), desc=f"{sentences.model_name(name)}, {fitting.title}")
        if honest:
            rows += runs.under(chosen, data, fitting, models=[name])
        else:
            rows += runs.as_published(chosen, data, models=[name])
        lines = results.lines_of(rows)
        best = max(rows, key=lambda row: row.accuracy).model
        yield _result(chosen, protocol, best, lambda name: lines.get(name, []), names)  # noqa: B023


def _result(
    chosen: System,
    kind: str,
    model: str,
    read: Callable[[str], list[dict[str, str]]],
    expected: list[str] | None = None,
) -> str:
    def own(name: str) -> list[dict[str, str]]:
        return [
            line for line in read(name) if line["system"] == chosen.key and line["protocol"] == kind
        ]

    scores = own("scores")
    if not scores:
        return components.failure(NOTHING)
    about = f"<p>{escape(chosen.did)}.</p><p class='gg-note'>{escape(chosen.remark)}</p>"
    protocol = PROTOCOLS[kind]  # type: ignore[index]
    apart = f" Kept apart: {protocol.apart}." if protocol.apart else " Nothing is kept apart."
    parts = [
        section(f"System {chosen.key}: {chosen.title}", about),
        section("Scores", lab.score_table(scores, expected), _sentence(protocol.remark) + apart),
    ]
    report = [r for r in own("reports") if r["model"] == model]
    confusion = [r for r in own("confusion") if r["model"] == model]
    name = sentences.model_name(model)
    if report:
        parts.append(section(f"By genre: {name}", lab.report_table(report)))
    if confusion:
        parts.append(section(f"What {name} mistakes for what", lab.confusion_table(confusion)))
    if read is results.read:
        parts += _kept_studies(chosen.key)
    return "".join(parts)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _kept_studies(key: str) -> list[str]:
    parts = []
    points = [p for p in results.read("learning_curves") if p["system"] == key]
    if points:
        model = sentences.model_name(points[0]["model"])
        kinds = list(dict.fromkeys(p["protocol"] for p in points))
        rows = [int(p["rows"]) for p in points if p["protocol"] == kinds[-1]]
        curves: dict[str, Any] = {
            PROTOCOLS[kind].title: [float(p["held_out"]) for p in points if p["protocol"] == kind]  # type: ignore[index]
            for kind in kinds
        }
        curves["on what it learnt"] = [
            float(p["known"]) for p in points if p["protocol"] == kinds[-1]
        ]
        figure = plots.as_svg(*plots.learning_curve(model, rows, curves))
        parts.append(section(f"Learning curve: {model}", figure))
    weighed = [i for i in results.read("importance") if i["system"] == key]
    if weighed:
        most = max(max(float(i["drop"]) for i in weighed), 1e-9)
        items = [
            (i["group"], max(float(i["drop"]), 0.0) / most, f"{100 * float(i['drop']):+.1f}")
            for i in weighed
        ]
        bars = components.bar_list(items, str, lambda group: plots.COLOURS[0])
        model = sentences.model_name(weighed[0]["model"])
        parts.append(
            section(
                f"Which features count: {model}",
                f'<div class="gg-wide-names">{bars}</div>',
                "Points of accuracy lost when a group of features is shuffled, held out honestly.",
            )
        )
    return [f'<div class="gg-pair">{"".join(parts)}</div>'] if parts else []


# --- questions ---------------------------------------------------------------------------------


def _build_questions() -> None:
    evened, grown = results.read("imbalance"), results.read("incremental")
    parts = []
    if evened:
        rows = [
            [
                _TREATMENTS[line["treatment"]],
                line["model"],
                *(lab.three(line[k]) for k in ("accuracy", "macro_f1", "rarest")),
            ]
            for line in evened
        ]
        head = ["What is done", "Model", "Accuracy", "Macro-F1", "Recall of the rarest"]
        parts.append(
            section(
                "Uneven genres: does evening them out help?",
                lab.html_table(head, rows, "Uneven genres"),
                "Spotify features, feature vectors apart; but SMOTE before the split mixes what "
                "is learnt into what is scored, and its figure means nothing.",
            )
        )
    if grown:
        rows = [
            [
                sentences.model_name(line["model"]),
                f"{int(line['rows']):,}",
                lab.three(line["folded"]),
                lab.three(line["refitted"]),
                f"{1e3 * float(line['folded_s']):.0f} ms",
                f"{1e3 * float(line['refitted_s']):.0f} ms",
            ]
            for line in grown
        ]
        head = ["Model", "Tracks known", "Folded in", "Fitted anew", "Time", "Time, anew"]
        parts.append(
            section(
                "New tracks: fold them in, or fit again?",
                lab.html_table(head, rows, "Incremental learning"),
                "Accuracy on feature vectors held out, after each fifth of the second half.",
            )
        )
    if not parts:
        parts = [components.failure(NOTHING)]
    gr.HTML("".join(parts), elem_id="lab-studies", padding=False)


# --- asking system A ---------------------------------------------------------------------------


def _build_ask() -> None:
    gr.HTML(
        components.quiet(
            "System A reads a file's artist and title as well as its sound. With artists it knows "
            "that helps; otherwise it helps little."
        ),
        padding=False,
    )
    clip = gr.File(label="Audio file", type="filepath", height=150, elem_id="ask-file")
    answer = gr.HTML(elem_id="ask-answer", padding=False)
    clip.upload(ask_a, clip, answer, api_visibility="private", **RUNS)


def ask_a(path: str | None) -> str:
    """System A's answer to a file, without and with the text of its tags."""
    from genregenie.lab.text import ask

    if path is None:
        return ""
    try:
        answer = hearing.result_of(hearing.in_worker(ask, path))
    except (AudioError, ModelError) as error:
        return components.failure(str(error))
    parts = []
    for title, confidences in (
        ("By sound alone", answer.sound),
        ("By sound and tags", answer.sound_and_text),
    ):
        best = sorted(confidences.items(), key=lambda item: -item[1])[:5]
        parts.append(
            section(title, components.bar_list([(g, p, f"{100 * p:.1f} %") for g, p in best]))
        )
    told = f"Its tags say: {answer.text}" if answer.text else "It has no tags to read."
    return f'{components.quiet(told)}<div class="gg-pair">{"".join(parts)}</div>'
