"""Share: a result, or one's music, as pictures to post, and a result by a link.

Pictures are drawn when their menu is opened, which few people do, and are there before a finger has
moved on to them. The script beside this file hands them to a telephone's own ways of sharing.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from genregenie.accounts.errors import AccountNeededError, NoRoomError
from genregenie.audio.about import About
from genregenie.common import resources
from genregenie.web.identity import is_guest
from genregenie.web.images.sheet import Shape
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import downloads, events
from genregenie.web.views import components, page
from genregenie.web.views import saving as views

_STATIC: Final = resources.static("web/ui")
STYLE: Final = _STATIC / "sharing.css"
SCRIPT: Final = _STATIC / "sharing.js"
LINK_SCRIPT: Final = _STATIC / "share.js"

TAKEN_BACK: Final = "The link is taken back: it leads nowhere now."
GONE: Final = "This result is no longer in My music."
_LINK_NEEDS: Final = "A link to share needs an account."
_SHAPES: Final[dict[Shape, tuple[str, str, str]]] = {
    "landscape": ("Picture", "card", ""),
    "upright": ("Upright picture", "upright", "-upright"),
}
"""Of each: its label, its element, and how its file's name ends."""


@dataclass(frozen=True)
class ToPost:
    """What a menu has to give.

    Attributes
    ----------
    text : str
        A sentence that goes along.
    pictures : dict of Shape to bytes
        PNGs.
    """

    text: str
    pictures: dict[Shape, bytes]


class PictureMenu:
    """A button that opens a menu of pictures, with the words that go along.

    Build it where it is to stand. What more belongs to the menu is built inside its `frame`.

    Parameters
    ----------
    label : str
        What the button says.
    place : str
        Begins the elements' names.
    name : str
        Begins the files' names.
    visible : bool
        Whether it is there from the start.
    """

    def __init__(
        self, label: str, place: str = "", name: str = "genregenie", *, visible: bool = True
    ) -> None:
        self._name = name
        with gr.Accordion(
            label,
            open=False,
            visible=visible,
            elem_id=f"{place}share-menu",
            elem_classes="gg-menu",
        ) as self.frame:
            self._words = gr.HTML(padding=False, elem_id=f"{place}share-words")
            with gr.Row(elem_classes="gg-menu-row"):
                self._buttons = {
                    shape: gr.DownloadButton(
                        label,
                        size="sm",
                        interactive=False,
                        elem_id=f"{place}save-{element}",
                        elem_classes="gg-picture-to-post",
                    )
                    for shape, (label, element, _) in _SHAPES.items()
                }
                gr.Button("Copy the text", size="sm", elem_classes="gg-copy-words")
        self.outputs = [self._words, *self._buttons.values()]

    def connect(self, draw: Callable[..., ToPost | None], inputs: list[Any]) -> None:
        """Say what the menu shows once it is opened; None for nothing."""

        @functools.wraps(draw)  # Gradio goes by what it asks for
        def shown(*values: Any) -> tuple[Any, ...]:
            found = draw(*values)
            return self.empty() if found is None else self._filled(found)

        self.frame.expand(shown, inputs, self.outputs, **events.QUIET, **events.PICTURES)

    def empty(self) -> tuple[Any, ...]:
        """Nothing to share yet."""
        return "", *[gr.update(value=None, interactive=False)] * len(self._buttons)

    def _filled(self, found: ToPost) -> tuple[Any, ...]:
        files = {
            shape: downloads.as_file(f"{self._name}{_SHAPES[shape][2]}.png", png)
            for shape, png in found.pictures.items()
        }
        buttons = [gr.update(value=files[shape], interactive=True) for shape in self._buttons]
        return views.words(found.text), *buttons


class LinkSection:
    """A button that makes a link to a result, and the link with a way to take it back.

    Build it inside a row of the class ``past-row``.

    Parameters
    ----------
    saved_results : SavedResults
    number : gr.State
        Of the result that is shown, or None.
    place : str
        Begins the elements' names.
    about : gr.State, optional
        What the clip says of itself, where that is known: its cover can go along.
    """

    def __init__(
        self,
        saved_results: SavedResults,
        number: gr.State,
        place: str,
        about: gr.State | None = None,
    ) -> None:
        self._saved_results = saved_results
        about = gr.State() if about is None else about
        self._cover = gr.Checkbox(
            label="Show the cover", visible=False, container=False, elem_id=f"{place}-cover"
        )
        self._make = gr.Button("Share a link", size="sm", elem_id=f"{place}-share")
        self._link = gr.HTML(
            padding=False,
            elem_id=f"{place}-link",
            elem_classes="past-wide",
            js_on_load=LINK_SCRIPT.read_text(encoding="utf-8"),
            apply_default_css=False,
        )
        self.outputs = [self._make, self._cover, self._link]
        shown = {**events.QUIET, **events.STORAGE}
        asked, buttons = [number, about, self._cover], [self._make, self._link]
        made = self._make.click(self._share, asked, buttons, **shown)
        gone = self._link.undo(self._take_back, number, buttons, **shown)
        self._cover.input(self._show_cover, asked, buttons, **shown)
        # What was clicked is no longer there; whoever uses the keyboard goes on beside it.
        for event, successor in ((made, f"#{place}-link input"), (gone, f"#{place}-share")):
            focus = f"() => document.querySelector('{successor}')?.focus()"
            event.then(None, js=focus, **events.PRIVATE)

    def update(
        self, request: gr.Request, number: int | None, about: About | None = None
    ) -> tuple[Any, ...]:
        """What the section shows of a result: its link, or for a guest what it takes."""
        hidden = gr.update(value=False, visible=False)
        if number is None:
            return gr.update(visible=False), hidden, ""
        if is_guest(request):
            return gr.update(visible=False), hidden, page.for_an_account(_LINK_NEEDS)
        has_cover = about is not None and about.cover is not None
        button, link = self._shown(request, number, "")
        return button, gr.update(value=False, visible=has_cover), link

    def _shown(self, request: gr.Request, number: int, note: str) -> tuple[Any, Any]:
        """The button or the link, whichever it is; without a link, a note."""
        url = self._saved_results.shared(request, number)
        if url is None:
            return gr.update(visible=True), components.quiet(note)
        has_cover = self._saved_results.shows_cover(request, number)
        return gr.update(visible=False), views.link(url, has_cover=has_cover)

    def _share(
        self, number: int | None, about: About | None, wants_cover: bool, request: gr.Request
    ) -> tuple[Any, Any]:
        if is_guest(request):
            return gr.update(visible=False), page.for_an_account(_LINK_NEEDS)
        try:
            made = self._saved_results.share(request, number) if number else None
        except (AccountNeededError, NoRoomError) as error:
            return gr.update(visible=True), components.quiet(str(error))
        if number is None or made is None:
            return gr.update(visible=True), components.quiet(GONE)
        return self._show_cover(number, about, wants_cover, request)

    def _show_cover(
        self, number: int | None, about: About | None, wants_cover: bool, request: gr.Request
    ) -> tuple[Any, Any]:
        """Put the cover onto the page behind the link, or take it away; nothing without a link."""
        if number is None or is_guest(request):
            return gr.skip(), gr.skip()
        if about is not None:  # else nobody was asked
            cover = about.cover if wants_cover else None
            self._saved_results.show_cover(request, number, cover)
        return self._shown(request, number, "")

    def _take_back(self, number: int | None, request: gr.Request) -> tuple[Any, Any]:
        if number:
            self._saved_results.take_back(request, number)
        return gr.update(visible=True), components.quiet(TAKEN_BACK)
