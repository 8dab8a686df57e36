"""What stands under a result: whether it is kept, and whether its audio is."""

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from genregenie.accounts.errors import AccountNeededError, NoRoomError
from genregenie.audio.about import About
from genregenie.inference.prediction import Prediction
from genregenie.storage.database import DatabaseError
from genregenie.web.identity import is_guest
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import events
from genregenie.web.ui.sections.sharing import GONE, LinkSection
from genregenie.web.views import components, page

_KEPT: Final = "Kept in My music without the audio; only you see it."
_KEPT_WITH_AUDIO: Final = (
    "Kept in My music with the audio; only you hear it. It goes with the result and with "
    "your account."
)
_NOT_KEPT: Final = "This result could not be kept in My music: the accounts are out of reach."


class SavingSection:
    """Under a fresh result: that it is kept, and whether its audio is.

    Build it where it is to stand, then say with `after` which event brings the result.

    Parameters
    ----------
    saved_results : SavedResults, optional
        Without, nothing is kept.
    number : gr.State
        Gets the number of what is kept.
    """

    def __init__(self, saved_results: SavedResults | None, number: gr.State) -> None:
        self._saved_results = saved_results
        self._number = number
        if saved_results is None:
            return
        self._last = gr.State()  # (number, prediction) of the result last kept
        with gr.Column(visible=False, elem_id="keep") as self._frame:
            self._note = gr.HTML(padding=False, elem_id="keep-note")
            with gr.Row(elem_classes="past-row"):
                self._audio = gr.Checkbox(
                    label="Keep the audio with it", container=False, elem_id="keep-audio"
                )

    def after(
        self,
        listened: Any,
        clip: gr.Audio,
        heard: gr.State,
        about: gr.State,
        name_of: Callable[[str], str | None],
        link: LinkSection | None,
    ) -> None:
        """Keep what `listened` puts into `heard`, once it is shown.

        `about` is what its clip says of itself, `name_of` says what a file is called, or None for a
        recording, and `link` is where a link to it can be made.
        """
        if self._saved_results is None or link is None:
            return
        self._name_of, self._share = name_of, link
        listened.then(
            self._keep,
            [clip, heard, about, self._last],
            [self._last, self._number, self._frame, self._note, self._audio, *link.outputs],
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
        about: About | None,
        last: tuple[int | None, Prediction] | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        assert self._saved_results is not None  # noqa: S101 (without one this is not connected)
        if path is None or prediction is None:
            hidden = gr.update(visible=False)
            return None, None, hidden, "", False, *self._share.update(request, None)
        if last is not None and last[1] is prediction:  # a clip that came in between was faster
            return tuple(gr.skip() for _ in range(5 + len(self._share.outputs)))
        try:
            number = self._saved_results.keep(request, self._name_of(path), prediction)
        except DatabaseError:
            number, note = None, _NOT_KEPT
        else:
            note = _KEPT
        guest = is_guest(request)
        return (
            (number, prediction),
            number,
            gr.update(visible=number is not None or note == _NOT_KEPT),
            page.keep_it() if guest and number else components.quiet(note),
            gr.update(value=False, visible=number is not None and not guest),
            *self._share.update(request, number, about),
        )

    def _keep_audio(
        self, wanted: bool, number: int | None, path: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        assert self._saved_results is not None  # noqa: S101
        if number is None:
            return False, components.quiet(GONE)
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
