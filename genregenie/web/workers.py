"""Blocking work off the event loop, with a bound on how much of it runs and waits."""

import functools
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import anyio
from anyio.to_thread import run_sync

from genregenie.accounts.passwords import AT_ONCE
from genregenie.common.errors import GenreGenieError

# At about 25 a second on two cores these wait some seconds; more would wait in vain.
MAX_WAITING: Final = 150
_LOOKING: Final = 8

P = ParamSpec("P")
T = TypeVar("T")


class BusyError(GenreGenieError):
    """More log-ins are waiting than the machine can serve in a sensible time."""

    def __init__(self) -> None:
        super().__init__("Many people are logging in. Please try again in a moment.")


class Workers:
    """Two lanes of threads: few for password hashing, some for quick look-ups.

    They are apart from the threads that Gradio's handlers use, so that a rush at the door does not
    stop the music inside.
    """

    def __init__(self) -> None:
        self._hashing = anyio.CapacityLimiter(AT_ONCE)
        self._looking = anyio.CapacityLimiter(_LOOKING)

    async def hashing(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what hashes a password; at most two at a time.

        Raises
        ------
        BusyError
            If too many wait already.
        """
        if self._hashing.statistics().tasks_waiting >= MAX_WAITING:
            raise BusyError
        return await run_sync(functools.partial(work, *args, **kwargs), limiter=self._hashing)

    async def quick(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a look-up or a short write."""
        return await run_sync(functools.partial(work, *args, **kwargs), limiter=self._looking)
