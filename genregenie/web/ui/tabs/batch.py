"""The Many clips tab: a table that fills row by row, a summary, and a CSV to take away."""

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import PurePosixPath
from typing import Any, Final

import gradio as gr
import pandas as pd

from genregenie.accounts.errors import GuestLimitError
from genregenie.audio import AudioError, format_duration
from genregenie.common.formatting import csv_bytes
from genregenie.common.genres import display_name, ranked
from genregenie.common.steps import Steps
from genregenie.inference.prediction import Prediction
from genregenie.storage.database import DatabaseError
from genregenie.web import analysis, uploads
from genregenie.web.guests import Admit
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import downloads, events
from genregenie.web.views import components

COLUMNS: Final = ("Clip", "Genre", "Sure (%)", "Verdict", "Then", "Length", "Remark")

_INVITATION: Final = "Drop several files, or a zip archive of them."


def build(saved_results: SavedResults | None, admit: Admit) -> None:
    """Put the tab's contents into the Blocks under construction.

    `saved_results` keep results, and `admit` counts what guests bring.
    """

    def run(paths: list[str] | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        def keep(name: str | None, prediction: Prediction) -> None:
            # The table fills all the same when the accounts are out of reach.
            with contextlib.suppress(DatabaseError):
                if saved_results is not None:
                    saved_results.keep(request, name, prediction)

        yield from listen_to_all(paths, keep, lambda: admit(request))

    files = gr.File(
        label="Audio files, or a zip archive of them",
        file_count="multiple",
        type="filepath",
        elem_id="many-files",
        height=220,
    )
    progress = gr.HTML(components.quiet(_INVITATION), elem_id="many-progress", padding=False)
    with gr.Row():
        stop = gr.Button("Stop", visible=False, variant="stop", elem_id="many-stop")
        download = gr.DownloadButton("Save as CSV", visible=False, elem_id="many-csv")
    summary = gr.HTML(elem_id="many-summary", padding=False, visible=False)
    table = gr.Dataframe(
        headers=list(COLUMNS), interactive=False, visible=False, wrap=True, elem_id="many-table"
    )
    running = files.upload(
        run,
        files,
        [progress, table, summary, download, stop],
        **events.QUIET,
        **events.ANALYSIS,
    )
    stop.click(
        lambda: (components.quiet("Stopped."), gr.update(visible=False)),
        None,
        [progress, stop],
        cancels=running,
        **events.PRIVATE,
    )
    files.clear(
        lambda: (components.quiet(_INVITATION), *[gr.update(visible=False)] * 4),
        None,
        [progress, table, summary, download, stop],
        cancels=running,
        **events.PRIVATE,
    )


def listen_to_all(
    paths: list[str] | None,
    keep: Callable[[str | None, Prediction], Any] | None = None,
    admit: Callable[[], None] | None = None,
) -> Iterator[tuple[Any, ...]]:
    """Progress, table, summary, CSV and stop button, after each clip.

    `admit` may refuse one by a `GuestLimitError` before it is listened to, `keep` keep what was
    found.
    """
    rows: list[list[Any]] = []
    found: Counter[str] = Counter()
    total = uploads.count(paths or [])
    for clip in uploads.clips(paths or []):
        result = yield from _judged(clip, admit)
        rows.append(row(clip.name, result))
        if keep is not None and isinstance(result, Prediction):
            keep(PurePosixPath(clip.name).stem, result)
        if isinstance(result, Prediction) and result.genre is not None:
            found[result.genre] += 1
        yield (
            components.quiet(f"Listened to {len(rows)} of {total}."),
            gr.update(value=pd.DataFrame(rows, columns=list(COLUMNS)), visible=True),
            gr.update(value=_summary(found), visible=bool(found)),
            gr.skip(),
            gr.update(visible=True),
        )
    failed = sum(1 for r in rows if r[3] == "failed")
    csv = downloads.as_file("genregenie.csv", csv_bytes(COLUMNS, rows))
    told = f"Listened to all {len(rows)}." + (f" {failed} could not be used." if failed else "")
    yield (
        components.quiet(told),
        gr.skip(),
        gr.skip(),
        gr.update(value=csv, visible=True),
        gr.update(visible=False),
    )


def row(name: str, result: Prediction | AudioError) -> list[Any]:
    """A line of the table, in the order of `COLUMNS`."""
    if isinstance(result, AudioError):
        return [name, "", None, "failed", "", "", str(result)]
    length = format_duration(result.duration_s)
    if result.genre is None:
        remark = "Silence" if result.is_silent else "Speech, tones or noise?"
        return [name, "", None, result.verdict, "", length, remark]
    remarks = ["heard in part"] if result.is_partial else []
    if result.quality != "full":
        remarks.append(f"too {result.quality} to be sure")
    remark = ", ".join(remarks)
    sure = round(100 * result.confidence, 1)
    best, second = (display_name(genre) for genre, _ in ranked(result.confidences)[:2])
    return [name, best, sure, result.verdict, second, length, remark]


def _judged(
    clip: uploads.Clip, admit: Callable[[], None] | None
) -> Generator[tuple[Any, ...], None, Prediction | AudioError]:
    """The answer for a clip; the table as it is while that takes its time, so Stop is heard."""
    if isinstance(clip.content, AudioError):
        return clip.content
    try:
        if admit is not None:
            admit()
    except GuestLimitError as error:
        return AudioError(str(error))
    content = clip.content if isinstance(clip.content, bytes) else str(clip.content)
    with contextlib.closing(analysis.hear(content)) as working:
        steps = Steps(working)
        try:
            for _ in steps:
                yield *[gr.skip()] * 4, gr.update(visible=True)
        except AudioError as error:
            return error
        return steps.result


def _summary(found: Counter[str]) -> str:
    most = max(found.values(), default=1)
    items = [(genre, n / most, str(n)) for genre, n in found.most_common()]
    return components.section("What is in it", components.bar_list(items))
