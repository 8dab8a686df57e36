"""Turns at what few can do at once, shared fairly: each lane has as many as any other.

Who comes with fifty connections waits behind those fifty, and holds up the next one by a turn. Who
is known goes every other turn, however many strangers there are.
"""

import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass, field
from typing import Final

import anyio

from genregenie.common.errors import GenreGenieError
from genregenie.common.formatting import format_pause

BUSY_WAIT_S: Final = 10
"""After so long it is worth another try."""


class BusyError(GenreGenieError):
    """More people are waiting than the machine can serve in a sensible time."""

    wait_s: Final = BUSY_WAIT_S

    def __init__(self) -> None:
        super().__init__(
            f"Many people are here at the moment. Please try again in {format_pause(BUSY_WAIT_S)}."
        )


@dataclass(eq=False)
class _Waiting:
    called: anyio.Event = field(default_factory=anyio.Event)
    granted: bool = False


_Queue = OrderedDict[Hashable, deque[_Waiting]]


class Lanes:
    """Hands out turns, in one event loop.

    Parameters
    ----------
    at_once : int
        Turns at the same time.
    most : int
        Who may wait. When it is one more, the last of the longest lane is turned away.
    patience_s : float
        How long anybody waits.
    """

    def __init__(self, at_once: int, most: int, patience_s: float) -> None:
        self._free = at_once
        self._most = most
        self._patience_s = patience_s
        self._queues: dict[bool, _Queue] = {True: OrderedDict(), False: OrderedDict()}
        self._known_next = True

    @contextlib.asynccontextmanager
    async def turn(self, lane: Hashable, known: bool = False) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as the block.

        Parameters
        ----------
        lane : hashable
            What those have in common who share one lane.
        known : bool
            Whether the lane is one of those that go first.

        Raises
        ------
        BusyError
        """
        await self._wait(lane, known)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, lane: Hashable, known: bool) -> None:
        if self._free:
            self._free -= 1
            return
        waiting = _Waiting()
        queue = self._queues[known]
        queue.setdefault(lane, deque()).append(waiting)
        self._keep_short()
        try:
            with anyio.move_on_after(self._patience_s):
                await waiting.called.wait()
        except BaseException:  # who waited is gone
            if waiting.granted:
                self._pass_on()
            raise
        finally:
            _remove(queue, lane, waiting)
        if not waiting.granted:
            raise BusyError

    def _keep_short(self) -> None:
        lanes = [(q, lane) for q in self._queues.values() for lane in q]
        if sum(len(q[lane]) for q, lane in lanes) > self._most:
            longest, lane = max(lanes, key=lambda found: len(found[0][found[1]]))
            last = longest[lane][-1]
            _remove(longest, lane, last)
            last.called.set()

    def _pass_on(self) -> None:
        for known in (self._known_next, not self._known_next):
            queue = self._queues[known]
            if queue:
                lane, waiting = queue.popitem(last=False)
                following = waiting.popleft()
                if waiting:
                    queue[lane] = waiting  # behind all others
                self._known_next = not known
                following.granted = True
                following.called.set()
                return
        self._free += 1


def _remove(queue: _Queue, lane: Hashable, waiting: _Waiting) -> None:
    if lane in queue and waiting in queue[lane]:
        queue[lane].remove(waiting)
        if not queue[lane]:
            del queue[lane]
