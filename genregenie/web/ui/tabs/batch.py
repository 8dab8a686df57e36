"""The Many songs tab: a bar while they are heard, then the map, what is in it, and the table.

`#many` shows one of its states, and the style sheet goes by what ``#many-progress`` says it is: the
start, songs that are being heard, what was heard; a result that is opened hides them all.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.common import playlists, resources
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.storage.database import DatabaseError
from genregenie.web.batch import Batch, hear_all
from genregenie.web.guests import Admit
from genregenie.web.saved_results import SavedResults
from genregenie.web.ui import downloads, events
from genregenie.web.ui.sections import song_map
from genregenie.web.ui.sections.opened import OpenedResult
from genregenie.web.views import batch as views

STYLE: Final = resources.static("web/ui") / "many_songs.css"

_STATE_LIVES_S: Final = 3600
"""As long as Gradio keeps the files that were dropped."""
_GROWN: Final = 1.1
"""The table is sent anew when it has grown by a tenth: for 200 songs 36 times rather than 200."""
_SAVED: Final = {"csv": "Save as CSV", "m3u8": "Playlist (M3U)", "xspf": "Playlist (XSPF)"}
_MAX_HEIGHT: Final = 40_000
"""Of the table, in pixels: the page scrolls, and nothing scrolls inside it."""
# Whoever uses the keyboard goes on from here, and afterwards where they were.
_REMEMBER: Final = """async () => {
  await new Promise(requestAnimationFrame);  // a cell gets the focus when its click has been told
  const cell = document.activeElement.closest('#many-songs [role=gridcell]');
  document.querySelector('#many').dataset.from = cell
    ? `#many-songs [data-testid="${cell.dataset.testid}"]` : '#many-map .map-song[tabindex="0"]';
}"""
_FOCUS: Final = "() => document.querySelector('#many-back')?.focus()"
_FOCUS_AGAIN: Final = """async () => {
  const { from } = document.querySelector('#many').dataset;
  for (let frame = 0; frame < 30 && !document.querySelector(from); frame++) {
    await new Promise(requestAnimationFrame);  // the table draws its rows anew
  }
  document.querySelector(from)?.focus();
}"""

Updates = dict[Any, Any]
"""New values by component; whatever is not in it stays as it is."""


def build(accounts: Accounts | None, saved_results: SavedResults | None, admit: Admit) -> None:
    """Put the tab's contents into the Blocks under construction.

    `accounts` keep opinions, `saved_results` results, and `admit` counts what guests bring.
    """
    with gr.Column(elem_id="many"):
        _ManySongs(accounts, saved_results, admit)


class _ManySongs:
    """The tab's components and handlers."""

    def __init__(
        self, accounts: Accounts | None, saved_results: SavedResults | None, admit: Admit
    ) -> None:
        self._saved_results = saved_results
        self._admit = admit
        self.batch = gr.State(time_to_live=_STATE_LIVES_S)
        self.files = gr.File(
            label="Songs, or a zip archive of them",
            show_label=False,
            file_count="multiple",
            type="filepath",
            elem_id="many-files",
            height=96,
        )
        self.progress = gr.HTML(views.start(), elem_id="many-progress", padding=False)
        stop = gr.Button("Stop", variant="stop", elem_id="many-stop")
        with gr.Row(elem_id="many-save"):
            self.saved = {
                kind: gr.DownloadButton(label, visible=False, size="sm", elem_id=f"many-{kind}")
                for kind, label in _SAVED.items()
            }
        self.map = song_map.build("many-map")
        self.table = gr.Dataframe(
            headers=list(views.COLUMNS),
            label="Songs",
            interactive=False,
            visible=False,
            wrap=True,
            buttons=["copy"],
            max_height=_MAX_HEIGHT,
            elem_id="many-songs",
        )
        self.unused = gr.HTML(elem_id="many-unused", padding=False)
        with gr.Column(visible=False, elem_id="many-opened") as self.opened:
            back = gr.Button("Back to the songs", size="sm", elem_id="many-back")
            self.result = OpenedResult("many-")

        parts = [self.progress, self.map, self.table, self.unused, *self.saved.values()]
        shown = [self.batch, self.files, self.opened, *parts]
        running = self.files.upload(self._run, self.files, shown, **events.QUIET, **events.ANALYSIS)
        stop.click(self._over, self.batch, shown, cancels=running, **events.QUIET)
        chosen = [self.table.select, self.map.select]
        gr.on(chosen, None, js=_REMEMBER, **events.PRIVATE)
        opened = gr.on(
            chosen,
            self._open,
            self.batch,
            [self.opened, *self.result.outputs],
            **events.QUIET,
        )
        opened.then(None, js=_FOCUS, **events.PRIVATE)
        with self.opened:
            self.result.recommend(opened, accounts)
        closed = back.click(lambda: gr.update(visible=False), None, self.opened, **events.QUIET)
        closed.then(None, js=_FOCUS_AGAIN, **events.PRIVATE)

    def _run(self, paths: list[str] | None, request: gr.Request) -> Iterator[Updates]:
        """Hear them all; the table fills while that takes its time."""

        def keep(name: str, prediction: Prediction) -> None:
            # The table fills all the same when the accounts are out of reach.
            with contextlib.suppress(DatabaseError):
                if self._saved_results is not None:
                    self._saved_results.keep(request, name, prediction)

        batch, told, sent = Batch(0), -1, 0
        for batch in hear_all(paths or [], keep, lambda: self._admit(request)):
            updates: Updates = {self.batch: gr.skip()}
            if told < 0:
                updates = {self.batch: batch, **self._nothing()}
            if batch.done != told:
                told = batch.done
                updates[self.progress] = views.progress(told, batch.total, batch.hearing)
            if len(batch.rows) > _GROWN * sent:
                sent = len(batch.rows)
                updates[self.table] = gr.update(value=views.table(batch.rows), visible=True)
            yield updates
        yield {self.batch: batch, **self._over(batch)}

    def _nothing(self) -> Updates:
        """What the songs before have left goes."""
        hidden = gr.update(visible=False)
        return {
            self.opened: hidden,
            self.map: "",
            self.table: hidden,
            self.unused: "",
            **dict.fromkeys(self.saved.values(), hidden),
        }

    def _over(self, batch: Batch | None) -> Updates:
        """All that is shown of what was heard, be it all or what there was until Stop."""
        batch = Batch(0) if batch is None else batch
        rows, unused = batch.rows, batch.unused
        updates = {
            self.files: None,
            self.progress: views.over(rows, unused, batch.total),
            self.map: views.overview(Classifier.load().model, rows),
            self.unused: views.could_not_be_used(unused),
        }
        if rows:
            updates[self.table] = gr.update(value=views.table(rows), visible=True)
        songs = views.playlist(rows)
        contents: dict[str, bytes | str] = {"csv": views.as_csv(rows, unused)}
        if songs:
            contents["m3u8"] = playlists.as_m3u(songs)
            contents["xspf"] = playlists.as_xspf(songs)
        for kind, content in contents.items() if batch.done else ():
            file = downloads.as_file(f"genregenie.{kind}", content)
            updates[self.saved[kind]] = gr.update(value=file, visible=True)
        return updates

    def _open(self, batch: Batch | None, event: gr.SelectData) -> Updates:
        """A result as the Listen tab shows it; what the browser says of rows is never believed."""
        number = event.index[0] if isinstance(event.index, list) and event.index else event.index
        is_number = isinstance(number, int) and not isinstance(number, bool)
        if batch is None or not is_number or not 0 <= number < len(batch.rows):
            return {self.opened: gr.update(visible=False), self.result.heard: None}
        row, clip = batch.rows[number], batch.clip(number)
        if isinstance(clip, bytes):
            suffix = PurePosixPath(row.file).suffix
            clip = Path(downloads.as_file(f"clip{suffix if suffix[1:].isalnum() else ''}", clip))
        name = PurePosixPath(row.file).stem
        path = None if clip is None else str(clip)
        return {
            self.opened: gr.update(visible=True),
            **self.result.update(batch.prediction(number), name, path),
        }
