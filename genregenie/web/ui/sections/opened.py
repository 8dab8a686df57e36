"""A result that is opened again: card, player with its ribbon, table, and what sounds like it.

My music opens what is kept, Many songs what was just heard.
"""

from typing import Any

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.inference.prediction import Prediction
from genregenie.web.ui.sections import recommendations
from genregenie.web.views import result


def clip_player(place: str, **options: Any) -> gr.Audio:
    """A plain player: a waveform is the whole clip decoded again, in the browser."""
    return gr.Audio(
        label="Clip",
        show_label=False,
        interactive=False,
        elem_id=place,
        buttons=[],
        waveform_options=gr.WaveformOptions(show_recording_waveform=False),
        **options,
    )


def confidence_table(place: str) -> gr.Dataframe:
    """Where all genres stand, each with its bar; no scrolling inside it."""
    return gr.Dataframe(
        label="How sure, genre by genre",
        interactive=False,
        elem_id=place,
        buttons=["copy"],
        max_height=600,
    )


class OpenedResult:
    """Build it where it is to stand, inside a column that is hidden until something is opened.

    Parameters
    ----------
    place : str
        Begins the elements' names, such as ``"past-"``.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self.heard = gr.State()
        self._card = gr.HTML(padding=False, elem_id=f"{place}verdict")
        self.clip = clip_player(f"{place}clip", visible=False, elem_classes="opened-clip")
        with gr.Column() as self._parts:
            self._ribbon = gr.HTML(padding=False, elem_id=f"{place}timeline")
            self._table = confidence_table(f"{place}table")

    @property
    def outputs(self) -> list[Any]:
        """What `update` gives values to."""
        return [self.heard, self._card, self.clip, self._parts, self._table, self._ribbon]

    def update(self, prediction: Prediction, name: str, clip: str | None) -> dict[Any, Any]:
        """A result as the Listen tab shows it.

        Parameters
        ----------
        prediction : Prediction
        name : str
            What the clip is called where its tags do not say.
        clip : str, optional
            The path of a file to play; None where nothing is kept of it.
        """
        is_music = prediction.genre is not None
        return {
            self.heard: prediction,
            self._card: result.verdict(prediction, name),
            self.clip: gr.update(value=clip, visible=clip is not None),
            self._parts: gr.update(visible=is_music),
            self._table: result.table(prediction) if is_music else gr.skip(),
            self._ribbon: result.ribbon(prediction) if is_music else "",
        }

    def recommend(self, opened: Any, accounts: Accounts | None) -> None:
        """Put below what sounds like it, and have the event `opened` look for it."""
        # With the place in front of every name, since the Listen tab has the same section.
        recommendations.build(self.heard, opened, accounts, place=self._place)
