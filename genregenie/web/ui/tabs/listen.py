"""The Listen tab: a clip goes in, and everything GenreGenie makes of it comes out."""

import contextlib
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from genregenie.accounts import Accounts
from genregenie.accounts.errors import GuestLimitError
from genregenie.audio import AudioError
from genregenie.common.formatting import csv_bytes
from genregenie.common.steps import Steps
from genregenie.inference.prediction import Prediction, record
from genregenie.web import analysis
from genregenie.web.guests import Admit
from genregenie.web.images.share_card import share_card
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import downloads, events
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.sections import feedback, recommendations
from genregenie.web.ui.sections.saving import SavingSection
from genregenie.web.views import components, page, result, sentences

AS_IT_IS: Final = tuple([gr.skip()] * 6)
"""What `listen` yields while there is nothing new."""

_SAVED: Final = {
    "csv": "Save table (CSV)",
    "json": "Save details (JSON)",
    "card": "Share card (PNG)",
}
_RECORDING: Final = "audio"  # what Gradio calls a clip from the microphone


def build(accounts: Accounts | None, saved_results: SavedResults | None, admit: Admit) -> None:
    """Put the tab's contents into the Blocks under construction.

    `accounts` keep opinions, `saved_results` results, and `admit` counts what guests bring.
    """

    def listen_for(path: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        try:
            if path is not None:
                admit(request)
        except GuestLimitError as error:
            told = components.panel("No more as a guest", str(error)) + page.for_an_account()
            yield None, told, *_nothing()
            return
        yield from listen(path)

    clip = gr.Audio(
        label="Clip",
        sources=["upload", "microphone"],
        type="filepath",
        buttons=["download"],
        editable=False,
        # A plain player: a waveform is the whole clip decoded again, in the browser, before the
        # verdict shows. Its sample rate would be that of recordings, too.
        waveform_options=gr.WaveformOptions(show_recording_waveform=False),
        elem_id="clip",
    )
    with gr.Row(elem_id="examples-row"):
        for example in EXAMPLES:
            button = gr.Button(example.name, size="sm", variant="secondary")
            button.click(partial(str, example.path), None, clip, **events.PRIVATE)
    stop = gr.Button("Cancel", size="sm", variant="stop", elem_id="cancel")
    verdict = gr.HTML(result.invitation(), elem_id="verdict", padding=False)
    question = feedback.build()
    with gr.Column(visible=False, elem_id="result") as details:
        with gr.Row():
            with gr.Column(min_width=300):
                bars = gr.HTML(elem_id="bars", padding=False)
            with gr.Column(min_width=300):
                table = gr.Dataframe(
                    label="Confidence by genre",
                    interactive=False,
                    elem_id="table",
                    buttons=["copy"],
                )
        timeline = gr.HTML(elem_id="timeline", padding=False)
        picture = gr.HTML(elem_id="picture", padding=False)
        with gr.Row(elem_id="save"):
            saved = [
                gr.DownloadButton(label, visible=False, size="sm", elem_id=f"save-{kind}")
                for kind, label in _SAVED.items()
            ]
        saving = SavingSection(saved_results)
    heard = gr.State()
    listened = clip.change(
        listen_for,
        clip,
        [heard, verdict, details, bars, table, timeline],
        **events.PRIVATE,
        trigger_mode="always_last",
        show_progress="minimal",
        show_progress_on=verdict,
        **events.ANALYSIS,
    )
    # What takes a moment longer, or is for later, does not keep the verdict waiting.
    listened.then(
        picture_and_files,
        [clip, heard],
        [picture, *saved],
        **events.QUIET,
        trigger_mode="always_last",
        **events.ANALYSIS,
    )
    feedback.connect(question, heard, listened, accounts)
    stop.click(
        cancel,
        None,
        [clip, heard, verdict, details, bars, table, timeline],
        cancels=listened,
        **events.QUIET,
    )
    saving.after(listened, clip, heard, _name)
    recommendations.build(heard, listened, accounts, admit)
    _build_endpoint(admit)


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


def listen(path: str | None) -> Iterator[tuple[Any, ...]]:
    """The prediction, and what the tab shows of it: verdict, result and its parts.

    What takes long tells how far it is; between two such lines it can be cancelled.
    """
    if path is None:
        yield None, result.invitation(), *_nothing()
        return
    try:
        prediction = yield from _hear(path)
    except AudioError as error:
        yield None, components.failure(str(error)), *_nothing()
        return
    verdict = result.verdict(prediction, _name(path))
    if prediction.genre is None:
        yield prediction, verdict, *_nothing()
        return
    # The verdict alone first: a browser takes its time over tables and plots.
    yield prediction, verdict, *_nothing()
    yield (
        gr.skip(),
        gr.skip(),
        gr.update(visible=True),
        result.bars(prediction),
        sentences.confidence_table(prediction),
        result.timeline(prediction),
    )


def _hear(path: str) -> Generator[tuple[Any, ...], None, Prediction]:
    # Closed with this generator, which is what Cancel does: that ends the work.
    with contextlib.closing(analysis.hear(path)) as working:
        steps, told_s = Steps(working), 0.0
        for heard_s in steps:
            is_news, told_s = heard_s > told_s, heard_s
            yield (None, result.listening(heard_s), *_nothing()) if is_news else AS_IT_IS
        return steps.result


def cancel() -> tuple[Any, ...]:
    """An empty tab."""
    return None, None, result.invitation(), *_nothing()


def picture_and_files(path: str | None, prediction: Prediction | None) -> tuple[Any, ...]:
    """The picture of the sound, and the files to save: table, details, share card."""
    if path is None or prediction is None or prediction.genre is None:
        return "", *[gr.update(visible=False)] * len(_SAVED)
    try:
        shown = result.picture(*analysis.picture(path))
    except AudioError:  # it was heard, so the rest is worth keeping
        shown = Markup("")
    table = sentences.confidence_table(prediction)
    contents: dict[str, bytes | str] = {
        "genregenie.csv": csv_bytes(list(table.columns), table.to_numpy().tolist()),
        "genregenie.json": downloads.as_json(record(Path(path).name, prediction)),
        "genregenie.png": share_card(prediction, prediction.title or _name(path)),
    }
    files = [downloads.as_file(name, content) for name, content in contents.items()]
    return shown, *(gr.update(value=file, visible=True) for file in files)


def classify(path: str) -> dict[str, Any]:
    """Name the genre of an audio file: the object that ``genregenie classify --json`` prints."""
    try:
        return record(Path(path).name, analysis.predict(path))
    except AudioError as error:
        return record(Path(path).name, error)


def _name(path: str) -> str | None:
    """What a file is called, unless it is a recording."""
    stem = Path(path).stem
    return stem if stem != _RECORDING else None


def _nothing() -> tuple[Any, ...]:
    return gr.update(visible=False), *([gr.skip()] * 3)
