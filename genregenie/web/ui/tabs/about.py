"""The About tab: what this is in a paragraph, then how good it is, and what else was built."""

import gradio as gr

from genregenie.inference.classifier import Classifier
from genregenie.web.guests import Admit
from genregenie.web.ui.tabs import lab, models, spotify_features
from genregenie.web.views import models as views


def build(admit: Admit) -> None:
    """Put the tab's contents into the Blocks under construction; `admit` counts guests' clips."""
    gr.HTML(views.in_short(Classifier.load().model.metadata), elem_id="in-short", padding=False)
    with gr.Tabs():
        with gr.Tab("How good it is", id="models"):
            models.build()
        with gr.Tab("Earlier systems", id="lab") as lab_tab:
            lab.build(lab_tab, admit)
        with gr.Tab("Spotify's numbers", id="spotify-features"):
            spotify_features.build()
