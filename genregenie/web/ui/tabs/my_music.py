"""The My music tab: a person's own songs on the map and in a list, and each one opened again."""

from dataclasses import replace
from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from genregenie.accounts import Accounts
from genregenie.accounts.errors import AccountNeededError, NoRoomError
from genregenie.accounts.results import Filter, StoredResult
from genregenie.common import resources
from genregenie.inference.classifier import Classifier
from genregenie.web.identity import is_guest
from genregenie.web.images.music_card import music_card
from genregenie.web.images.sheet import SIZES
from genregenie.web.library import ServedLibrary
from genregenie.web.saved_results import SavedResults, as_prediction
from genregenie.web.songs import Songs
from genregenie.web.ui import downloads, events
from genregenie.web.ui.sections import song_map
from genregenie.web.ui.sections.deleting import DeleteAllSection
from genregenie.web.ui.sections.opened import OpenedResult
from genregenie.web.ui.sections.sharing import (
    LINK_SCRIPT,
    TAKEN_BACK,
    LinkSection,
    PictureMenu,
    ToPost,
)
from genregenie.web.views import components, my_music, page, saving
from genregenie.web.views.songs import Song

_STATIC: Final = resources.static("web/ui")
STYLE: Final = _STATIC / "my_music.css"
_LIST_SCRIPT: Final = _STATIC / "my_music.js"

_NO_ACCOUNT: Final = (
    "My music needs an account, and there are none here: results last as long as this page is open."
)
_GONE: Final = "This result is no longer there."
_NOTHING: Final = Markup("")
# What was clicked is no longer there; whoever uses the keyboard goes on from here.
_FOCUS: Final = "() => document.querySelector('#past-back')?.focus()"
_FOCUS_LIST: Final = "() => document.querySelector('#past-list button')?.focus()"
_FOCUS_LINK: Final = "() => document.querySelector('#past-row-link input')?.focus()"

Updates = dict[Any, Any]
"""New values by component; whatever is not in it stays as it is."""


def build(tab: gr.Tab, accounts: Accounts | None, saved_results: SavedResults | None) -> None:
    """Put the tab's contents into the Blocks under construction."""
    if saved_results is None:
        gr.HTML(my_music.explanation(_NO_ACCOUNT), padding=False)
        return
    _MyMusic(tab, accounts, saved_results)


class _MyMusic:
    """The tab's components and handlers; what the browser says of numbers is never believed."""

    def __init__(self, tab: gr.Tab, accounts: Accounts | None, saved_results: SavedResults) -> None:
        self._saved_results = saved_results
        self._results = saved_results.results
        self._songs = Songs(saved_results.results)
        self._build_list()
        self._build_opened()
        self._connect(tab, accounts)

    def _build_list(self) -> None:
        self.genre = gr.State("")
        self.skip = gr.State(0)
        self.drawn = gr.State()  # the songs of the map that the browser has
        self.linked = gr.State()  # the result whose link stands above the list
        self.note = gr.HTML(padding=False, elem_id="past-note")
        with gr.Column(elem_id="past") as self.overview:
            with gr.Row(elem_id="past-top"):
                self.summary = gr.HTML(padding=False, elem_id="past-summary")
                self.post = PictureMenu("Share my music", "music-", "my-music", visible=False)
            self.map = song_map.build("past-map")
            if ServedLibrary.is_there():
                gr.HTML(my_music.library(), padding=False)
            with gr.Column(visible=False, elem_id="past-songs") as self.listing:
                shown = [(label, kind) for kind, label in my_music.SHOW.items()]
                with gr.Row(elem_id="past-filter"):
                    self.show = gr.Dropdown(
                        shown, value="", label="Show", container=False, min_width=140
                    )
                self.link = gr.HTML(
                    padding=False,
                    elem_id="past-row-link",
                    js_on_load=LINK_SCRIPT.read_text(encoding="utf-8"),
                    apply_default_css=False,
                )
                self.list = gr.HTML(
                    padding=False,
                    elem_id="past-list",
                    js_on_load=_LIST_SCRIPT.read_text(encoding="utf-8"),
                    apply_default_css=False,
                )
                self.plot = gr.HTML(padding=False, elem_id="past-taste")
                self.delete_all = DeleteAllSection(self._saved_results)

    def _build_opened(self) -> None:
        self.number = gr.State()
        with gr.Column(visible=False, elem_id="past-opened") as self.opened:
            self.back = gr.Button("Back to the list", size="sm", elem_id="past-back")
            self.result = OpenedResult("past-")
            with gr.Row(elem_classes="past-row"):
                self.share = LinkSection(self._saved_results, self.number, "past")
                self.drop_audio = gr.Button(
                    "Remove the audio", size="sm", variant="stop", elem_id="past-drop-audio"
                )
                self.delete = gr.Button(
                    "Delete this result", size="sm", variant="stop", elem_id="past-delete"
                )

    def _connect(self, tab: gr.Tab, accounts: Accounts | None) -> None:
        wanted = [self.genre, self.show]
        seen = [*wanted, self.drawn]
        everything = [
            *(self.note, self.overview, self.opened, self.summary, self.post.frame, self.map),
            *(self.drawn, self.listing, *wanted, self.skip, self.link, self.linked),
            *(self.list, self.plot, self.delete_all.sure),
        ]
        details = [
            *(self.note, self.overview, self.opened, self.number, self.drop_audio),
            *self.result.outputs,
            *self.share.outputs,
        ]
        quiet = {**events.QUIET, **events.STORAGE}

        tab.select(self._refresh, seen, everything, **quiet)
        self.post.connect(self._to_post, [])
        self.show.input(self._filter, wanted, [self.skip, self.list], **quiet)
        clicked = gr.on(
            [self.list.select, self.map.select],
            self._click,
            [*seen, self.skip],
            [self.number, *everything],
            **quiet,
        )
        self.linked.change(None, js=_FOCUS_LINK, **events.PRIVATE)
        opened = clicked.success(self._open, self.number, details, **quiet)
        opened.then(None, js=_FOCUS, **events.PRIVATE)
        with self.opened:
            self.result.recommend(opened, accounts)

        taken = self.link.undo(self._take_back, [*seen, self.linked], everything, **quiet)
        refreshed = self.back.click(self._refresh, seen, everything, **quiet)
        for event in (taken, refreshed):
            event.then(None, js=_FOCUS_LIST, **events.PRIVATE)
        self.drop_audio.click(
            self._drop_audio, self.number, [self.result.clip, self.drop_audio], **quiet
        )
        gone = self.delete.click(self._delete, self.number, None, **quiet)
        gone.then(self._refresh, seen, everything, **quiet)

        emptied = self.delete_all.deleted()
        emptied.then(self._refresh, seen, everything, **quiet)

    def _refresh(
        self, genre: str | None, show: str | None, drawn: Any, request: gr.Request
    ) -> Updates:
        """Everything from the list's beginning, with whatever is new; a filter that fits stays."""
        return self._overview(request, _chosen(genre, show), drawn)

    def _overview(
        self,
        request: gr.Request,
        wanted: Filter,
        drawn: Any = None,
        skip: int = 0,
        note: Markup = _NOTHING,
    ) -> Updates:
        person_id = self._saved_results.person(request)
        songs = self._songs.of(person_id) if person_id is not None else []
        if is_guest(request):
            note += page.for_an_account("Gone when you leave.", "Create an account to keep them.")
        if wanted.genre not in {song.genre for song in songs}:
            wanted = replace(wanted, genre=None)
        updates = {
            self.note: note,
            self.overview: gr.update(visible=True),
            self.opened: gr.update(visible=False),
            self.summary: my_music.overview(songs),
            self.post.frame: gr.update(visible=bool(songs), open=False),
            self.listing: gr.update(visible=bool(songs)),
            self.genre: wanted.genre or "",
            self.link: "",
            self.linked: None,
            self.plot: my_music.genres_over_time(songs),
            self.delete_all.sure: gr.update(visible=False),
            **self._page(request, songs, wanted, skip),
        }
        # The map is the one thing here that is large: it is sent where it has changed.
        shown = [(song.newest.id, len(song.results)) for song in songs], wanted.genre
        if shown != drawn:
            model = Classifier.load().model
            updates |= {self.map: my_music.atlas(model, songs, wanted.genre), self.drawn: shown}
        return updates

    def _to_post(self, request: gr.Request) -> ToPost | None:
        """The map with the songs on it, as pictures."""
        model = Classifier.load().model
        if model.map is None:
            return None
        songs = self._own(request)
        summary = my_music.summary(songs)
        dots = my_music.dots(songs)
        return ToPost(
            f"My music: {summary}",
            {shape: music_card(model, dots, summary, shape) for shape in SIZES},
        )

    def _filter(self, genre: str | None, show: str | None, request: gr.Request) -> Updates:
        """The list alone; the map shows and hides by itself."""
        return self._page(request, self._own(request), _chosen(genre, show))

    def _page(
        self, request: gr.Request, songs: list[Song], wanted: Filter, skip: int = 0
    ) -> Updates:
        """One page of the list; the one before where deleting left none."""
        fitting = [song for song in songs if song.fits(wanted)]
        skip = max(min(skip, len(fitting) - 1), 0) // my_music.PAGE * my_music.PAGE
        may_share = not is_guest(request)
        listed = my_music.listed(fitting, wanted, skip, may_share=may_share) if songs else ""
        return {self.skip: skip, self.list: listed}

    def _own(self, request: gr.Request) -> list[Song]:
        person_id = self._saved_results.person(request)
        return self._songs.of(person_id) if person_id is not None else []

    def _click(
        self,
        genre: str | None,
        show: str | None,
        drawn: Any,
        skip: int | None,
        request: gr.Request,
        event: gr.SelectData,
    ) -> Updates:
        """Choose a genre, turn the page, change a song, or say which result is to be opened."""
        number, wanted = event.index, _chosen(genre, show)
        nothing: Updates = {self.number: None}
        if not isinstance(number, int) or isinstance(number, bool):
            return nothing | self._overview(request, wanted, drawn)
        match event.value:
            case "open":
                return {self.number: number}
            case "genre":
                genres = Classifier.load().model.genres
                chosen = genres[number] if 0 <= number < len(genres) else ""
                # The map in the browser has done it already.
                known = None if drawn is None else (drawn[0], chosen or None)
                listed = self._filter(chosen, show, request)
                return nothing | listed | {self.genre: chosen, self.drawn: known}
            case "page":
                return nothing | self._overview(request, wanted, drawn, number)
            case "share":
                return nothing | self._share(request, number)
            case "unshare":
                self._saved_results.take_back(request, number)
                note = TAKEN_BACK
            case "delete":
                note = self._delete_song(request, number)
            case _:
                note = ""
        told = components.quiet(note) if note else _NOTHING
        return nothing | self._overview(request, wanted, drawn, skip or 0, told)

    def _share(self, request: gr.Request, number: int) -> Updates:
        """The link to a result, above the list."""
        try:
            url = self._saved_results.share(request, number)
        except AccountNeededError as error:
            return {self.note: page.for_an_account(str(error)), self.link: ""}
        except NoRoomError as error:
            return {self.note: components.quiet(str(error)), self.link: ""}
        if url is None:
            return {self.note: components.quiet(_GONE), self.link: ""}
        return {self.note: "", self.link: saving.link(url), self.linked: number}

    def _take_back(
        self,
        genre: str | None,
        show: str | None,
        drawn: Any,
        number: int | None,
        request: gr.Request,
    ) -> Updates:
        if number is not None:
            self._saved_results.take_back(request, number)
        note = components.quiet(TAKEN_BACK)
        return self._overview(request, _chosen(genre, show), drawn, note=note)

    def _delete_song(self, request: gr.Request, number: int) -> str:
        """Forget all results of the song that this one is of; says what was deleted."""
        person_id = self._saved_results.person(request)
        for song in self._own(request):
            if person_id is not None and number in song.numbers:
                for one in song.numbers:
                    self._results.delete(person_id, one)
                return f"Deleted: {song.heard.title}."
        return _GONE

    def _open(self, number: int | None, request: gr.Request) -> Updates:
        """A result as the Listen tab showed it."""
        person_id = self._saved_results.person(request)
        if number is None or person_id is None:
            return {self.number: None, self.result.heard: None}
        kept = self._results.open(person_id, number)
        if kept is None:
            gone = {self.note: components.quiet(_GONE), self.opened: gr.update(visible=False)}
            return gone | {self.number: None, self.result.heard: None}
        return {
            self.note: "",
            self.overview: gr.update(visible=False),
            self.opened: gr.update(visible=True),
            self.number: number,
            **self._shown(person_id, kept),
            **dict(zip(self.share.outputs, self.share.update(request, number), strict=True)),
        }

    def _shown(self, person_id: int, kept: StoredResult) -> Updates:
        prediction = as_prediction(kept.details, Classifier.load().model.catalogue.space)
        summary = kept.summary
        audio = self._results.audio(person_id, summary.id) if summary.audio_bytes else None
        clip = downloads.as_file(f"clip{audio.suffix}", audio.content) if audio else None
        return {
            self.drop_audio: gr.update(visible=clip is not None),
            **self.result.update(prediction, summary.name, clip),
        }

    def _drop_audio(self, number: int | None, request: gr.Request) -> tuple[Any, ...]:
        if number is not None:
            self._saved_results.drop_audio(request, number)
        return gr.update(value=None, visible=False), gr.update(visible=False)

    def _delete(self, number: int | None, request: gr.Request) -> None:
        person_id = self._saved_results.person(request)
        if person_id is not None and number is not None:
            self._results.delete(person_id, number)


def _chosen(genre: str | None, show: str | None) -> Filter:
    """The filter; a session that has not chosen yet has none."""
    return my_music.chosen(genre or "", show or "")
