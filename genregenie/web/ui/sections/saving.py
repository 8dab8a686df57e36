"""What stands under a result: whether it is kept, with its audio or not, and a link to share."""

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from genregenie.accounts.errors import AccountNeededError, NoRoomError
from genregenie.common import resources
from genregenie.inference.prediction import Prediction
from genregenie.storage.database import DatabaseError
from genregenie.web.identity import is_guest
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import events
from genregenie.web.views import components, page
from genregenie.web.views import saving as views

SHARE_SCRIPT: Final = resources.static("web/ui") / "share.js"
_KEPT: Final = "Kept in My music without the audio; only you see it."
_KEPT_WITH_AUDIO: Final = (
    "Kept in My music with the audio; only you hear it. It goes with the result and with "
    "your account."
)
TAKEN_BACK: Final = "The link is taken back: it leads nowhere now."
_NOT_KEPT: Final = "This result could not be kept in My music: the accounts are out of reach."
_GONE: Final = "This result is no longer in My music."
_LINK_NEEDS: Final = "A link to share needs an account."


class SharingSection:
    """A button that makes a link to a result, and the link with a way to take it back.

    Build it inside a row of the class ``past-row``.

    Parameters
    ----------
    saved_results : SavedResults
    number : gr.State
        Of the result that is shown, or None.
    place : str
        Begins the elements' names.
    """

    def __init__(self, saved_results: SavedResults, number: gr.State, place: str) -> None:
        self._saved_results = saved_results
        self._make = gr.Button("Share a link", size="sm", elem_id=f"{place}-share")
        self._link = gr.HTML(
            padding=False,
            elem_id=f"{place}-link",
            elem_classes="past-wide",
            js_on_load=SHARE_SCRIPT.read_text(encoding="utf-8"),
            apply_default_css=False,
        )
        self.outputs = [self._make, self._link]
        shown = {**events.QUIET, **events.STORAGE}
        made = self._make.click(self._share, number, self.outputs, **shown)
        gone = self._link.undo(self._take_back, number, self.outputs, **shown)
        # What was clicked is no longer there; whoever uses the keyboard goes on beside it.
        for event, successor in ((made, f"#{place}-link input"), (gone, f"#{place}-share")):
            focus = f"() => document.querySelector('{successor}')?.focus()"
            event.then(None, js=focus, **events.PRIVATE)

    def update(self, url: str | None = None, note: str = "") -> tuple[Any, ...]:
        """What the section shows for a link that is there, or for none."""
        return gr.update(visible=url is None), views.link(url) if url else components.quiet(note)

    def update_for(self, request: gr.Request, url: str | None = None) -> tuple[Any, ...]:
        """`update`, or for a guest what a link takes."""
        if is_guest(request):
            return gr.update(visible=False), page.for_an_account(_LINK_NEEDS)
        return self.update(url)

    def _share(self, number: int | None, request: gr.Request) -> tuple[Any, ...]:
        try:
            url = self._saved_results.share(request, number) if number else None
        except AccountNeededError:
            return self.update_for(request)
        except NoRoomError as error:
            return self.update(note=str(error))
        return self.update(url, _GONE)

    def _take_back(self, number: int | None, request: gr.Request) -> tuple[Any, ...]:
        if number:
            self._saved_results.take_back(request, number)
        return self.update(note=TAKEN_BACK)


class SavingSection:
    """Under a fresh result: that it is kept, whether its audio is, and the link.

    Build it where it is to stand, then say with `after` which event brings the result.
    """

    def __init__(self, saved_results: SavedResults | None) -> None:
        self._saved_results = saved_results
        if saved_results is None:
            return
        self._last = gr.State()  # (number, prediction) of the result last kept
        self._number = gr.State()
        with gr.Column(visible=False, elem_id="keep") as self._frame:
            self._note = gr.HTML(padding=False, elem_id="keep-note")
            with gr.Row(elem_classes="past-row"):
                self._audio = gr.Checkbox(
                    label="Keep the audio with it", container=False, elem_id="keep-audio"
                )
                self._share = SharingSection(saved_results, self._number, "keep")

    def after(
        self,
        listened: Any,
        clip: gr.Audio,
        heard: gr.State,
        name_of: Callable[[str], str | None],
    ) -> None:
        """Keep what `listened` puts into `heard`, once it is shown.

        `name_of` says what a file is called, or None for a recording.
        """
        if self._saved_results is None:
            return
        self._name_of = name_of
        listened.then(
            self._keep,
            [clip, heard, self._last],
            [
                self._last,
                self._number,
                self._frame,
                self._note,
                self._audio,
                *self._share.outputs,
            ],
            **events.QUIET,
            **events.STORAGE,
        )
        self._audio.input(
            self._keep_audio,
            [self._audio, self._number, clip],
            [self._audio, self._note],
            **events.QUIET,
            **events.STORAGE,
        )

    def _keep(
        self,
        path: str | None,
        prediction: Prediction | None,
        last: tuple[int | None, Prediction] | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        assert self._saved_results is not None  # noqa: S101 (without one this is not connected)
        if path is None or prediction is None:
            return None, None, gr.update(visible=False), "", False, *self._share.update()
        if last is not None and last[1] is prediction:  # a clip that came in between was faster
            return tuple(gr.skip() for _ in range(5 + len(self._share.outputs)))
        try:
            number = self._saved_results.keep(request, self._name_of(path), prediction)
        except DatabaseError:
            number, note = None, _NOT_KEPT
        else:
            note = _KEPT
        guest = is_guest(request)
        share, link = self._share.update(note=_LINK_NEEDS if guest else "")
        if number is None or guest:
            share = gr.update(visible=False)
        return (
            (number, prediction),
            number,
            gr.update(visible=number is not None or note == _NOT_KEPT),
            page.keep_it() if guest and number else components.quiet(note),
            gr.update(value=False, visible=number is not None and not guest),
            share,
            link,
        )

    def _keep_audio(
        self, wanted: bool, number: int | None, path: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        assert self._saved_results is not None  # noqa: S101
        if number is None:
            return False, components.quiet(_GONE)
        if not wanted:
            self._saved_results.drop_audio(request, number)
            return False, components.quiet(_KEPT)
        try:
            done = path is not None and self._saved_results.keep_audio(request, number, path)
        except (NoRoomError, AccountNeededError) as error:
            return False, components.quiet(f"The audio is not kept. {error}")
        if not done:
            return False, components.quiet(
                "The audio is not kept: the clip, or its result, is no longer here."
            )
        return True, components.quiet(_KEPT_WITH_AUDIO)
