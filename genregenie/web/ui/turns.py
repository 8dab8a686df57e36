"""Whose turn it is: people's events take turns, and nobody can fill the queue for all others.

Gradio's queue knows events alone, first come, first served. Here each belongs to somebody: a person
with an account, a guest, or, with the gate off, an address. Who has one event waiting is served
before the second of who has many; nobody has more than so many waiting, nor more than half of the
places to work in. What is drawn after a verdict waits for those who have none yet.
"""

import random
from collections import Counter
from typing import Any, Final

import gradio as gr
from fastapi import HTTPException, Request

from genregenie.web.identity import is_program, user_of
from genregenie.web.ui import events

MAX_HEAVY: Final = 10
"""So many events that analyse, draw or train may wait for one person."""

MAX_LIGHT: Final = 40
"""So many of all others; those that a page begins with are among them."""

_FULL: Final = "Many people are here just now. Please try again in a moment."
_YOURS: Final = (
    f"{MAX_HEAVY} of your clips wait already. Please try again when some of them have been heard."
)
_TOO_FAST: Final = "That was too much at once. Please try again in a moment."
_FOR_THE_PAGE: Final = "This function is for the page, not for programs."
_RETRY_AFTER_S: Final = {"retry-after": "5"}


def take_turns(blocks: gr.Blocks) -> None:
    """Have a page's queue serve people in turn; call it when the page is built."""
    turns = _Turns(blocks._queue)
    blocks._queue.push, blocks._queue.get_events = turns.push, turns.get_events


def person_of(request: Request) -> str:
    """Whose request this is."""
    user = user_of(request.scope)
    if user is not None:
        return f"person {user.id}"
    return f"address {request.client.host if request.client else ''}"


class _Turns:
    """Stands before a queue of Gradio's."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._push = queue.push
        self._luck = random.Random()  # noqa: S311 - not a secret

    async def push(self, body: Any, request: Request, username: str | None) -> Any:
        """Take an event, if its person may have one more waiting, and give it its place.

        Raises
        ------
        HTTPException
            If not.
        """
        handler = self._queue.blocks.fns.get(body.fn_index)
        if handler is not None:
            if is_program(request.scope) and handler.api_visibility != "public":
                raise HTTPException(403, _FOR_THE_PAGE)
            self._check(person_of(request), handler)
        if len(self._queue) >= events.MAX_QUEUE:
            raise HTTPException(503, _FULL, _RETRY_AFTER_S)
        answer = await self._push(body=body, request=request, username=username)
        if handler is not None and answer[0]:
            self._queue_up(handler.concurrency_id, str(answer[1]))
        return answer

    def _check(self, person: str, handler: Any) -> None:
        is_heavy = handler.concurrency_id in events.HEAVY
        waiting = sum(
            _is(event, person)
            for name, lane in self._queue.event_queue_per_concurrency_id.items()
            if (name in events.HEAVY) == is_heavy
            for event in lane.queue
        )
        if waiting >= (MAX_HEAVY if is_heavy else MAX_LIGHT):
            raise HTTPException(429, _YOURS if is_heavy else _TOO_FAST, _RETRY_AFTER_S)

    def _queue_up(self, name: str, event_id: str) -> None:
        """Put the event that came last behind others of its round: each person has one in each."""
        lane = self._queue.event_queue_per_concurrency_id[name].queue
        if not lane or lane[-1]._id != event_id:
            return  # it was cancelled at once
        event = lane.pop()
        person = person_of(event.request)
        rounds = [other.turn for other in lane]
        own = [r for r, other in zip(rounds, lane, strict=True) if _is(other, person)]
        event.turn = max(own) + 1 if own else min(rounds, default=0)
        place = next((i for i, r in enumerate(rounds) if r > event.turn), len(lane))
        lane.insert(place, event)

    def get_events(self) -> tuple[list[Any], bool, str] | None:
        """The next to be served, of any lane; none works in batches here."""
        running = [event for job in self._queue.active_jobs if job for event in job]
        in_all = Counter(person_of(event.request) for event in running)
        most_in_all = _half(len(self._queue.active_jobs))
        lanes = list(self._queue.event_queue_per_concurrency_id.items())
        self._luck.shuffle(lanes)  # as Gradio does, with what nobody else draws from
        lanes.sort(key=lambda named: named[0] == events.AFTERWARDS["concurrency_id"])
        verdicts_wait = False
        for name, lane in lanes:
            limit = lane.concurrency_limit
            is_full = limit is not None and lane.current_concurrency >= limit
            is_for_verdicts = name == events.ANALYSIS["concurrency_id"]
            if not lane.queue or (is_full and not is_for_verdicts):
                continue
            if name == events.AFTERWARDS["concurrency_id"] and verdicts_wait:
                continue
            here = Counter(person_of(e.request) for e in running if e.concurrency_id == name)
            most = most_in_all if limit is None else _half(limit)
            for event in lane.queue:
                person = person_of(event.request)
                if here[person] < most and in_all[person] < most_in_all:
                    if is_full:
                        verdicts_wait = True
                        break
                    lane.queue.remove(event)
                    return [event], False, name
        return None


def _half(places: int) -> int:
    return max(places // 2, 1)


def _is(event: Any, person: str) -> bool:
    return person_of(event.request) == person
