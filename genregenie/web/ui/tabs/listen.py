"""The Listen tab: a clip goes in, and everything GenreGenie makes of it comes out."""

import contextlib
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.audio import AudioError
from genregenie.common.formatting import csv_bytes
from genregenie.inference.prediction import Prediction, record
from genregenie.web import hearing
from genregenie.web.images.share_card import share_card
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import downloads
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.sections import feedback
from genregenie.web.ui.sections.recommendations import recommending
from genregenie.web.ui.sections.saving import KeepPanel
from genregenie.web.views import components, sentences

ANALYSES: Final[dict[str, Any]] = {
    "concurrency_limit": hearing.WORKERS,
    "concurrency_id": "analysis",
}
"""Options of every event that analyses: so many at once in all, the rest queue."""

AS_IT_IS: Final = tuple([gr.skip()] * 6)
"""What `listen` yields while there is nothing new."""

_SAVED: Final = {
    "csv": "Save table (CSV)",
    "json": "Save details (JSON)",
    "card": "Share card (PNG)",
}
_RECORDING: Final = "audio"  # what Gradio calls a clip from the microphone


def build(accounts: Accounts | None, keeper: SavedResults | None = None) -> None:
    """Put the tab's contents into the Blocks under construction.

    `accounts` keep opinions, the `keeper` results.
    """
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
            button.click(partial(str, example.path), None, clip, api_visibility="private")
    stop = gr.Button("Cancel", size="sm", variant="stop", elem_id="cancel")
    verdict = gr.HTML(components.invitation(), elem_id="verdict", padding=False)
    right = feedback.question()
    with gr.Column(visible=False, elem_id="result") as result:
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
        keep = KeepPanel(keeper)
    heard = gr.State()
    listened = clip.change(
        listen,
        clip,
        [heard, verdict, result, bars, table, timeline],
        api_visibility="private",
        trigger_mode="always_last",
        show_progress="minimal",
        show_progress_on=verdict,
        **ANALYSES,
    )
    # What takes a moment longer, or is for later, does not keep the verdict waiting.
    listened.then(
        take_away,
        [clip, heard],
        [picture, *saved],
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        **ANALYSES,
    )
    feedback.ask(right, heard, listened, accounts)
    stop.click(
        cancel,
        None,
        [clip, heard, verdict, result, bars, table, timeline],
        cancels=listened,
        api_visibility="private",
        show_progress="hidden",
    )
    keep.after(listened, clip, heard, _name)
    recommending(heard, listened, accounts)
    _build_endpoint()


def _build_endpoint() -> None:
    """The same for programs: a file in, an object out."""
    file = gr.File(visible=False)
    answer = gr.JSON(visible=False)
    gr.Button(visible=False).click(
        classify,
        file,
        answer,
        api_name="classify",
        **ANALYSES,
    )


def listen(path: str | None) -> Iterator[tuple[Any, ...]]:
    """The prediction, and what the tab shows of it: verdict, result and its parts.

    What takes long tells how far it is; between two such lines it can be cancelled.
    """
    if path is None:
        yield None, components.invitation(), *_nothing()
        return
    try:
        prediction = yield from _hear(path)
    except AudioError as error:
        yield None, components.failure(str(error)), *_nothing()
        return
    verdict = components.verdict(prediction, _name(path))
    if prediction.genre is None:
        yield prediction, verdict, *_nothing()
        return
    # The verdict alone first: a browser takes its time over tables and plots.
    yield prediction, verdict, *_nothing()
    yield (
        gr.skip(),
        gr.skip(),
        gr.update(visible=True),
        components.bars(prediction),
        sentences.confidence_table(prediction),
        components.timeline(prediction),
    )


def _hear(path: str) -> Generator[tuple[Any, ...], None, Prediction]:
    # Closed with this generator, which is what Cancel does: that ends the work.
    with contextlib.closing(hearing.hear(path)) as steps:
        told_s = 0.0
        while True:
            try:
                heard_s = next(steps)
            except StopIteration as end:
                prediction: Prediction = end.value
                return prediction
            is_news, told_s = heard_s > told_s, heard_s
            yield (None, components.listening(heard_s), *_nothing()) if is_news else AS_IT_IS


def cancel() -> tuple[Any, ...]:
    """An empty tab."""
    return None, None, components.invitation(), *_nothing()


def take_away(path: str | None, prediction: Prediction | None) -> tuple[Any, ...]:
    """The picture of the sound, and the files to save: table, details, share card."""
    if path is None or prediction is None or prediction.genre is None:
        return "", *[gr.update(visible=False)] * len(_SAVED)
    try:
        shown = components.picture(*hearing.picture(path))
    except AudioError:  # it was heard, so the rest is worth keeping
        shown = ""
    title = prediction.title or _name(path)
    table = sentences.confidence_table(prediction)
    files = (
        downloads.as_file(
            "genregenie.csv", csv_bytes(list(table.columns), table.to_numpy().tolist())
        ),
        downloads.as_file(
            "genregenie.json", downloads.as_json(record(Path(path).name, prediction))
        ),
        downloads.as_file("genregenie.png", share_card(prediction, title)),
    )
    return (
        shown,
        *(gr.update(value=file, visible=True) for file in files),
    )


def classify(path: str) -> dict[str, Any]:
    """Name the genre of an audio file: the object that ``genregenie classify --json`` prints."""
    try:
        return record(Path(path).name, hearing.predict(path))
    except AudioError as error:
        return record(Path(path).name, error)


def _name(path: str) -> str | None:
    """What a file is called, unless it is a recording."""
    stem = Path(path).stem
    return stem if stem != _RECORDING else None


def _nothing() -> tuple[Any, ...]:
    return gr.update(visible=False), *([gr.skip()] * 3)
