"""What the Listen tab makes of a clip: one that is new, and one that is shown again."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from genregenie.accounts.errors import GuestLimitError
from genregenie.accounts.results import StoredResult
from genregenie.audio import AudioError
from genregenie.audio.about import About
from genregenie.common.formatting import csv_bytes
from genregenie.common.steps import Steps
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction, record
from genregenie.web import analysis
from genregenie.web.guests import Admit
from genregenie.web.images.share_card import share_card
from genregenie.web.images.sheet import SIZES
from genregenie.web.saved_results import SavedResults, as_prediction
from genregenie.web.ui import downloads
from genregenie.web.ui.sections.sharing import ToPost
from genregenie.web.ui.tabs import live
from genregenie.web.views import page, result, sentences

SAVED: Final = {"csv": "Table (CSV)", "json": "Details (JSON)"}
"""What can be saved of a result, as files."""

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


def listen_for(
    admit: Admit, examples: dict[int, Path], saved_results: SavedResults | None = None
) -> Callable[..., Any]:
    """What listens to whatever was chosen: an example, a file, a recording that has ended.

    `admit` counts what guests bring, `examples` are the clips by the numbers of their buttons. Any
    other button asks for the last of the `saved_results` again, as a page does that was reloaded.
    """

    def listen_to(
        clip: str | None,
        recording: live.Recording | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> Iterator[tuple[Any, ...]]:
        # An event that Gradio put off until another was over comes with the target of that one, so
        # a file that was dropped is known by being there.
        chosen = event.target
        if clip is not None:
            source: Source | None = Source.of(clip)
        elif chosen is not None and chosen._id in examples:
            source = Source.of(str(examples[chosen._id]))
        elif isinstance(chosen, gr.Button):
            last = saved_results.last(request) if saved_results is not None else None
            shown = reopened(last) if last is not None else _as_it_is()
            yield *shown, *_untouched()  # somebody may have dropped a file since
            return
        elif isinstance(chosen, gr.Audio) and chosen.streaming:
            path = live.kept(recording)
            source = Source(path, _RECORDED, is_new=False) if path else None
        else:
            source = None
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
            emptied = _untouched()

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
        skipped = tuple([gr.skip()] * 4)
        yield *skipped, *_details(prediction, source.path)


def _details(prediction: Prediction, path: str | None) -> tuple[Any, ...]:
    """The result under its card: player, ribbon, table, and what spoke for it."""
    return (
        gr.update(visible=True),
        gr.update(value=path, visible=path is not None),
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


def reopened(kept: StoredResult) -> tuple[Any, ...]:
    """A result that is kept, as it was shown but for its clip."""
    prediction = as_prediction(kept.details, Classifier.load().model.catalogue.space)
    verdict = result.verdict(prediction, kept.summary.name)
    shown = _nothing() if prediction.genre is None else _details(prediction, None)
    return prediction, None, None, verdict, *shown


def reset() -> tuple[Any, ...]:
    """An empty tab."""
    return None, None, None, result.start(), *_nothing(), *_emptied()


def picture_and_files(path: str | None, prediction: Prediction | None) -> tuple[Any, ...]:
    """The picture of the sound, and the files to save: table, details."""
    if prediction is None or prediction.genre is None:
        return "", *[gr.update(value=None)] * len(SAVED)
    shown = Markup("")
    if path is not None:
        with contextlib.suppress(AudioError):  # it was heard, so the rest is worth keeping
            shown = result.picture(*analysis.picture(path))
    table = sentences.confidence_table(prediction)
    contents: dict[str, bytes | str] = {
        "genregenie.csv": csv_bytes(list(table.columns), table.to_numpy().tolist()),
        "genregenie.json": downloads.as_json(record(Path(path or _RECORDED).name, prediction)),
    }
    files = [downloads.as_file(name, content) for name, content in contents.items()]
    return shown, *files


def to_post(prediction: Prediction | None, path: str | None, about: About | None) -> ToPost | None:
    """A result as pictures to post, with the cover that its file brought along."""
    if prediction is None or prediction.genre is None:
        return None
    about = about or About(prediction.title, prediction.artist)
    title = about.title or (name_of(path) if path is not None else None)
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


def name_of(path: str) -> str | None:
    """What a file is called, unless it is a recording."""
    stem = Path(path).stem
    return stem if stem != downloads.RECORDING else None


def _nothing() -> tuple[Any, ...]:
    return gr.update(visible=False), None, "", gr.skip(), ""


def _as_it_is() -> tuple[Any, ...]:
    return tuple([gr.skip()] * 9)


def _untouched() -> tuple[Any, ...]:
    return tuple([gr.skip()] * len(_emptied()))


def _emptied() -> tuple[Any, ...]:
    """The place to drop files and the microphone as they were, and no question."""
    return None, None, "", "", gr.update(visible=False)
