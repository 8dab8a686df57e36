"""Was it right? The question under a verdict, and what becomes of the answer.

The browser says which clip it asked about and which genre was chosen. What is kept of the clip
comes from the server's own prediction, and only if that is still the one asked about.
"""

import logging
from typing import Any, Final

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.accounts.feedback import clip_key
from genregenie.common import resources
from genregenie.common.genres import display_name
from genregenie.inference.prediction import Prediction
from genregenie.storage.database import DatabaseError
from genregenie.web.feedback import NoGenreError, answer_to
from genregenie.web.identity import id_of, is_guest, who_asks
from genregenie.web.ui import events
from genregenie.web.views import feedback as views
from genregenie.web.views.components import quiet

_STATIC: Final = resources.static("web/ui")
STYLE: Final = _STATIC / "feedback.css"

_KEPT: Final = (
    "Thanks, models can learn from it. Kept {where}: {what} and numbers about the sound, never the "
    "sound itself."
)

log = logging.getLogger("genregenie.web")


def build() -> tuple[gr.Column, gr.HTML, gr.HTML]:
    """Where the question will stand, what it asks, and what is answered to the answer."""
    with gr.Column(visible=False, elem_id="feedback") as frame:
        asked = gr.HTML(
            elem_id="was-it-right",
            js_on_load=(_STATIC / "feedback.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            padding=False,
        )
        thanks = gr.HTML(quiet(""), elem_id="feedback-kept", padding=False)
    return frame, asked, thanks


def connect(
    components: tuple[gr.Column, gr.HTML, gr.HTML],
    heard: gr.State,
    after: Any,
    accounts: Accounts | None,
) -> None:
    """Make the question work.

    Parameters
    ----------
    components : from `build`
    heard : gr.State
        With the prediction, or None where there is none.
    after : event
        What shows the verdict.
    accounts : Accounts, optional
        Where answers are kept; without, nothing is asked.
    """
    if accounts is None:
        return
    frame, asked, thanks = components
    handlers = Handlers(accounts)
    after.then(
        handlers.show,
        heard,
        [frame, asked, thanks],
        trigger_mode="always_last",
        **events.QUIET,
        **events.STORAGE,
    )
    asked.submit(
        handlers.answer,
        heard,
        thanks,
        trigger_mode="multiple",
        **events.QUIET,
        **events.IN_TURN,
    )


class Handlers:
    """What the question's events do."""

    def __init__(self, accounts: Accounts) -> None:
        self._feedback = accounts.feedback

    def show(self, prediction: Prediction | None, request: gr.Request) -> tuple[Any, str, str]:
        """The question about a clip, with what was said of it before."""
        if prediction is None or not prediction.statistics.count:
            return gr.update(visible=False), "", quiet("")
        key = clip_key(prediction.statistics.to_bytes())
        try:
            said = self._feedback.genre_of(id_of(who_asks(request)), key)
        except DatabaseError as error:
            log.error("feedback cannot be read: %s", error.kind)
            return gr.update(visible=False), "", quiet("")
        before = f"You have said before: {display_name(said).lower()}." if said else ""
        return gr.update(visible=True), views.question(prediction, key.hex(), said), quiet(before)

    def answer(
        self, prediction: Prediction | None, request: gr.Request, event: gr.EventData
    ) -> str:
        """Keep an answer, or forget it; says what happened."""
        asked, genre = (getattr(event, name, None) for name in ("clip", "genre"))
        numbers = prediction.statistics.to_bytes() if prediction else b""
        key = clip_key(numbers)
        if prediction is None or asked != key.hex():
            return quiet("Another clip has come since, so nothing was kept.")
        person_id = id_of(who_asks(request))
        try:
            if genre == "":
                self._feedback.take_back(person_id, key)
                return quiet("Taken back. Nothing of it is kept.")
            answer = answer_to(prediction, genre)
            kept = self._feedback.give(person_id, answer)
        except NoGenreError as error:
            return quiet(str(error))
        except DatabaseError as error:
            log.error("feedback cannot be kept: %s", error.kind)
            return quiet("That could not be kept just now. Please try again.")
        if not kept:
            return quiet("You are no longer logged in, so nothing was kept.")
        where = "with your account" if person_id is not None else "here without a name"
        if is_guest(request):
            where = "until you leave"
        what = "your answer, the artist" if answer.artist else "your answer"
        return quiet(_KEPT.format(where=where, what=what))
