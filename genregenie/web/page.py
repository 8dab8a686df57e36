"""A stand-in for the Gradio page, so that the gate has something behind it."""

from pathlib import Path
from typing import Any

import gradio as gr

from genregenie.web.bar import session_bar


def build_page() -> gr.Blocks:
    """A file upload that tells the size, and a text box that echoes."""
    with gr.Blocks(title="GenreGenie", analytics_enabled=False) as page:
        bar = gr.HTML()
        page.load(session_bar, None, bar, api_visibility="private")
        file = gr.File(label="A file")
        size = gr.Textbox(label="Size in bytes")
        file.upload(lambda path: str(Path(path).stat().st_size), file, size, api_name="size")
        text = gr.Textbox(label="Say something")
        echo = gr.Textbox(label="Echo")
        text.submit(lambda said: said, text, echo, api_name="echo")
    return page


def launch_options() -> dict[str, Any]:
    """Theme and style for `gradio.mount_gradio_app`."""
    return {}
