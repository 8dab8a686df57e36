"""The Models tab: how good the model is, which one won and why, and what it cannot do."""

import gradio as gr
import pandas as pd

from genregenie.common import settings
from genregenie.inference.classifier import Classifier
from genregenie.web.views import models


def build() -> None:
    """Put the tab's contents into the Blocks under construction."""
    metadata = Classifier.load().model.metadata
    of = "Timbre alone: a" if metadata.hearings else "A"
    folder = settings.model_dir()
    gr.HTML(models.summary(metadata), elem_id="model-summary", padding=False)
    if (folder / "parts.csv").exists():
        gr.Dataframe(
            models.parts_table(pd.read_csv(folder / "parts.csv")),
            label="What each part of its hearing adds, artists apart",
            interactive=False,
            elem_id="parts",
            buttons=["copy"],
        )
    if (folder / "scores.csv").exists():
        gr.Dataframe(
            models.score_table(pd.read_csv(folder / "scores.csv"), metadata.winner),
            label=f"{of}ccuracy of every candidate (the winner is marked)",
            interactive=False,
            elem_id="scores",
            buttons=["copy"],
        )
        gr.HTML(models.why(metadata), padding=False)
    with gr.Row():
        if (folder / "per_genre_f1.csv").exists():
            with gr.Column(min_width=300):
                scores = pd.read_csv(folder / "per_genre_f1.csv")
                gr.HTML(models.per_genre(scores, metadata), padding=False)
        if (folder / "reliability.csv").exists():
            with gr.Column(min_width=300):
                bins = pd.read_csv(folder / "reliability.csv")
                gr.HTML(models.reliability(bins), elem_id="reliability", padding=False)
    if (folder / "confusion.csv").exists():
        counts = pd.read_csv(folder / "confusion.csv", index_col=0)
        gr.HTML(models.confusion(counts, metadata), elem_id="confusion", padding=False)
    gr.HTML(models.limits(metadata), padding=False)
