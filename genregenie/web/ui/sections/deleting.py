"""A button that deletes all that a person has kept, once that has been asked again."""

from typing import Any, Final

import gradio as gr

from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import events
from genregenie.web.views import components

# What was clicked is no longer there; whoever uses the keyboard goes on from here.
_FOCUS_SURE: Final = "() => document.querySelector('#past-no')?.focus()"
_FOCUS_DELETE: Final = "() => document.querySelector('#past-delete-all')?.focus()"
_QUIET: Final[events.Options] = {**events.QUIET, **events.STORAGE}


class DeleteAllSection:
    """Build it where it is to stand.

    Attributes
    ----------
    sure : gr.Row
        The question and its answers, hidden until it is asked.
    """

    def __init__(self, saved_results: SavedResults) -> None:
        self._saved_results = saved_results
        with gr.Row(elem_classes="past-row"):
            delete = gr.Button(
                "Delete all results", size="sm", variant="stop", elem_id="past-delete-all"
            )
        with gr.Row(visible=False, elem_classes="past-row") as self.sure:
            question = gr.HTML(padding=False, elem_id="past-question")
            self._yes = gr.Button("Delete all", size="sm", variant="stop", elem_id="past-yes")
            no = gr.Button("Keep them", size="sm", elem_id="past-no")
        asked = delete.click(self._ask, None, [self.sure, question], **_QUIET)
        asked.then(None, js=_FOCUS_SURE, **events.PRIVATE)
        kept = no.click(lambda: gr.update(visible=False), None, self.sure, **_QUIET)
        kept.then(None, js=_FOCUS_DELETE, **events.PRIVATE)

    def deleted(self) -> Any:
        """The event that all is gone."""
        return self._yes.click(self._delete_all, None, None, **_QUIET)

    def _ask(self, request: gr.Request) -> tuple[Any, ...]:
        person_id = self._saved_results.person(request)
        count = self._saved_results.results.count(person_id) if person_id is not None else 0
        results = "the one result" if count == 1 else f"all {count} results"
        question = (
            f"Delete {results} in your music, whatever the list shows now, with their audio and "
            "their links? This cannot be undone."
        )
        return gr.update(visible=True), components.quiet(question)

    def _delete_all(self, request: gr.Request) -> None:
        if (person_id := self._saved_results.person(request)) is not None:
            self._saved_results.results.delete_all(person_id)
