"""The way to Spotify's log-in."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from genregenie.web.portal import spotify
from genregenie.web.workers import Workers
from tests.web.servers import in_a_loop


def test_nobody_else_waits_while_it_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    loops = None

    def begin(_person: int | None) -> str:  # which may write to the database
        assert threading.current_thread() is not loops
        return "https://accounts.example.org/"

    monkeypatch.setattr(spotify, "shared_logins", lambda: SimpleNamespace(begin=begin))

    async def connect() -> str:
        nonlocal loops
        loops = threading.current_thread()
        portal: Any = SimpleNamespace(workers=Workers())
        request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
        return (await spotify.connect(request, portal)).headers["location"]

    assert in_a_loop(connect) == "https://accounts.example.org/"
