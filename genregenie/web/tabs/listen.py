"""The Listen tab: a clip goes in, and everything GenreGenie makes of it comes out."""

from pathlib import Path
from typing import Any, Final

import gradio as gr

from genregenie.audio import AudioError
from genregenie.classifier import Classifier
from genregenie.report import as_object
from genregenie.web import pieces, words

ANALYSES: Final[dict[str, Any]] = {"concurrency_limit": 2, "concurrency_id": "analysis"}
"""Options of every event that analyses: so many at once in all, the rest queue."""

_RECORDING: Final = "audio"  # what Gradio calls a clip from the microphone


def build() -> None:
    """Put the tab's contents into the Blocks under construction."""
    clip = gr.Audio(
        label="Clip",
        sources=["upload", "microphone"],
        type="filepath",
        buttons=["download"],
        elem_id="clip",
    )
    verdict = gr.HTML(pieces.invitation(), elem_id="verdict", padding=False)
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
        neighbours = gr.HTML(elem_id="neighbours", padding=False)
    gr.on(
        clip.change,
        listen,
        clip,
        [verdict, result, bars, table, timeline, neighbours],
        api_visibility="private",
        trigger_mode="always_last",
        show_progress="minimal",
        show_progress_on=verdict,
        **ANALYSES,
    )
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


def listen(path: str | None) -> tuple[Any, ...]:
    """What the tab shows for a clip: verdict, result, bars, table, timeline, neighbours."""
    if path is None:
        return pieces.invitation(), *_nothing()
    try:
        prediction = Classifier.load().predict(path)
    except AudioError as error:
        return pieces.failure(str(error)), *_nothing()
    stem = Path(path).stem
    verdict = pieces.verdict(prediction, stem if stem != _RECORDING else None)
    if prediction.genre is None:
        return verdict, *_nothing()
    return (
        verdict,
        gr.update(visible=True),
        pieces.bars(prediction),
        words.confidence_table(prediction),
        pieces.timeline(prediction),
        pieces.neighbours(prediction),
    )


def classify(path: str) -> dict[str, Any]:
    """Name the genre of an audio file: the object that ``genregenie classify --json`` prints."""
    try:
        return as_object(Path(path).name, Classifier.load().predict(path))
    except AudioError as error:
        return as_object(Path(path).name, error)


def _nothing() -> tuple[Any, ...]:
    return gr.update(visible=False), *([gr.skip()] * 4)
