"""The History tab: a person's own results, their genres over time, and each one opened again."""

from dataclasses import replace
from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from genregenie.accounts import Accounts
from genregenie.accounts.results import Filter, StoredResult
from genregenie.common import resources
from genregenie.common.genres import display_name
from genregenie.inference.classifier import Classifier
from genregenie.web.identity import is_guest
from genregenie.web.saved_results import SavedResults, as_prediction
from genregenie.web.ui import downloads, events
from genregenie.web.ui.sections import recommendations
from genregenie.web.ui.sections.saving import TAKEN_BACK, SharingSection
from genregenie.web.views import components, history, page, result, sentences

_STATIC: Final = resources.static("web/ui")
STYLE: Final = _STATIC / "history.css"
_SCRIPT: Final = _STATIC / "history.js"

_NO_ACCOUNT: Final = (
    "History needs an account, and there are none here: results last as long as this page is open."
)
_NOTHING: Final = (
    "Nothing here yet. Drop a clip in Listen, and its result is kept here for you alone, "
    "without the audio."
)
_GONE: Final = "This result is no longer there."
_ALL: Final = ""
_NO_NOTE: Final = Markup("")
# What was clicked is no longer there; whoever uses the keyboard goes on from here.
_FOCUS: Final = "() => document.querySelector('#past-back')?.focus()"
_FOCUS_LIST: Final = "() => document.querySelector('#past-list button')?.focus()"
_FOCUS_SURE: Final = "() => document.querySelector('#past-no')?.focus()"
_FOCUS_DELETE: Final = "() => document.querySelector('#past-delete-all')?.focus()"


def build(tab: gr.Tab, accounts: Accounts | None, saved_results: SavedResults | None) -> None:
    """Put the tab's contents into the Blocks under construction."""
    if saved_results is None:
        gr.HTML(history.explanation(_NO_ACCOUNT), padding=False)
        return
    _History(tab, accounts, saved_results)


class _History:
    """The tab's components and handlers; what the browser says of numbers is never believed."""

    def __init__(self, tab: gr.Tab, accounts: Accounts | None, saved_results: SavedResults) -> None:
        self._saved_results = saved_results
        self._results = saved_results.results
        self._build_list()
        self._build_opened()
        self._connect(tab, accounts)

    def _build_list(self) -> None:
        self.skip = gr.State(0)
        self.note = gr.HTML(padding=False, elem_id="past-note")
        with gr.Column(visible=False, elem_id="past") as self.overview:
            self.plot = gr.HTML(padding=False, elem_id="past-taste")
            with gr.Row(elem_id="past-filter"):
                self.genre = gr.Dropdown(
                    [("All genres", _ALL)], value=_ALL, label="Genre", min_width=140
                )
                verdicts = [(label, verdict) for verdict, label in history.VERDICTS.items()]
                self.verdict = gr.Dropdown(
                    [("All verdicts", _ALL), *verdicts], value=_ALL, label="Verdict", min_width=140
                )
                only = [(label, kind) for kind, label in history.ONLY.items()]
                self.only = gr.Dropdown(
                    [("Everything", _ALL), *only], value=_ALL, label="Show", min_width=140
                )
            self.list = gr.HTML(
                padding=False,
                elem_id="past-list",
                js_on_load=_SCRIPT.read_text(encoding="utf-8"),
                apply_default_css=False,
            )
            with gr.Row(elem_classes="past-row"):
                self.delete_all = gr.Button(
                    "Delete all results", size="sm", variant="stop", elem_id="past-delete-all"
                )
            with gr.Row(visible=False, elem_classes="past-row") as self.sure:
                self.question = gr.HTML(padding=False, elem_id="past-question")
                self.yes = gr.Button("Delete all", size="sm", variant="stop", elem_id="past-yes")
                self.no = gr.Button("Keep them", size="sm", elem_id="past-no")

    def _build_opened(self) -> None:
        self.number = gr.State()
        self.heard = gr.State()
        with gr.Column(visible=False, elem_id="past-opened") as self.opened:
            self.back = gr.Button("Back to the list", size="sm", elem_id="past-back")
            self.title = gr.HTML(padding=False, elem_id="past-verdict")
            self.clip = gr.Audio(
                label="Clip",
                interactive=False,
                visible=False,
                elem_id="past-clip",
                buttons=[],
                waveform_options=gr.WaveformOptions(show_recording_waveform=False),
            )
            with gr.Column() as self.parts:
                with gr.Row():
                    with gr.Column(min_width=300):
                        self.bars = gr.HTML(padding=False, elem_id="past-bars")
                    with gr.Column(min_width=300):
                        self.table = gr.Dataframe(
                            label="Confidence by genre",
                            interactive=False,
                            elem_id="past-table",
                            buttons=["copy"],
                        )
                self.timeline = gr.HTML(padding=False, elem_id="past-timeline")
            with gr.Row(elem_classes="past-row"):
                self.share = SharingSection(self._saved_results, self.number, "past")
                self.drop_audio = gr.Button(
                    "Remove the audio", size="sm", variant="stop", elem_id="past-drop-audio"
                )
                self.delete = gr.Button(
                    "Delete this result", size="sm", variant="stop", elem_id="past-delete"
                )

    def _connect(self, tab: gr.Tab, accounts: Accounts | None) -> None:
        wanted = [self.genre, self.verdict, self.only]
        page = [self.skip, self.list]
        everything = [
            self.note,
            self.overview,
            self.opened,
            self.plot,
            *wanted,
            *page,
            self.sure,
        ]
        details = [
            *(self.note, self.overview, self.opened, self.number, self.heard, self.title),
            *(self.clip, self.drop_audio, self.parts, self.bars, self.table, self.timeline),
            *self.share.outputs,
        ]
        quiet = {**events.QUIET, **events.STORAGE}

        tab.select(self._refresh, wanted, everything, **quiet)
        gr.on([c.input for c in wanted], self._filter, wanted, page, **quiet)
        clicked = self.list.select(
            self._click, [*wanted, self.skip], [self.number, *everything], **quiet
        )
        opened = clicked.success(self._open, self.number, details, **quiet)
        opened.then(None, js=_FOCUS, **events.PRIVATE)
        # With the place in front of every name, since the Listen tab has the same section.
        with self.opened:
            recommendations.build(self.heard, opened, accounts, place="past-")

        refreshed = self.back.click(self._refresh, wanted, everything, **quiet)
        refreshed.then(None, js=_FOCUS_LIST, **events.PRIVATE)
        self.drop_audio.click(self._drop_audio, self.number, [self.clip, self.drop_audio], **quiet)
        gone = self.delete.click(self._delete, self.number, None, **quiet)
        gone.then(self._refresh, wanted, everything, **quiet)

        asked = self.delete_all.click(self._ask, None, [self.sure, self.question], **quiet)
        asked.then(None, js=_FOCUS_SURE, **events.PRIVATE)
        kept = self.no.click(lambda: gr.update(visible=False), None, self.sure, **quiet)
        kept.then(None, js=_FOCUS_DELETE, **events.PRIVATE)
        emptied = self.yes.click(self._delete_all, None, None, **quiet)
        emptied.then(self._refresh, wanted, everything, **quiet)

    def _refresh(self, genre: str, verdict: str, only: str, request: gr.Request) -> tuple[Any, ...]:
        """The list from its beginning, with whatever is new; a filter that fits stays."""
        return self._overview(request, history.wanted(genre, verdict, only))

    def _overview(
        self, request: gr.Request, wanted: Filter, skip: int = 0, note: Markup = _NO_NOTE
    ) -> tuple[Any, ...]:
        person_id = self._saved_results.person(request)
        lines = self._results.summaries(person_id) if person_id is not None else []
        if is_guest(request):
            note += page.for_an_account("Gone when you leave.", "Create an account to keep them.")
        if not lines or person_id is None:
            note += history.explanation(_NOTHING)
            hidden = [gr.update(visible=False)] * 2
            filters = [gr.skip()] * 3
            return note, *hidden, "", *filters, 0, "", gr.update(visible=False)
        genres = sorted({line.genre for line in lines if line.genre}, key=display_name)
        if wanted.genre not in genres:
            wanted = replace(wanted, genre=None)
        choices = [("All genres", _ALL), *((display_name(g), g) for g in genres)]
        return (
            note,
            gr.update(visible=True),
            gr.update(visible=False),
            history.genres_over_time(lines),
            gr.update(choices=choices, value=wanted.genre or _ALL),
            gr.skip(),
            gr.skip(),
            *self._page(person_id, wanted, skip),
            gr.update(visible=False),
        )

    def _filter(self, genre: str, verdict: str, only: str, request: gr.Request) -> tuple[Any, ...]:
        person_id = self._saved_results.person(request)
        if person_id is None:
            return 0, ""
        return self._page(person_id, history.wanted(genre, verdict, only))

    def _page(self, person_id: int, wanted: Filter, skip: int = 0) -> tuple[int, str]:
        """One page of the list; the one before where deleting left none."""
        total = self._results.count(person_id, wanted)
        skip = max(min(skip, total - 1), 0) // history.PAGE * history.PAGE
        lines = self._results.summaries(person_id, wanted, skip, history.PAGE)
        return skip, history.results(lines, wanted, skip, total)

    def _click(
        self,
        genre: str,
        verdict: str,
        only: str,
        skip: int,
        request: gr.Request,
        event: gr.SelectData,
    ) -> tuple[Any, ...]:
        """Turn the page, change a result, or say which is to be opened."""
        person_id, number = self._saved_results.person(request), event.index
        wanted = history.wanted(genre, verdict, only)
        if person_id is None or not isinstance(number, int):
            return None, *self._overview(request, wanted)
        note = ""
        match event.value:
            case "open":
                return number, *[gr.skip()] * 10
            case "page":
                skip = number
            case "unshare":
                self._saved_results.take_back(request, number)
                note = TAKEN_BACK
            case "delete":
                kept = self._results.open(person_id, number)
                gone = kept is not None and self._results.delete(person_id, number)
                note = f"Deleted: {kept.summary.name}." if kept and gone else _GONE
        told = components.quiet(note) if note else _NO_NOTE
        return None, *self._overview(request, wanted, skip, told)

    def _open(self, number: int | None, request: gr.Request) -> tuple[Any, ...]:
        """A result as the Listen tab showed it."""
        person_id = self._saved_results.person(request)
        skips = [gr.skip()] * (7 + len(self.share.outputs))
        if number is None or person_id is None:
            return *[gr.skip()] * 3, None, None, *skips
        kept = self._results.open(person_id, number)
        if kept is None:
            return components.quiet(_GONE), gr.skip(), gr.update(visible=False), None, None, *skips
        url = self._saved_results.shared(request, number)
        return (
            "",
            gr.update(visible=False),
            gr.update(visible=True),
            number,
            *self._shown(person_id, kept),
            *self.share.update_for(request, url),
        )

    def _shown(self, person_id: int, kept: StoredResult) -> tuple[Any, ...]:
        prediction = as_prediction(kept.details, Classifier.load().model.catalogue.space)
        is_music = prediction.genre is not None
        summary = kept.summary
        audio = self._results.audio(person_id, summary.id) if summary.audio_bytes else None
        clip = downloads.as_file(f"clip{audio.suffix}", audio.content) if audio else None
        return (
            prediction,
            result.verdict(prediction, summary.name),
            gr.update(value=clip, visible=clip is not None),
            gr.update(visible=clip is not None),
            gr.update(visible=is_music),
            result.bars(prediction) if is_music else "",
            sentences.confidence_table(prediction) if is_music else gr.skip(),
            result.ribbon(prediction) if is_music else "",
        )

    def _drop_audio(self, number: int | None, request: gr.Request) -> tuple[Any, ...]:
        if number is not None:
            self._saved_results.drop_audio(request, number)
        return gr.update(value=None, visible=False), gr.update(visible=False)

    def _delete(self, number: int | None, request: gr.Request) -> None:
        person_id = self._saved_results.person(request)
        if person_id is not None and number is not None:
            self._results.delete(person_id, number)

    def _ask(self, request: gr.Request) -> tuple[Any, ...]:
        person_id = self._saved_results.person(request)
        count = self._results.count(person_id) if person_id is not None else 0
        results = "the one result" if count == 1 else f"all {count} results"
        question = (
            f"Delete {results} in your history, whatever the list shows now, with their audio and "
            "their links? This cannot be undone."
        )
        return gr.update(visible=True), components.quiet(question)

    def _delete_all(self, request: gr.Request) -> None:
        if (person_id := self._saved_results.person(request)) is not None:
            self._results.delete_all(person_id)
