"""The Model lab tab: earlier systems side by side, a look at tables, and system A's answer."""

from collections.abc import Iterator
from typing import Any, Final

import gradio as gr

from genregenie.audio import AudioError
from genregenie.common.errors import DataError
from genregenie.evaluation.protocols import PROTOCOLS
from genregenie.lab import results
from genregenie.lab.records import Augmented, Balanced, Headline, Score, Step
from genregenie.lab.systems import SYSTEMS, System, system
from genregenie.lab.tables import SOURCES
from genregenie.model.model import ModelError
from genregenie.web import analysis
from genregenie.web.guests import Admit
from genregenie.web.identity import is_guest
from genregenie.web.ui import events
from genregenie.web.ui.tabs import lab_tables, lab_training
from genregenie.web.views import components, lab, page, sentences

_FIRST: Final = "B"
_INTRO: Final = (
    "Earlier systems, rebuilt. Beside each published figure stands ours under the same protocol, "
    "and what is left of it when no artist, or no feature vector, is on both sides of the split."
)


def build(tab: gr.Tab, admit: Admit) -> None:
    """Put the tab's contents into the Blocks under construction; `admit` counts guests' clips.

    Plots are drawn when a tab is opened, so that the app's start does not wait for them.
    """
    gr.HTML(components.quiet(_INTRO), padding=False)
    gr.HTML(lab.headlines(results.read(Headline)), elem_id="lab-headlines", padding=False)
    with gr.Tabs():
        with gr.Tab("Systems", id="lab-systems"):
            _build_systems(tab)
        with gr.Tab("Tables", id="lab-tables") as tables:
            lab_tables.build(tables)
        with gr.Tab("Train a network", id="lab-training"):
            lab_training.build()
        with gr.Tab("Questions", id="lab-questions"):
            _build_questions()
        with gr.Tab("Ask system A", id="lab-ask"):
            _build_ask(admit)


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
    which.input(choices, which, [table, protocol, model], **events.QUIET).then(
        show, [which, protocol, model], shown, **events.QUIET
    )
    gr.on(
        [tab.select, protocol.input, model.input],
        show,
        [which, protocol, model],
        shown,
        **events.QUIET,
    )
    run.click(
        run_for,
        [which, table, protocol],
        shown,
        **events.PRIVATE,
        show_progress="full",
        **events.LAB,
    )


def _table_choices(key: str) -> list[tuple[str, str]]:
    own = system(key).table
    names = [own, *(name for name in SOURCES if name != own)]
    return [(SOURCES[name].title, name) for name in names]


def _protocols(key: str) -> list[tuple[str, str]]:
    """The honest protocol first, then what else was run."""
    chosen = system(key)
    kept = {score.protocol for score in results.read(Score) if score.system == key}
    kinds = dict.fromkeys([chosen.honest.kind, *sorted(kept), chosen.protocol.kind])
    return [(_titled(chosen, kind), kind) for kind in kinds if kind in PROTOCOLS]


def _titled(chosen: System, kind: str) -> str:
    title = PROTOCOLS[kind].title  # type: ignore[index]
    return f"{title}, as published" if kind == chosen.protocol.kind else title


def _models(key: str) -> list[tuple[str, str]]:
    names = dict.fromkeys(line.model for line in results.read(Headline) if line.system == key)
    return [(sentences.model_name(name), name) for name in names] or [("none yet", "")]


def run_for(
    key: str,
    table: str,
    protocol: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(),  # noqa: B008
) -> Iterator[str]:
    """`run_again`, unless it is for a guest: it trains models for minutes."""
    if is_guest(request):
        yield page.for_an_account("Running a comparison again needs an account.")
        return
    yield from run_again(key, table, protocol, progress)


def choices(key: str) -> tuple[Any, ...]:
    """Tables, protocols and models to choose from for a system."""
    return tuple(
        gr.update(choices=found, value=found[0][1])
        for found in (_table_choices(key), _protocols(key), _models(key))
    )


def show(key: str, protocol: str, model: str) -> str:
    """What the lab found out about a system, a protocol and a model, kept or just made."""
    return lab.system(system(key), protocol, model, results.findings())


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
        found = results.findings_of(rows)
        best = max(rows, key=lambda row: row.accuracy).model
        yield lab.system(chosen, protocol, best, found, names)


# --- questions ---------------------------------------------------------------------------------


def _build_questions() -> None:
    shown = lab.questions(results.read(Balanced), results.read(Step), results.read(Augmented))
    gr.HTML(shown, elem_id="lab-studies", padding=False)


# --- asking system A ---------------------------------------------------------------------------


def _build_ask(admit: Admit) -> None:
    def ask_for(path: str | None, request: gr.Request) -> str:
        if path is not None:
            admit(request)
        return ask_a(path)

    gr.HTML(
        components.quiet(
            "System A reads a file's artist and title as well as its sound. With artists it knows "
            "that helps; otherwise it helps little."
        ),
        padding=False,
    )
    clip = gr.File(label="Audio file", type="filepath", height=150, elem_id="ask-file")
    answer = gr.HTML(elem_id="ask-answer", padding=False)
    clip.upload(ask_for, clip, answer, **events.PRIVATE, **events.LAB)


def ask_a(path: str | None) -> str:
    """System A's answer to a file, without and with the text of its tags."""
    from genregenie.lab.text import ask

    if path is None:
        return ""
    try:
        answer = ask(analysis.sound(path))
    except (AudioError, ModelError) as error:
        return components.failure(str(error))
    ways = {"By sound alone": answer.sound, "By sound and tags": answer.sound_and_text}
    return lab.answers(ways, answer.text)
