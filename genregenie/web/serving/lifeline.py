"""What a process that serves holds on to: it says that it is alive, and ends when let go.

A pair of sockets: one end is with the process that looks after it. Either sees by the other's end
being closed that the other has gone, however that happened.
"""

import contextlib
import socket
import time
from typing import Final

BEAT_EVERY_S: Final = 1.0


class Lifeline:
    """The end that the process has which serves.

    Parameters
    ----------
    end : socket
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._end.setblocking(False)
        self._beat = 0.0

    def holds(self) -> bool:
        """Say that this process is alive, and see whether anybody wants to know."""
        now = time.monotonic()
        if now - self._beat < BEAT_EVERY_S:
            return True
        self._beat = now
        # When nobody has listened for long, there is no room for one more.
        with contextlib.suppress(BlockingIOError):
            try:
                self._end.send(b".")
                return self._end.recv(1) != b""
            except (ConnectionError, BrokenPipeError):
                return False
        return True
