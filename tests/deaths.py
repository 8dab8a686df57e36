"""Files that end the process which decodes them, and the environment in which they do."""

import os
import runpy
import sys
from pathlib import Path

import av
import pytest

from tests import sounds

DEADLY = Path(__file__).with_name("deadly")
"""Holds the hook: see its ``sitecustomize.py``."""

WAYS = ("segfault", "kill", "exit")


def clip(how: str | None = None, seconds: float = 1.5) -> bytes:
    """A WAV file; one that is deadly if it says how."""
    sound = sounds.encode(sounds.tune(seconds))
    return sound + f"deadly by {how}".encode() if how else sound


def search_path() -> str:
    """A PYTHONPATH with the hook."""
    return os.pathsep.join([str(DEADLY), *filter(None, sys.path)])


def environment() -> dict[str, str]:
    """One for a process in which deadly files are deadly, and in all that it starts."""
    return os.environ | {"PYTHONPATH": search_path()}


def make_deadly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadly files are deadly in all processes that this one starts, be they forked or fresh."""
    monkeypatch.setenv("PYTHONPATH", search_path())
    monkeypatch.setattr(av, "open", av.open)  # to be put back
    runpy.run_path(str(DEADLY / "sitecustomize.py"), {"SPARED": os.getpid()})
