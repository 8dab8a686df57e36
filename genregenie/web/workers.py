"""Blocking work off the event loop, with a bound on how much of it runs and waits."""

import functools
import math
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import anyio
from anyio.to_thread import run_sync

from genregenie.accounts.origin import Origin
from genregenie.accounts.passwords import AT_ONCE
from genregenie.web.lanes import BusyError, Lanes

# At about 25 a second on two cores these wait a quarter of a minute; more would wait in vain.
MAX_WAITING: Final = 400
PATIENCE_S: Final = 30
_LOOKING: Final = 8
_DOING: Final = 8
# Nothing that is short is worth more.
_SHORT_PATIENCE_S: Final = 5
_WRITING: Final = 2

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """Lanes of threads: few to hash passwords or write much, some to look up, some to write.

    They are apart from the threads that Gradio's handlers use, so that a rush at the door does not
    stop the music inside, and from each other: who looks at a page waits for nobody who writes.
    """

    def __init__(self) -> None:
        self._hashing = Lanes(AT_ONCE, MAX_WAITING, PATIENCE_S)
        self._looking = anyio.CapacityLimiter(_LOOKING)
        self._doing = anyio.CapacityLimiter(_DOING)
        self._threads = anyio.CapacityLimiter(math.inf)
        self._writing = anyio.CapacityLimiter(_WRITING)

    async def hashing(
        self, origin: Origin, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run what hashes a password; at most two at a time, and all origins in turn.

        Raises
        ------
        BusyError
            If too many wait already.
        """
        async with self._hashing.turn(origin.lane, known=origin.known):
            return await self._run(functools.partial(work, *args, **kwargs))

    async def look_up(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what only reads.

        Raises
        ------
        BusyError
            If there is no thread for it in a while.
        """
        return await self._shortly(self._looking, functools.partial(work, *args, **kwargs))

    async def quick(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a short write, or other short work.

        Raises
        ------
        BusyError
            If there is no thread for it in a while.
        """
        return await self._shortly(self._doing, functools.partial(work, *args, **kwargs))

    async def writing(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what reads and writes very much; at most two at a time."""
        return await run_sync(functools.partial(work, *args, **kwargs), limiter=self._writing)

    async def _shortly(self, lane: anyio.CapacityLimiter, work: Callable[[], T]) -> T:
        turn = object()
        with anyio.move_on_after(_SHORT_PATIENCE_S) as patience:
            await lane.acquire_on_behalf_of(turn)
        if patience.cancelled_caught:
            raise BusyError
        try:
            return await self._run(work)
        finally:
            lane.release_on_behalf_of(turn)

    async def _run(self, work: Callable[[], T]) -> T:
        return await run_sync(work, limiter=self._threads)
