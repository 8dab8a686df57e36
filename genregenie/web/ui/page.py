"""The Gradio page: a line at the top, and the tabs."""

import json
from typing import Any, Final

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.audio import AUDIO_SUFFIXES
from genregenie.common import resources
from genregenie.inference.classifier import Classifier
from genregenie.web.config import WebConfig
from genregenie.web.guests import admission
from genregenie.web.saved_results import saved_results
from genregenie.web.serving.process import mark
from genregenie.web.ui import events
from genregenie.web.ui.assistants import Assistants
from genregenie.web.ui.examples import EXAMPLES_DIR
from genregenie.web.ui.sections import feedback, recommendations, sharing, song_map
from genregenie.web.ui.session_bar import session_bar
from genregenie.web.ui.tabs import about, batch, listen, my_music
from genregenie.web.uploads import MAX_CLIP_BYTES
from genregenie.web.views import page as views

_ASSETS: Final = resources.assets()

_TOGGLE: Final = """
() => {
  const dark = document.body.classList.toggle('dark');
  localStorage.setItem('genregenie-theme', dark ? 'dark' : 'light');
}
"""


def build_page(
    accounts: Accounts | None = None,
    config: WebConfig | None = None,
    assistants: Assistants | None = None,
) -> gr.Blocks:
    """The page, not yet launched or mounted.

    `accounts` keep what people like and their results; `assistants` is what these may call.

    Raises
    ------
    ModelError
        If there is no model: noticed at the start, not at the first clip.
    """
    Classifier.load()
    saved, admit = saved_results(accounts, config), admission(accounts, config)
    with gr.Blocks(title="GenreGenie", analytics_enabled=False) as page:
        with gr.Row(elem_id="top"):
            gr.HTML(views.brand(), elem_id="brand", padding=False)
            gr.HTML(views.guide_link(), elem_id="guide-link", padding=False)
            bar = gr.HTML(elem_id="bar", padding=False)
            theme = gr.Button("Light / dark", size="sm", variant="secondary", elem_id="theme")
        with gr.Tabs():
            with gr.Tab("Listen", id="listen"):
                listen.build(accounts, saved, admit)
            with gr.Tab("Many songs", id="many"):
                batch.build(accounts, saved, admit)
            with gr.Tab("My music", id="my-music") as tab:
                my_music.build(tab, accounts, saved)
            with gr.Tab("About", id="about"):
                about.build(admit)
        if assistants is not None:
            assistants.build()
        page.load(session_bar, None, bar, **events.PRIVATE)
        theme.click(None, js=_TOGGLE, **events.PRIVATE)
    return page.queue(max_size=None)  # `turns` says how many may wait


def launch_options() -> dict[str, Any]:
    """Looks and limits, for ``launch()`` or ``mount_gradio_app()``."""
    return {
        "theme": _theme(),
        "css_paths": [
            _ASSETS / "style.css",
            recommendations.STYLE,
            feedback.STYLE,
            sharing.STYLE,
            song_map.STYLE,
            my_music.STYLE,
            batch.STYLE,
        ],
        "js": _asset("page.js"),
        # Gradio runs what stands in the head before it builds the page, and `js` after.
        "head": views.home_screen()
        + views.paper(_asset("print.css"))
        + views.scripts(
            [
                f'const PROCESS = "{mark()}";\n{_asset("servers.js")}',
                _asset("refused.js"),
                _asset("queue.js"),
                _asset("microphone.js"),
                _clips_script(),
                _asset("listen.js"),
                sharing.SCRIPT.read_text(encoding="utf-8"),
            ]
        ),
        "max_file_size": MAX_CLIP_BYTES,
        "allowed_paths": [str(EXAMPLES_DIR)],
    }


def _theme() -> gr.themes.Base:
    """Soft, with its palest texts dark enough to read (WCAG AA)."""
    soft = gr.themes.Soft(
        primary_hue="indigo",
        font=["system-ui", "sans-serif"],
        font_mono=["system-ui", "sans-serif"],
    )
    return soft.set(
        body_text_color_subdued="#566070",
        body_text_color_subdued_dark="#aeb6c4",
        block_label_text_color="*primary_700",
        block_title_text_color="*primary_700",
        button_secondary_background_fill_hover_dark="*primary_600",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
    )


def _clips_script() -> str:
    """What lets every kind of clip in; a chooser of files offers those that are heard."""
    accepted = ",".join(["audio/*", "video/*", *sorted(AUDIO_SUFFIXES)])
    return f"const ACCEPTED = {json.dumps(accepted)};\n{_asset('clips.js')}"


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
