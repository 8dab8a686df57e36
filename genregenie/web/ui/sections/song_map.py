"""The map of songs on the page: what `genregenie.web.views.song_map` draws, made to answer."""

from typing import Final

import gradio as gr

from genregenie.common import resources

_STATIC: Final = resources.static("web/ui")
STYLE: Final = _STATIC / "song_map.css"
_SCRIPT: Final = _STATIC / "song_map.js"


def build(elem_id: str) -> gr.HTML:
    """A place for a map; its ``select`` says which song was opened, by its number."""
    return gr.HTML(
        padding=False,
        elem_id=elem_id,
        js_on_load=_SCRIPT.read_text(encoding="utf-8"),
        apply_default_css=False,
    )
