"""What the server keeps of a page: as long as it is open and a while longer, and little of it.

Gradio copies the description of the whole page for each one that is opened, for links into the
middle of a page, which there are none of here; and keeps ten thousand of them until the next start.
"""

import contextlib
import ctypes
import logging
import time
from copy import copy
from datetime import datetime
from typing import Any, Final

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

MAX_PAGES: Final = 2_000
"""Of more, what those had that were used the longest time ago is forgotten."""

SWEEP_EVERY_S: Final = 5.0

log = logging.getLogger("genregenie.web")


class _PageState(SessionState):
    """What handlers keep in it, without a copy of the page's description."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values: dict[int, Any] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, tuple[float, datetime]] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3_600  # Gradio's; all of the page goes before

    def __setitem__(self, key: int, value: Any) -> None:
        block = self.blocks_config.blocks.get(key)
        if isinstance(block, gr.State):
            self._state_ttl[key] = block.time_to_live, datetime.now()
            self.state_data[key] = value
        else:
            self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None:
        """Keep no description."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep no description."""


def _give_back() -> None:
    """Have the C library return memory that is free to the system; it keeps it otherwise."""
    with contextlib.suppress(OSError, AttributeError):  # only glibc's can
        ctypes.CDLL(None).malloc_trim(0)


class OpenPages(StateHolder):
    """Gradio's store of what pages have, which forgets those that were left.

    Parameters
    ----------
    kept_s : float
        So long what a page had is kept after it was left: a telephone that sleeps for a moment,
        say, is back soon.
    """

    def __init__(self, kept_s: float) -> None:
        super().__init__()
        self._kept_s = kept_s
        self._open: dict[str, int] = {}
        self._used: dict[str, float] = {}
        self._swept = 0.0

    def set_blocks(self, blocks: gr.Blocks) -> None:
        """Gradio says whose pages these are."""
        super().set_blocks(blocks)
        self.capacity = MAX_PAGES

    def opened(self, page: str) -> None:
        """A page's heartbeat begins."""
        self._open[page] = self._open.get(page, 0) + 1

    def left(self, page: str) -> None:
        """A page's heartbeat has ended."""
        self._open[page] -= 1
        if not self._open[page]:
            del self._open[page]
        self._used[page] = time.monotonic()

    def waits_in_vain(self, page: str) -> bool:
        """Whether a page that had events before has none now, nor a result to fetch."""
        queue = self.blocks._queue
        known = page in queue.pending_messages_per_session
        return known and not queue.pending_event_ids_session.get(page)

    def __getitem__(self, session_id: str) -> SessionState:
        with self.lock:
            if session_id not in self.session_data:
                self.session_data[session_id] = _PageState(self.blocks)
            state = self.session_data[session_id]
        self._used[session_id] = time.monotonic()
        self.time_last_used[session_id] = datetime.now()
        self.update(session_id)
        return state

    def delete_all_expired_state(self) -> None:
        """Forget what has run out, and pages that were left. Gradio calls it every second."""
        now = time.monotonic()
        if now - self._swept < SWEEP_EVERY_S:
            return
        self._swept = now
        try:
            super().delete_all_expired_state()
            self._forget_left(now)
        except Exception:
            # It would be the end of the task that calls this, and nobody would hear of it.
            log.exception("forgetting pages that were left failed; it will be tried again")

    def _forget_left(self, now: float) -> None:
        past = [page for page, used in [*self._used.items()] if now - used > self._kept_s]
        if past:
            busy = self._busy()
            for page in past:
                if page not in self._open and page not in busy:
                    self._forget(page)
            _give_back()

    def _busy(self) -> set[str]:
        """Pages that handlers work for, or soon will."""
        queue = self.blocks._queue
        waiting = [one.queue for one in [*queue.event_queue_per_concurrency_id.values()]]
        running = [job for job in queue.active_jobs if job is not None]
        return {event.session_hash for events in (*waiting, *running) for event in [*events]}

    def _forget(self, page: str) -> None:
        self.delete_state(page)
        with self.lock:
            self.session_data.pop(page, None)
        self.time_last_used.pop(page, None)
        self._used.pop(page, None)
        queue = self.blocks._queue
        queue.pending_messages_per_session.pop(page, None)
        queue.pending_event_ids_session.pop(page, None)
        self.blocks.pending_streams.pop(page, None)
