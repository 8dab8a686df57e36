"""The Listen tab: music goes in, from a microphone or a file, and what is made of it comes out.

One of these is on the page at a time, and the style sheet goes by what ``#verdict`` says it is: the
start (a button, a place to drop files, examples), a microphone that listens, work on a file, a
result, an error.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from genregenie.accounts import Accounts
from genregenie.accounts.errors import GuestLimitError
from genregenie.audio import AudioError
from genregenie.audio.about import About
from genregenie.common.formatting import csv_bytes
from genregenie.common.steps import Steps
from genregenie.inference.prediction import Prediction, record
from genregenie.web import analysis
from genregenie.web.guests import Admit
from genregenie.web.images.share_card import share_card
from genregenie.web.images.sheet import SIZES
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import downloads, events
from genregenie.web.ui.examples import EXAMPLES
from genregenie.web.ui.sections import feedback, recommendations
from genregenie.web.ui.sections.saving import SavingSection
from genregenie.web.ui.sections.sharing import LinkSection, PictureMenu, ToPost
from genregenie.web.ui.tabs import live
from genregenie.web.views import page, result, sentences

_SAVED: Final = {"csv": "Table (CSV)", "json": "Details (JSON)"}
_RECORDED: Final = "Recording"


@dataclass(frozen=True)
class Source:
    """What is listened to.

    Attributes
    ----------
    path : str
    name : str
        What people call it.
    is_new : bool
        It has not been heard before: a recording was, while it was made.
    """

    path: str
    name: str
    is_new: bool = True

    @classmethod
    def of(cls, path: str) -> "Source":
        """A file."""
        stem = Path(path).stem
        return cls(path, _RECORDED if stem == downloads.RECORDING else stem)


def build(accounts: Accounts | None, saved_results: SavedResults | None, admit: Admit) -> None:
    """Put the tab's contents into the Blocks under construction.

    `accounts` keep opinions, `saved_results` results, and `admit` counts what guests bring.
    """
    with gr.Column(elem_id="listen"):
        gr.Button("Tap and play some music", elem_id="listen-button", variant="primary").click(
            None, js="() => genregenie.toggle()", **events.PRIVATE
        )
        mic, recording, words, picture_now = live.build(admit)
        with gr.Column(elem_id="pick"):
            clip = gr.Audio(
                label="Clip",
                show_label=False,
                sources=["upload"],
                type="filepath",
                # Not decoded in the browser: it is on its way to the server.
                waveform_options=gr.WaveformOptions(show_recording_waveform=False),
                elem_id="clip",
            )
            examples = _build_examples()
        stop = gr.Button("Cancel", size="sm", variant="stop", elem_id="cancel")
        with gr.Row(elem_id="again"):
            gr.Button("Listen again", size="sm", elem_id="listen-again").click(
                None, js="() => genregenie.toggle()", **events.PRIVATE
            )
            another = gr.Button("Another song", size="sm", elem_id="another")
        verdict = gr.HTML(result.start(), elem_id="verdict", padding=False)
        heard, path, about, number = gr.State(), gr.State(), gr.State(), gr.State()
        with gr.Row(elem_id="after-verdict"):
            question = feedback.build()
            with gr.Row(elem_id="take"):
                share = PictureMenu("Share")
                link = None
                if saved_results is not None:
                    with share.frame, gr.Row(elem_classes="past-row"):
                        link = LinkSection(saved_results, number, "keep", about)
                with gr.Accordion("Save", open=False, elem_id="save-menu", elem_classes="gg-menu"):
                    saved = [
                        gr.DownloadButton(label, size="sm", elem_id=f"save-{kind}")
                        for kind, label in _SAVED.items()
                    ]
        with gr.Column(visible=False, elem_id="result") as details:
            player = gr.Audio(
                label="Clip",
                show_label=False,
                interactive=False,
                buttons=[],
                # A plain player: a waveform is the whole clip decoded again, in the browser.
                waveform_options=gr.WaveformOptions(show_recording_waveform=False),
                elem_id="player",
            )
            ribbon = gr.HTML(elem_id="timeline", padding=False)
            saving = SavingSection(saved_results, number)
            with gr.Row(elem_id="sure-and-alike"):
                with gr.Column(min_width=300):
                    table = gr.Dataframe(
                        label="How sure, genre by genre",
                        interactive=False,
                        elem_id="table",
                        buttons=["copy"],
                        max_height=600,
                    )
                with gr.Column(min_width=300):
                    neighbours = recommendations.neighbours_html()
            suggestions = recommendations.Section(accounts, neighbours)
            with gr.Accordion("More about the sound", open=False, elem_id="more"):
                why = gr.HTML(elem_id="why", padding=False)
                picture = gr.HTML(elem_id="picture", padding=False)

        shown = [heard, path, about, verdict, details, player, ribbon, table, why]
        empty = [clip, recording, words, picture_now, question[0]]
        listened = gr.on(
            [clip.upload, mic.stop_recording, *(button.click for button in examples)],
            listen_for(admit, {button._id: e.path for button, e in examples.items()}),
            [clip, recording],
            [*shown, *empty],
            **events.PRIVATE,
            trigger_mode="always_last",
            show_progress="minimal",
            show_progress_on=verdict,
            **events.ANALYSIS,
        )
        listened.then(share.empty, None, share.outputs, **events.QUIET)
        share.connect(to_post, [heard, path, about])
        # What takes a moment longer, or is for later, does not keep the verdict waiting.
        listened.then(
            picture_and_files,
            [path, heard],
            [picture, *saved],
            **events.QUIET,
            trigger_mode="always_last",
            **events.ANALYSIS,
        )
        feedback.connect(question, heard, listened, accounts)
        gr.on(
            [stop.click, another.click],
            reset,
            None,
            [*shown, *empty],
            cancels=listened,
            **events.QUIET,
        )
        saving.after(listened, path, heard, about, _name, link)
        suggestions.connect(heard, listened)
    _build_endpoint(admit)
    recommendations.build_endpoint(accounts, admit)


def _build_examples() -> dict[gr.Button, Any]:
    gr.HTML(page.examples_title(), elem_id="examples-title", padding=False)
    found = {}
    with gr.Row(elem_id="examples-row"):
        for example in EXAMPLES:
            label = f"{example.name}\n{example.caption}"
            found[gr.Button(label, size="sm", variant="secondary")] = example
    return found


def _build_endpoint(admit: Admit) -> None:
    """The same for programs: a file in, an object out."""

    def classify_for(path: str, request: gr.Request) -> dict[str, Any]:
        admit(request)
        return classify(path)

    file = gr.File(visible=False)
    answer = gr.JSON(visible=False)
    gr.Button(visible=False).click(
        classify_for, file, answer, api_name="classify", **events.ANALYSIS
    )


def listen_for(admit: Admit, examples: dict[int, Path]) -> Callable[..., Any]:
    """What listens to whatever was chosen: an example, a file, a recording that has ended.

    `admit` counts what guests bring, `examples` are the clips by the numbers of their buttons.
    """

    def listen_to(
        clip: str | None,
        recording: live.Recording | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> Iterator[tuple[Any, ...]]:
        chosen = event.target
        if chosen is not None and chosen._id in examples:
            source: Source | None = Source.of(str(examples[chosen._id]))
        elif isinstance(chosen, gr.Audio) and chosen.streaming:
            path = live.kept(recording)
            source = Source(path, _RECORDED, is_new=False) if path else None
        else:
            source = Source.of(clip) if clip is not None else None
        if source is None:  # a recording that was given up before it began
            yield *_as_it_is(), *_emptied()
            return
        emptied = _emptied()
        try:
            if source.is_new:
                admit(request)
        except GuestLimitError as error:
            told = result.failure(str(error), "No more as a guest") + page.for_an_account()
            yield None, None, None, told, *_nothing(), *emptied
            return
        for shown in listen(source):
            yield *shown, *emptied
            emptied = tuple(gr.skip() for _ in emptied)

    return listen_to


def listen(source: Source) -> Iterator[tuple[Any, ...]]:
    """The prediction, its clip, what that says of itself, and what the tab shows of all this.

    What takes long tells how far it is; between two such lines it can be cancelled.
    """
    try:
        about, prediction = yield from _hear(source)
    except AudioError as error:
        yield None, None, None, result.failure(str(error)), *_nothing()
        return
    verdict = result.verdict(prediction, source.name, about)
    # The verdict alone first: a browser takes its time over tables and plots.
    yield prediction, source.path, about, verdict, *_nothing()
    if prediction.genre is not None:
        yield (
            *[gr.skip()] * 4,
            gr.update(visible=True),
            source.path,
            result.ribbon(prediction),
            result.table(prediction),
            result.why(prediction),
        )


def _hear(source: Source) -> Generator[tuple[Any, ...], None, tuple[About, Prediction]]:
    about, told = About(), -1.0
    # Closed with this generator, which is what Cancel does: that ends the work.
    with contextlib.closing(analysis.listen(source.path)) as working:
        steps = Steps(working)
        for step in steps:
            if isinstance(step, About):
                about = step
            elif step > told:
                told = step
                working_on = result.working(source.name, about, told)
                yield None, None, None, working_on, *_nothing()
            else:
                yield _as_it_is()
        return about, steps.result


def reset() -> tuple[Any, ...]:
    """An empty tab."""
    return None, None, None, result.start(), *_nothing(), *_emptied()


def picture_and_files(path: str | None, prediction: Prediction | None) -> tuple[Any, ...]:
    """The picture of the sound, and the files to save: table, details."""
    if path is None or prediction is None or prediction.genre is None:
        return "", *[gr.update(value=None)] * len(_SAVED)
    try:
        shown = result.picture(*analysis.picture(path))
    except AudioError:  # it was heard, so the rest is worth keeping
        shown = Markup("")
    table = sentences.confidence_table(prediction)
    contents: dict[str, bytes | str] = {
        "genregenie.csv": csv_bytes(list(table.columns), table.to_numpy().tolist()),
        "genregenie.json": downloads.as_json(record(Path(path).name, prediction)),
    }
    files = [downloads.as_file(name, content) for name, content in contents.items()]
    return shown, *files


def to_post(prediction: Prediction | None, path: str | None, about: About | None) -> ToPost | None:
    """A result as pictures to post, with the cover that its file brought along."""
    if prediction is None or path is None or about is None or prediction.genre is None:
        return None
    title = about.title or _name(path)
    artist = about.artist if about.title else None
    return ToPost(
        sentences.words_to_share(prediction, title),
        {shape: share_card(prediction, title, artist, about.cover, shape) for shape in SIZES},
    )


def classify(path: str) -> dict[str, Any]:
    """Name the genre of an audio file: the object that ``genregenie classify --json`` prints."""
    try:
        return record(Path(path).name, analysis.predict(path))
    except AudioError as error:
        return record(Path(path).name, error)


def _name(path: str) -> str | None:
    """What a file is called, unless it is a recording."""
    stem = Path(path).stem
    return stem if stem != downloads.RECORDING else None


def _nothing() -> tuple[Any, ...]:
    return gr.update(visible=False), None, "", gr.skip(), ""


def _as_it_is() -> tuple[Any, ...]:
    return tuple([gr.skip()] * 9)


def _emptied() -> tuple[Any, ...]:
    """The place to drop files and the microphone as they were, and no question."""
    return None, None, "", "", gr.update(visible=False)
