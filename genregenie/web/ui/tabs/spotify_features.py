"""The From Spotify features tab: numbers go in, by sliders or as a table, and genres come out."""

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import gradio as gr
import numpy as np
import pandas as pd

from genregenie.common.errors import DataError
from genregenie.common.formatting import csv_bytes
from genregenie.model.model import ModelError
from genregenie.spotify_features.exportify import KEYS, Sheet, read_sheet
from genregenie.spotify_features.model import FeatureVerdict, display_name, shipped
from genregenie.spotify_features.report import HEADER, as_rows, record
from genregenie.spotify_features.vectors import SPOTIFY_COLUMNS
from genregenie.web.ui import downloads, events
from genregenie.web.views import components
from genregenie.web.views import spotify_features as views

_EXAMPLES: Final = ("dnb", "psytrance", "techhouse", "hardstyle", "Emo", "Underground Rap")
_SHOWN_ROWS: Final = 500
_ABOUT: Final = (
    "For tracks whose audio features you have, from an export such as Exportify's: this names one "
    "of 15 genres of rap, trap and dance from ten numbers. It does not listen; the Listen tab does."
)
_TERMS: Final = (
    "Spotify's developer terms forbid feeding content of its API to models. Use features that you "
    "have the right to use. The model learnt from a published research table."
)


@dataclass(frozen=True)
class _Slider:
    column: str
    label: str
    info: str
    low: float
    high: float
    step: float


_SLIDERS: Final = (
    _Slider("danceability", "Danceability", "how steady and strong the beat is", 0, 1, 0.001),
    _Slider("energy", "Energy", "fast, loud and noisy is 1", 0, 1, 0.001),
    _Slider("speechiness", "Speechiness", "rap is about 0.2, talk above 0.7", 0, 1, 0.001),
    _Slider("acousticness", "Acousticness", "how surely no electricity is in it", 0, 1, 0.001),
    _Slider("liveness", "Liveness", "how surely an audience is heard", 0, 1, 0.001),
    _Slider("valence", "Valence", "sad is 0, cheerful is 1", 0, 1, 0.001),
    _Slider("tempo", "Tempo (BPM)", "beats a minute, with decimals if known", 50, 220, 0.001),
    _Slider("duration_ms", "Length (s)", "of the whole track", 30, 900, 1),
)
_ORDER: Final = (*(slider.column for slider in _SLIDERS), "key", "mode")


def build() -> None:
    """Put the tab's contents into the Blocks under construction."""
    try:
        model = shipped()
    except ModelError as error:
        gr.HTML(components.failure(str(error)), padding=False)
        return
    gr.HTML(components.quiet(_ABOUT), padding=False)
    with gr.Row(elem_id="features-examples"):
        buttons = [
            (
                genre,
                gr.Button(f"Typical {display_name(genre).lower()}", size="sm", variant="secondary"),
            )
            for genre in _EXAMPLES
        ]
    first = _settings(model.examples[_EXAMPLES[0]])
    with gr.Row():
        with gr.Column(min_width=300):
            inputs: list[Any] = [
                gr.Slider(
                    slider.low,
                    slider.high,
                    value=value,
                    step=slider.step,
                    label=slider.label,
                    info=slider.info,
                    elem_id=f"feature-{slider.column}",
                )
                for slider, value in zip(_SLIDERS, first, strict=False)
            ]
            with gr.Row():
                inputs.append(gr.Dropdown(list(KEYS), value=first[-2], label="Key", min_width=120))
                inputs.append(
                    gr.Radio(["minor", "major"], value=first[-1], label="Mode", min_width=120)
                )
        with gr.Column(min_width=300):
            answer = gr.HTML(judge(*first), elem_id="features-answer", padding=False)
    gr.on(
        [i.change for i in inputs],
        judge,
        inputs,
        answer,
        **events.QUIET,
        trigger_mode="always_last",
        **events.ANALYSIS,
    )
    for genre, button in buttons:
        button.click(partial(_settings, model.examples[genre]), None, inputs, **events.PRIVATE)
    _build_upload()
    gr.HTML(components.quiet(_TERMS), padding=False)


def _build_upload() -> None:
    """Many tracks from a CSV; the same for programs."""
    file = gr.File(
        label="Many tracks (CSV)",
        file_types=[".csv", ".tsv", ".txt"],
        type="filepath",
        elem_id="features-file",
        height=150,
    )
    gr.HTML(
        components.quiet(
            "A playlist saved with Exportify will do, and any CSV with these columns. What is "
            "missing is filled in with usual values, and the answer says so."
        ),
        padding=False,
    )
    notes = gr.HTML(elem_id="features-notes", padding=False)
    download = gr.DownloadButton("Save as CSV", visible=False, elem_id="features-csv")
    table = gr.Dataframe(interactive=False, visible=False, wrap=True, elem_id="features-table")
    file.upload(
        judge_table,
        file,
        [notes, table, download],
        **events.PRIVATE,
        show_progress="minimal",
        show_progress_on=notes,
        **events.ANALYSIS,
    )
    file.clear(
        lambda: ("", *[gr.update(visible=False)] * 2),
        None,
        [notes, table, download],
        **events.PRIVATE,
    )
    given = gr.File(visible=False)
    result = gr.JSON(visible=False)
    gr.Button(visible=False).click(
        spotify_features, given, result, api_name="spotify_features", **events.ANALYSIS
    )


def judge(*values: Any) -> str:
    """The five likeliest genres as bars; `values` in the order of the form."""
    known = dict(zip(_ORDER, values, strict=True))
    row = np.full((1, len(SPOTIFY_COLUMNS)), math.nan)
    for i, column in enumerate(SPOTIFY_COLUMNS):
        value = known[column]
        if value is None or value == "":
            continue
        if column == "key":
            row[0, i] = KEYS.index(value)
        elif column == "mode":
            row[0, i] = float(value == "major")
        else:
            row[0, i] = float(value) * (1_000 if column == "duration_ms" else 1)
    (verdict,) = shipped().judge(row)
    return views.answer(verdict, shipped().metadata.held_out)


def judge_table(path: str | None) -> tuple[Any, ...]:
    """Notes, table and CSV of a file of tracks."""
    hidden = gr.update(visible=False)
    if path is None:
        return "", hidden, hidden
    try:
        sheet, verdicts = _read(path)
    except DataError as error:
        return components.failure(str(error)), hidden, hidden
    rows = as_rows(sheet, verdicts)
    return (
        views.remarks(len(rows), _SHOWN_ROWS, sheet.notes),
        gr.update(value=pd.DataFrame(rows[:_SHOWN_ROWS], columns=list(HEADER)), visible=True),
        gr.update(value=downloads.as_file("genres.csv", csv_bytes(HEADER, rows)), visible=True),
    )


def spotify_features(path: str) -> dict[str, Any]:
    """Name genres from a CSV: the object that ``genregenie spotify-features --json`` prints."""
    try:
        return record(*_read(path)) | {"error": None}
    except DataError as error:
        return {"notes": [], "tracks": [], "error": str(error)}


def _read(path: str) -> tuple[Sheet, list[FeatureVerdict]]:
    sheet = read_sheet(Path(path))
    return sheet, shipped().judge(sheet.rows)


def _settings(row: Any) -> list[Any]:
    """A row of features as the values of the form."""
    known = dict(zip(SPOTIFY_COLUMNS, row.tolist(), strict=True))
    sliders = [known[s.column] / (1_000 if s.column == "duration_ms" else 1) for s in _SLIDERS]
    return [
        *(round(v, 1 if v > 220 else 3) for v in sliders),
        KEYS[int(known["key"])],
        "major" if known["mode"] else "minor",
    ]
