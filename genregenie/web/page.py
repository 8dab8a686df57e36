"""The Gradio page: a clip goes in, a verdict, a table and a plot come out."""

from typing import Any

import gradio as gr
import pandas as pd

from genregenie.accounts import Accounts
from genregenie.audio import FORMATS, AudioError
from genregenie.classifier import Classifier
from genregenie.web import words
from genregenie.web.bar import session_bar
from genregenie.web.recommending import STYLE, recommending

_INVITATION = f"## Drop a clip or record one\nTen seconds or more work best. {FORMATS}."
_ANALYSES_AT_ONCE = 2
_LONGEST_QUEUE = 100
_LARGEST_UPLOAD = "50mb"

Answer = tuple[str, Any, Any]


def build_page(accounts: Accounts | None = None) -> gr.Blocks:
    """The page, not yet launched or mounted; `accounts` keep what people like."""
    with gr.Blocks(title="GenreGenie", analytics_enabled=False) as page:
        bar = gr.HTML()
        page.load(session_bar, None, bar, api_visibility="private")
        gr.Markdown("# GenreGenie\nNames the genre of a clip, and says how sure it is.")
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                clip = gr.Audio(
                    label="Clip",
                    sources=["upload", "microphone"],
                    type="filepath",
                    buttons=["download"],
                    elem_id="clip",
                )
                verdict = gr.Markdown(_INVITATION, elem_id="verdict")
            with gr.Column(scale=3, min_width=320):
                bars = gr.BarPlot(
                    x="Genre",
                    y="Confidence (%)",
                    y_lim=[0, 100],
                    sort="-y",
                    x_title=" ",
                    x_label_angle=-45,
                    label="How sure",
                    visible=False,
                    elem_id="bars",
                )
                table = gr.Dataframe(
                    label="Confidence by genre", visible=False, interactive=False, elem_id="table"
                )
        heard = clip.change(
            classify,
            clip,
            [verdict, bars, table],
            api_name="classify",
            concurrency_limit=_ANALYSES_AT_ONCE,
            trigger_mode="always_last",
        )
        recommending(clip, heard, accounts)
    Classifier.load()  # a missing model is noticed at the start, not at the first clip
    return page.queue(max_size=_LONGEST_QUEUE)


def launch_options() -> dict[str, Any]:
    """Looks and limits, for ``launch()`` or ``mount_gradio_app()``."""
    return {
        "theme": gr.themes.Soft(primary_hue="indigo", font=["system-ui", "sans-serif"]),
        "css_paths": [STYLE],
        "max_file_size": _LARGEST_UPLOAD,
    }


def classify(path: str | None) -> Answer:
    """What the page shows for an uploaded file: words, bars, table."""
    if path is None:
        return _INVITATION, *_hidden(2)
    try:
        prediction = Classifier.load().predict(path)
    except AudioError as error:
        return f"## That did not work\n{error}", *_hidden(2)
    headline = f"## {words.verdict_sentence(prediction)}\n{words.listened_sentence(prediction)}"
    if prediction.genre is None:
        return f"{headline} Try a clip with more of the song in it.", *_hidden(2)
    table = words.confidence_table(prediction)
    return headline, _shown(table), _shown(table)


def _shown(table: pd.DataFrame) -> Any:
    return gr.update(value=table, visible=True)


def _hidden(count: int) -> list[Any]:
    return [gr.update(visible=False)] * count
