"""Turns, shared fairly."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from genregenie.accounts.origin import Origin
from genregenie.web.lanes import BusyError, Lanes
from tests.web.servers import in_a_loop


def served(*arrivals: tuple[str, bool], most: int = 1000, at_once: int = 1) -> list[str]:
    """In which order they are served who come while somebody else is; who is not, with a dash."""
    order: list[str] = []

    async def main() -> None:
        lanes, done = Lanes(at_once, most, 60), anyio.Event()

        async def first() -> None:
            async with lanes.turn("first"):
                await done.wait()

        async def come(lane: str, known: bool) -> None:
            try:
                async with lanes.turn(lane, known):
                    order.append(lane)
                    await anyio.sleep(0)
            except BusyError:
                order.append(f"-{lane}")

        async with anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(first)
            await anyio.wait_all_tasks_blocked()
            for lane, known in arrivals:
                group.start_soon(come, lane, known)
                await anyio.wait_all_tasks_blocked()
            done.set()

    in_a_loop(main)
    return order


def test_a_flood_holds_up_an_honest_person_by_one_turn() -> None:
    order = served(*[("flood", False)] * 200, ("honest", False))
    assert order.index("honest") <= 1
    assert order.count("flood") == 200


def test_lanes_go_round() -> None:
    order = served(*[("a", False)] * 3, *[("b", False)] * 2, ("c", False))
    assert order == ["a", "b", "c", "a", "b", "a"]


def test_who_is_known_goes_every_other_turn_however_many_strangers_there_are() -> None:
    strangers = [(f"s{n}", False) for n in range(100)]
    order = served(*strangers, ("k1", True), ("k2", True), ("k1", True))
    assert order[:6] == ["k1", "s0", "k2", "s1", "k1", "s2"]
    assert len(order) == 103


def test_when_it_is_full_the_longest_lane_is_cut() -> None:
    order = served(*[("flood", False)] * 9, ("a", False), ("b", False), ("c", True), most=8)
    assert [o for o in order if not o.endswith("flood")] == ["c", "a", "b"]
    assert order.count("-flood") == 4
    assert len(order) == 12


def test_nobody_is_lost_and_no_turn_either() -> None:
    order = served(*[(f"{n % 7}", n % 3 == 0) for n in range(300)], at_once=3)
    assert len(order) == 300
    assert not [o for o in order if o.startswith("-")]


def in_a_full_house(
    then: Callable[[Lanes, anyio.Event], Awaitable[None]], patience_s: float
) -> None:
    async def main() -> None:
        lanes, done = Lanes(1, 10, patience_s), anyio.Event()

        async def first() -> None:
            async with lanes.turn("first"):
                await done.wait()

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await anyio.wait_all_tasks_blocked()
            await then(lanes, done)
        async with lanes.turn("after"):  # it is free again
            pass

    in_a_loop(main)


def test_nobody_waits_for_ever() -> None:
    async def come(lanes: Lanes, done: anyio.Event) -> None:
        with pytest.raises(BusyError, match="try again in 10 seconds"):
            async with lanes.turn("late"):
                raise AssertionError("there was no turn")
        done.set()

    in_a_full_house(come, 0.01)


def test_who_goes_away_while_waiting_leaves_no_gap() -> None:
    async def come(lanes: Lanes, done: anyio.Event) -> None:
        async def wait() -> None:
            async with lanes.turn("gone"):
                raise AssertionError("there was no turn")

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        done.set()

    in_a_full_house(come, 60)


def test_an_account_has_one_lane_on_however_many_devices() -> None:
    inside = [Origin("a", session=f"s{n}", account="Ada") for n in range(3)]
    known = [Origin("b", device=f"d{n}", account="ADA") for n in range(3)]
    assert len({origin.lane for origin in inside + known}) == 1
    assert Origin("a").lane != Origin("b").lane
    assert Origin("ada").lane != inside[0].lane
