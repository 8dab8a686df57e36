"""Clips of programs: turns, places, and what becomes of a clip that nobody waits for any more."""

import contextlib
import threading
from collections.abc import Callable, Generator

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.common.errors import AudioError
from genregenie.inference.prediction import Prediction
from genregenie.web import programs
from genregenie.web.analysis import Clip
from genregenie.web.programs import AT_ONCE, MAX_WAITING, Clips, GoneError, TooManyWaitingError
from tests.web.servers import in_a_loop
from tests.web.views.results import prediction

HEARD = prediction(jazz=0.9)


class Ear:
    """Stands in for what hears: it notes what it is given, and waits to be told to go on."""

    def __init__(self) -> None:
        self.begun: list[Clip] = []
        self.given_up: list[Clip] = []
        self.go_on = threading.Event()

    def __call__(self, clip: Clip) -> Generator[float, None, Prediction]:
        self.begun.append(clip)
        try:
            while not self.go_on.wait(0.01):
                yield 0.0
        except GeneratorExit:
            self.given_up.append(clip)
            raise
        if clip == b"noise":
            raise AudioError("This is no music.")
        return HEARD


@pytest.fixture
def ear() -> Ear:
    return Ear()


async def until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not true():
            await anyio.sleep(0.005)


def test_a_clip_is_heard_and_what_is_none_is_told(ear: Ear) -> None:
    ear.go_on.set()

    async def main() -> None:
        clips = Clips(ear)
        assert await clips.hear("Ada", b"music") is HEARD
        with pytest.raises(AudioError, match="no music"):
            await clips.hear("Ada", b"noise")
        assert await clips.hear("Ada", b"music") is HEARD

    in_a_loop(main)


def test_who_has_one_clip_comes_before_the_last_of_who_has_many(ear: Ear) -> None:
    async def main() -> None:
        clips = Clips(ear)
        done: list[str] = []

        async def send(name: str) -> None:
            await clips.hear(name[0], name)
            done.append(name)

        async with anyio.create_task_group() as group:
            for n in range(AT_ONCE + 4):
                group.start_soon(send, f"A{n}")
            await until(lambda: len(ear.begun) == AT_ONCE)
            await anyio.sleep(0.02)  # the others wait by now
            group.start_soon(send, "B")
            await anyio.sleep(0.02)
            ear.go_on.set()
        # One of hers was next already; then it is his turn.
        assert ear.begun.index("B") <= AT_ONCE + 1

    in_a_loop(main)


def test_one_person_has_only_so_many_waiting(ear: Ear) -> None:
    clips = Clips(ear)
    with contextlib.ExitStack() as held:
        for _ in range(MAX_WAITING):
            held.enter_context(clips.place("Ada"))
        with pytest.raises(TooManyWaitingError) as told, clips.place("Ada"):
            pass
        assert told.value.wait_s > 0
        with clips.place("Bob"):
            pass
    with clips.place("Ada"):
        pass


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["enter", "leave"]), max_size=60))
def test_places_are_given_back(moves: list[str]) -> None:
    clips, held = Clips(Ear()), []
    for move in moves:
        if move == "leave" and held:
            held.pop().__exit__(None, None, None)
        elif move == "enter":
            place = clips.place("Ada")
            try:
                place.__enter__()
            except TooManyWaitingError:
                assert len(held) == MAX_WAITING
            else:
                held.append(place)
                assert len(held) <= MAX_WAITING
    while held:
        held.pop().__exit__(None, None, None)
    assert not clips._waiting


@pytest.mark.parametrize("waits", [False, True])
def test_a_clip_that_nobody_waits_for_is_given_up(ear: Ear, waits: bool) -> None:
    async def main() -> None:
        clips, gone = Clips(ear), anyio.Event()

        async def hold(n: int) -> None:
            await clips.hear("others", f"other {n}")

        async def ask() -> None:
            with pytest.raises(GoneError):
                await clips.hear("Ada", "hers", gone.wait)

        async with anyio.create_task_group() as group:
            for n in range(AT_ONCE if waits else 0):
                group.start_soon(hold, n)
            await until(lambda: len(ear.begun) == (AT_ONCE if waits else 0))
            async with anyio.create_task_group() as asking:
                asking.start_soon(ask)
                await anyio.sleep(0.02)
                if not waits:
                    await until(lambda: "hers" in ear.begun)
                gone.set()
            assert ear.given_up == ([] if waits else ["hers"])
            assert ("hers" in ear.begun) is not waits
            ear.go_on.set()
        assert await clips.hear("Ada", "another") is HEARD

    in_a_loop(main)


def test_the_page_keeps_half_of_the_workers() -> None:
    assert 0 < programs.AT_ONCE <= max(programs.analysis.WORKERS // 2, 1)
