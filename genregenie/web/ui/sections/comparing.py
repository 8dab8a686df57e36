"""Under a result: what every earlier system would have said of the clip, when it is asked for."""

from typing import Any

import gradio as gr

from genregenie.audio import AudioError
from genregenie.common.steps import result_of
from genregenie.lab.answers import answers_to
from genregenie.web import analysis
from genregenie.web.ui import events
from genregenie.web.views import components, lab

_GONE = "The clip itself is not kept. Open it again to compare."


class ComparingSection:
    """An accordion that asks all systems as it is opened; put where this is made.

    Nothing is computed for who does not look.
    """

    def __init__(self) -> None:
        with gr.Accordion(
            "Compare with earlier systems", open=False, elem_id="compare"
        ) as self._frame:
            self._answer = gr.HTML(elem_id="compare-answer", padding=False)

    def connect(self, path: gr.State, listened: Any) -> None:
        """Ask about the clip at `path`; whenever one was `listened` to it is closed again."""
        self._frame.expand(
            compared,
            path,
            self._answer,
            **events.PRIVATE,
            show_progress="full",
            **events.ANALYSIS,
        )
        listened.then(
            lambda: (gr.update(open=False), ""), None, [self._frame, self._answer], **events.QUIET
        )


def compared(path: str | None) -> str:
    """What all earlier systems say of a clip, as HTML."""
    if path is None:
        return components.quiet(_GONE)
    try:
        return lab.compared(result_of(analysis.beside(answers_to, analysis.middle(path))))
    except AudioError as error:
        return components.failure(str(error))
