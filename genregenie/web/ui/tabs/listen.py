"""The Listen tab: music goes in, from a microphone or a file, and what is made of it comes out.

One of these is on the page at a time, and the style sheet goes by what ``#verdict`` says it is: the
start (a button, a place to drop files, examples), a microphone that listens, work on a file, a
result, an error.
"""

from typing import Any

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.web.guests import Admit
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import events
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.sections import feedback, recommendations
from genregenie.web.ui.sections.comparing import ComparingSection
from genregenie.web.ui.sections.opened import clip_player, confidence_table
from genregenie.web.ui.sections.saving import SavingSection
from genregenie.web.ui.sections.sharing import LinkSection, PictureMenu
from genregenie.web.ui.tabs import live
from genregenie.web.ui.tabs.listening import (
    SAVED,
    classify,
    listen_for,
    name_of,
    picture_and_files,
    reset,
    to_post,
)
from genregenie.web.views import page, result


def build(accounts: Accounts | None, saved_results: SavedResults | None, admit: Admit) -> None:
    """Put the tab's contents into the Blocks under construction.

    `accounts` keep opinions, `saved_results` results, and `admit` counts what guests bring.
    """
    with gr.Column(elem_id="listen"):
        gr.Button("Tap and play some music", elem_id="listen-button", variant="primary").click(
            None, js="() => genregenie.toggle()", **events.PRIVATE
        )
        mic, recording, words, picture_now = live.build(admit)
        with gr.Column(elem_id="pick"):
            clip = gr.Audio(
                label="Clip",
                show_label=False,
                sources=["upload"],
                type="filepath",
                # Not decoded in the browser: it is on its way to the server.
                waveform_options=gr.WaveformOptions(show_recording_waveform=False),
                elem_id="clip",
            )
            examples = _build_examples()
        stop = gr.Button("Cancel", size="sm", variant="stop", elem_id="cancel")
        with gr.Row(elem_id="again"):
            gr.Button("Listen again", size="sm", elem_id="listen-again").click(
                None, js="() => genregenie.toggle()", **events.PRIVATE
            )
            another = gr.Button("Another song", size="sm", elem_id="another")
        reopen = gr.Button(visible="hidden", elem_id="reopen")  # which the script presses
        verdict = gr.HTML(result.start(), elem_id="verdict", padding=False)
        heard, path, about, number = gr.State(), gr.State(), gr.State(), gr.State()
        with gr.Row(elem_id="after-verdict"):
            question = feedback.build()
            with gr.Row(elem_id="take"):
                share = PictureMenu("Share")
                link = None
                if saved_results is not None:
                    with share.frame, gr.Row(elem_classes="past-row"):
                        link = LinkSection(saved_results, number, "keep", about)
                with gr.Accordion("Save", open=False, elem_id="save-menu", elem_classes="gg-menu"):
                    saved = [
                        gr.DownloadButton(label, size="sm", elem_id=f"save-{kind}")
                        for kind, label in SAVED.items()
                    ]
        with gr.Column(visible=False, elem_id="result") as details:
            player = clip_player("player")
            ribbon = gr.HTML(elem_id="timeline", padding=False)
            saving = SavingSection(saved_results, number)
            with gr.Row(elem_id="sure-and-alike"):
                with gr.Column(min_width=300):
                    table = confidence_table("table")
                with gr.Column(min_width=300):
                    neighbours = recommendations.neighbours_html()
            suggestions = recommendations.Section(accounts, neighbours)
            with gr.Accordion("More about the sound", open=False, elem_id="more"):
                why = gr.HTML(elem_id="why", padding=False)
                picture = gr.HTML(elem_id="picture", padding=False)
            comparing = ComparingSection()

        shown = [heard, path, about, verdict, details, player, ribbon, table, why]
        empty = [clip, recording, words, picture_now, question[0]]
        listened = gr.on(
            [
                clip.upload,
                mic.stop_recording,
                reopen.click,
                *(button.click for button in examples),
            ],
            listen_for(admit, {b._id: e.path for b, e in examples.items()}, saved_results),
            [clip, recording],
            [*shown, *empty],
            **events.PRIVATE,
            trigger_mode="always_last",
            show_progress="minimal",
            show_progress_on=verdict,
            **events.ANALYSIS,
        )
        listened.then(share.empty, None, share.outputs, **events.QUIET)
        share.connect(to_post, [heard, path, about])
        # What takes a moment longer, or is for later, does not keep the verdict waiting.
        listened.then(
            picture_and_files,
            [path, heard],
            [picture, *saved],
            **events.QUIET,
            trigger_mode="always_last",
            **events.AFTERWARDS,
        )
        feedback.connect(question, heard, listened, accounts)
        gr.on(
            [stop.click, another.click],
            reset,
            None,
            [*shown, *empty],
            cancels=listened,
            **events.QUIET,
        )
        saving.after(listened, path, heard, about, name_of, link)
        suggestions.connect(heard, listened)
        comparing.connect(path, listened)
    _build_endpoint(admit)
    recommendations.build_endpoint(accounts, admit)


def _build_examples() -> dict[gr.Button, Any]:
    gr.HTML(page.examples_title(), elem_id="examples-title", padding=False)
    found = {}
    with gr.Row(elem_id="examples-row"):
        for example in EXAMPLES:
            label = f"{example.name}\n{example.caption}"
            found[gr.Button(label, size="sm", variant="secondary")] = example
    return found


def _build_endpoint(admit: Admit) -> None:
    """The same for programs: a file in, an object out."""

    def classify_for(path: str, request: gr.Request) -> dict[str, Any]:
        admit(request)
        return classify(path)

    file = gr.File(visible=False)
    answer = gr.JSON(visible=False)
    gr.Button(visible=False).click(
        classify_for, file, answer, api_name="classify", **events.ANALYSIS
    )
