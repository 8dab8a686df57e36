"""Device cookies: of whom they tell what, and of whom not."""

import time
from types import SimpleNamespace

import pytest

from genregenie.web.security.devices import MAX_AGE, Devices

KEY = b"k" * 32


def test_a_browser_is_known_for_its_own_account_however_it_is_spelled() -> None:
    devices = Devices(KEY)
    value = devices.make("Ada")
    assert devices.known(value, " ADA ")
    assert devices.known(value, "Bea") is None
    assert Devices(b"x" * 32).known(value, "Ada") is None
    assert "ada" not in value.lower().split(".")


def test_each_is_told_apart() -> None:
    devices = Devices(KEY)
    assert len({devices.known(devices.make("Ada"), "Ada") for _ in range(10)}) == 10


@pytest.mark.parametrize("value", [None, "", ".", "..", "1.a.b", "x" * 128, "1e9.a.", "é"])
def test_what_others_make_up_is_nobody(value: str | None) -> None:
    assert Devices(KEY).known(value, "Ada") is None
    assert Devices(KEY).known(value, "\udcff") is None


def test_no_part_can_be_changed() -> None:
    devices = Devices(KEY)
    day, name, signature = devices.make("Ada").split(".")
    for forged in (f"{int(day) + 1}.{name}.{signature}", f"{day}.{name}x.{signature}"):
        assert devices.known(forged, "Ada") is None


def test_it_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = Devices(KEY)
    value, now = devices.make("Ada"), time.time()
    clock = SimpleNamespace(time=lambda: now + MAX_AGE.total_seconds())
    monkeypatch.setattr("genregenie.web.security.devices.time", clock)
    assert devices.known(value, "Ada")
    clock.time = lambda: now + MAX_AGE.total_seconds() + 2 * 24 * 3600
    assert devices.known(value, "Ada") is None
