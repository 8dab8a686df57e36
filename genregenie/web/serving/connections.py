"""Connections that cannot crowd others out: each has its time, and each address its share.

uvicorn closes a connection that is idle after an answer (``timeout_keep_alive``). It has no limit
for a request that never comes to an end, none for an address, and its ``limit_concurrency`` is a
503 for everybody while those who fill the server stay. So the protocol is watched here, around
uvicorn's own. What waits for a request's head, for its body, or for somebody to read the answer is
cut off when that takes too long; where there is no more room, whoever has waited longest without a
request makes it.
"""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from genregenie.web.addresses import network_of
from genregenie.web.serving import metrics
from genregenie.web.serving.descriptors import Room

HEAD_S: Final = 20.0
"""So long a request's head may take, from the connection or from its own first byte."""

PACE_S: Final = 20.0
"""So often a body's pace is looked at."""

MIN_PACE: Final = 500
"""Bytes a second that a body has to bring, on average over `PACE_S`: less than any telephone's."""

READ_S: Final = 60.0
"""So long nobody has to read anything of an answer."""

KEEP_ALIVE_S: Final = 10
"""So long a connection stays open after an answer, for the next request."""

_FULL: Final = "Many people are here at the moment. Please try again in 10 seconds.\n"
_REFUSAL: Final = (
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n"
    f"content-length: {len(_FULL)}\r\nretry-after: 10\r\nconnection: close\r\n\r\n{_FULL}"
).encode()

log = logging.getLogger("genregenie.web.connections")


class Connections:
    """All connections of a server, by where they come from.

    Parameters
    ----------
    room : Room
        How many there may be.
    proxies : sequence of str
        Networks whose word on clients' addresses counts. What comes from there is many people's and
        counts in all, but not as an address; `Shares` counts the people behind.
    """

    def __init__(self, room: Room, proxies: Sequence[str] = ()) -> None:
        self._room = room
        self._proxies = [ipaddress.ip_network(proxy) for proxy in proxies]
        # In the order they began.
        self._open: dict[str, dict[Connection, None]] = {}
        self._number = 0
        self.turned_away: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many there are."""
        return self._number

    def protocol(self, **given: Any) -> "Connection":
        """What uvicorn makes a protocol with, for each connection."""
        return Connection(self, **given)

    def admit(self, newcomer: "Connection") -> bool:
        """Whether there is room for one more, which is then counted.

        Where there is none, the oldest without a request is cut off for it: one of the same
        address, or of the address that has most.
        """
        origin = newcomer.origin
        here = self._open.get(origin, {})
        if origin and len(here) >= self._room.an_address and not self._make_room(here):
            return self._turn_away("address")
        if len(self) >= self._room.most and not self._make_room_anywhere():
            return self._turn_away("all")
        self._open.setdefault(origin, {})[newcomer] = None
        self._number += 1
        return True

    def leave(self, one: "Connection") -> None:
        """Count a connection no more."""
        here = self._open.get(one.origin, {})
        if one in here:
            del here[one]
            self._number -= 1
            if not here:
                del self._open[one.origin]

    def count_as(self, address: str) -> str:
        """The address that a connection counts for; empty for a proxy's."""
        network = network_of({"client": (address, 0)})
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return ""
        return "" if any(found in proxy for proxy in self._proxies) else network

    def cut_off(self, one: "Connection", why: str) -> None:
        """End a connection that has had its time."""
        self.turned_away[why] += 1
        metrics.TURNED_AWAY.labels(why).inc()
        log.warning("cut off connections: %s", why)
        one.transport.abort()
        self.leave(one)

    def _make_room_anywhere(self) -> bool:
        fullest = sorted(self._open.values(), key=len, reverse=True)
        return any(self._make_room(here) for here in fullest)

    def _make_room(self, here: "dict[Connection, None]") -> bool:
        oldest = next((one for one in here if one.is_waiting), None)
        if oldest is not None:
            self.cut_off(oldest, "made room for others")
        return oldest is not None

    def _turn_away(self, why: str) -> bool:
        self.turned_away[why] += 1
        metrics.TURNED_AWAY.labels(why).inc()
        log.warning("turned away connections: no more room (%s)", why)
        return False


class Connection(H11Protocol):
    """uvicorn's protocol, with a time for each thing that the other side has to do."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._counted = connections
        self._pace: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._waiting_for: Any = None
        self._received = 0
        self.origin = ""

    @property
    def is_waiting(self) -> bool:
        """Whether no request is in hand: none has come, or the last has been answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there is room."""
        super().connection_made(transport)
        self.origin = self._counted.count_as(self.client[0] if self.client else "")
        if self._counted.admit(self):
            self._watch()
        else:
            transport.write(_REFUSAL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self.transport.is_closing():
            return
        self._received += len(data)
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        _end(self._pace)
        _end(self._reading)
        self._unset_keepalive_if_required()
        self._counted.leave(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the other side to read."""
        super().pause_writing()
        self._reading = self._later(READ_S, self._cut_off, "nobody read the answer")

    def resume_writing(self) -> None:
        """Go on."""
        _end(self._reading)
        super().resume_writing()

    def _watch(self) -> None:
        """Set a time for what is waited for now, if that is something else than before."""
        state = self.conn.their_state
        waiting_for = state if state in (h11.IDLE, h11.SEND_BODY) else None
        if waiting_for is self._waiting_for and self._pace is not None:
            return
        _end(self._pace)
        self._pace, self._waiting_for = None, waiting_for
        if waiting_for is h11.IDLE:
            self._pace = self._later(HEAD_S, self._look_at_head)
        elif waiting_for is h11.SEND_BODY:
            self._received = 0
            self._pace = self._later(PACE_S, self._look_at_pace)

    def _look_at_head(self) -> None:
        self._pace = None
        # After an answer it is uvicorn's keep-alive that ends what is idle.
        if self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None:
            self._cut_off("a request's head took too long")

    def _look_at_pace(self) -> None:
        self._pace = None
        if self.conn.their_state is not h11.SEND_BODY:
            return
        # While we do not read, or have not said that we will, nobody can send.
        ours = self.flow.read_paused or self.cycle.waiting_for_100_continue
        if self._received < MIN_PACE * PACE_S and not ours:
            self._cut_off("a request's body took too long")
        else:
            self._received = 0
            self._pace = self._later(PACE_S, self._look_at_pace)

    def _cut_off(self, why: str) -> None:
        if not self.transport.is_closing():
            self._counted.cut_off(self, why)

    def _later(self, delay_s: float, then: Callable[..., None], *args: Any) -> asyncio.TimerHandle:
        return self.loop.call_later(delay_s, then, *args)


def _end(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
