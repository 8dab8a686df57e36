"""Clips that programs send: they have turns among each other, and leave places to the page.

The page's people wait in Gradio's queue, which knows nothing of programs. So these are listened to
at half of the workers at most. Whoever has one clip waiting comes before the second of who has
many.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Hashable, Iterator
from dataclasses import dataclass
from typing import Final

import anyio
from anyio.to_thread import run_sync

from genregenie.accounts import Accounts
from genregenie.common.errors import GenreGenieError
from genregenie.common.steps import Steps
from genregenie.inference.prediction import Prediction
from genregenie.web import analysis
from genregenie.web.config import WebConfig
from genregenie.web.lanes import Lanes
from genregenie.web.workers import Workers

Hear = Callable[[analysis.Clip], Generator[float, None, Prediction]]

AT_ONCE: Final = max(analysis.WORKERS // 2, 1)
MAX_WAITING: Final = 10
"""Clips of one person that are on their way here, wait or are heard; the page has as many."""
MAX_WAITING_IN_ALL: Final = 200
PATIENCE_S: Final = 120


@dataclass(frozen=True)
class Programs:
    """What stands behind all that programs may call."""

    accounts: Accounts
    workers: Workers
    config: WebConfig
    clips: "Clips"


class TooManyWaitingError(GenreGenieError):
    """One person has as many clips waiting as one may; try again after `wait_s` seconds."""

    wait_s: Final = 5

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_WAITING} of your clips wait already. Please try again when some of them have "
            "been heard."
        )


class GoneError(GenreGenieError):
    """Whoever wanted to know has gone."""


class Clips:
    """Has them listened to. For the thread of one event loop alone.

    Parameters
    ----------
    hear : callable
        As `genregenie.web.analysis.hear`.
    """

    def __init__(self, hear: Hear = analysis.hear) -> None:
        self._hear = hear
        self._lanes = Lanes(AT_ONCE, MAX_WAITING_IN_ALL, PATIENCE_S)
        self._threads = anyio.CapacityLimiter(AT_ONCE)
        self._waiting: Counter[Hashable] = Counter()

    @contextlib.contextmanager
    def place(self, person: Hashable) -> Iterator[None]:
        """Hold a place for one clip, from before it is read.

        Raises
        ------
        TooManyWaitingError
        """
        if self._waiting[person] >= MAX_WAITING:
            raise TooManyWaitingError
        self._waiting[person] += 1
        try:
            yield
        finally:
            self._waiting[person] -= 1
            if not self._waiting[person]:
                del self._waiting[person]

    async def hear(
        self,
        person: Hashable,
        clip: analysis.Clip,
        gone: Callable[[], Awaitable[object]] = anyio.sleep_forever,
    ) -> Prediction:
        """Listen to a clip when it is its person's turn.

        Parameters
        ----------
        person : hashable
            Whose clip it is.
        clip : str, bytes or open file
        gone : callable
            Comes back when nobody wants to know any more.

        Raises
        ------
        AudioError
            If it cannot be used as audio.
        BusyError
            If it was nobody's turn for too long.
        GoneError
        """
        over = threading.Event()
        heard: list[Prediction | Exception] = []
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                await gone()
                over.set()
                group.cancel_scope.cancel()

            group.start_soon(watch)
            try:
                async with self._lanes.turn(person):
                    heard.append(await run_sync(self._listen, clip, over, limiter=self._threads))
            except Exception as error:  # noqa: BLE001 (a group would wrap it in one of its own)
                heard.append(error)
            group.cancel_scope.cancel()
        if not heard:
            raise GoneError
        if isinstance(heard[0], Exception):
            raise heard[0]
        return heard[0]

    def _listen(self, clip: analysis.Clip, over: threading.Event) -> Prediction:
        with contextlib.closing(self._hear(clip)) as hearing:
            steps = Steps(hearing)
            for _ in steps:
                if over.is_set():
                    raise GoneError
            return steps.result
