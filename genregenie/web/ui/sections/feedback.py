"""Was it right? The question under a verdict, and what becomes of the answer.

The browser says which clip it asked about and which genre was chosen. What is kept of the clip
comes from the server's own prediction, and only if that is still the one asked about.
"""

import logging
from html import escape
from typing import Any, Final

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.accounts.feedback import Answer, clip_key
from genregenie.common import resources
from genregenie.common.genres import display_name
from genregenie.inference.classifier import Classifier, Prediction
from genregenie.storage.database import DatabaseError
from genregenie.web.security.gate import who_asks
from genregenie.web.views import components as pieces
from genregenie.web.views import sentences

_STATIC: Final = resources.static("web/ui")
STYLE: Final = _STATIC / "feedback.css"

_KEPT: Final = (
    "Thanks, models can learn from it. Kept {where}: {what} and numbers about the sound, never the "
    "sound itself."
)
_MAX_ARTIST_LENGTH: Final = 200

log = logging.getLogger("genregenie.web")


def question() -> tuple[gr.Column, gr.HTML, gr.HTML]:
    """Where the question will stand, what it asks, and what is answered to the answer."""
    with gr.Column(visible=False, elem_id="feedback") as frame:
        asked = gr.HTML(
            elem_id="was-it-right",
            js_on_load=(_STATIC / "feedback.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            padding=False,
        )
        thanks = gr.HTML(pieces.quiet(""), elem_id="feedback-kept", padding=False)
    return frame, asked, thanks


def ask(
    components: tuple[gr.Column, gr.HTML, gr.HTML],
    heard: gr.State,
    after: Any,
    accounts: Accounts | None,
) -> None:
    """Make the question work.

    Parameters
    ----------
    components : from `question`
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
    desk = _Desk(accounts)
    after.then(
        desk.show,
        heard,
        [frame, asked, thanks],
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_limit=4,
    )
    asked.submit(
        desk.hear,
        heard,
        thanks,
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="multiple",
        concurrency_limit=1,  # so that of two answers the later one stays
    )


class _Desk:
    """The handlers."""

    def __init__(self, accounts: Accounts) -> None:
        self._feedback = accounts.feedback

    def show(self, prediction: Prediction | None, request: gr.Request) -> tuple[Any, str, str]:
        """The question about a clip, with what was said of it before."""
        if prediction is None or not prediction.statistics.count:
            return gr.update(visible=False), "", pieces.quiet("")
        key = clip_key(prediction.statistics.to_bytes())
        try:
            said = self._feedback.genre_of(_person_id(request), key)
        except DatabaseError as error:
            log.error("feedback cannot be read: %s", error.kind)
            return gr.update(visible=False), "", pieces.quiet("")
        before = f"You have said before: {display_name(said).lower()}." if said else ""
        return gr.update(visible=True), row(prediction, key.hex(), said), pieces.quiet(before)

    def hear(self, prediction: Prediction | None, request: gr.Request, event: gr.EventData) -> str:
        """Keep an answer, or forget it; says what happened."""
        asked, genre = (getattr(event, name, None) for name in ("clip", "genre"))
        numbers = prediction.statistics.to_bytes() if prediction else b""
        key = clip_key(numbers)
        if prediction is None or asked != key.hex():
            return pieces.quiet("Another clip has come since, so nothing was kept.")
        person_id = _person_id(request)
        try:
            if genre == "":
                self._feedback.take_back(person_id, key)
                return pieces.quiet("Taken back. Nothing of it is kept.")
            if not isinstance(genre, str) or genre not in prediction.confidences:
                return pieces.quiet("That is no genre of the model, so nothing was kept.")
            answer = Answer(
                genre=genre,
                model_genre=prediction.genre,
                verdict=prediction.verdict,
                model_version=Classifier.load().model.version,
                artist=_plain(prediction.artist or ""),
                numbers=numbers,
            )
            kept = self._feedback.give(person_id, answer)
        except DatabaseError as error:
            log.error("feedback cannot be kept: %s", error.kind)
            return pieces.quiet("That could not be kept just now. Please try again.")
        if not kept:
            return pieces.quiet("Your account is gone, so nothing was kept.")
        where = "with your account" if person_id is not None else "here without a name"
        what = "your answer, the artist" if answer.artist else "your answer"
        return pieces.quiet(_KEPT.format(where=where, what=what))


def row(prediction: Prediction, key: str, said: str | None = None) -> str:
    """The question as HTML: buttons for what the verdict named, a list for all other genres."""
    named = sentences.named_genres(prediction)
    if not named:
        title, rather = "Is it music after all?", "It is"
    elif len(named) == 1:
        title, rather = "Was it right?", "It is rather"
    else:
        title, rather = "Which is it?", "It is rather"
    only = len(named) == 1
    buttons = "".join(
        f'<button type="button" data-genre="{escape(genre)}" '
        f'aria-pressed="{"true" if genre == said else "false"}">'
        f"{'Yes, ' + escape(display_name(genre).lower()) if only else escape(display_name(genre))}"
        "</button>"
        for genre in named
    )
    others = sorted((g for g in prediction.confidences if g not in named), key=display_name)
    options = "".join(
        f'<option value="{escape(genre)}"{" selected" if genre == said else ""}>'
        f"{escape(display_name(genre))}</option>"
        for genre in others
    )
    hidden = "" if said else " hidden"
    return (
        f'<div class="gg-ask" role="group" aria-labelledby="gg-ask-title" data-clip="{key}">'
        f'<h3 id="gg-ask-title">{title}</h3>{buttons}'
        f'<label><span>{rather}</span> <select><option value="">choose a genre</option>{options}'
        f'</select></label><button type="button" class="gg-back" data-genre=""{hidden}>'
        "Take it back</button></div>"
    )


def _person_id(request: gr.Request) -> int | None:
    """Who asks; None with the gate off, where nobody has a name."""
    who = who_asks(request)
    return who.id if who else None


def _plain(tag: str) -> str:
    """A file's tag as every database takes it: not endless, and without NUL characters."""
    return tag.replace("\0", "")[:_MAX_ARTIST_LENGTH]
