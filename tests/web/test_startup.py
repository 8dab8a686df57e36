"""How the app starts: the port it takes, and the folder it keeps things in."""

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genregenie.common import settings
from genregenie.common.settings import SettingsError
from genregenie.web import startup
from genregenie.web.config import KEY_NAME, load_key
from genregenie.web.sockets import listen
from tests.machine import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that a program listens on; the one above it is free."""
    while True:
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except OSError:
                continue
            yield port
            return


def close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()


def test_a_free_port_is_taken_at_once_on_all_addresses() -> None:
    wanted = free_port()
    sockets, port = listen("localhost", wanted)
    try:
        assert port == wanted
        for one in sockets:
            socket.create_connection(one.getsockname()[:2]).close()
        with pytest.raises(SettingsError, match=f"Port {wanted} is taken"):
            listen("127.0.0.1", wanted)
    finally:
        close(sockets)
    close(listen("127.0.0.1", wanted)[0])  # and given back


def test_a_port_that_was_asked_for_and_is_taken_is_a_sentence(taken: int) -> None:
    with pytest.raises(
        SettingsError, match=f"Port {taken} is taken by another program; {taken + 1} is free"
    ):
        listen("127.0.0.1", taken)


def test_the_usual_port_gives_way_to_the_next_free_one(
    taken: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settings, "USUAL_PORT", taken)
    sockets, port = listen("127.0.0.1", None)
    close(sockets)
    assert port == taken + 1
    assert f"port {taken} is taken" in caplog.text


def test_two_apps_at_once_get_a_port_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "USUAL_PORT", free_port())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: listen("127.0.0.1", None), range(8)))
    for sockets, _ in found:
        close(sockets)
    assert len({port for _, port in found}) == 8


def test_no_port_above_is_free(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genregenie.web.sockets.TRIED", 0)
    with pytest.raises(SettingsError, match=f"Port {taken} is taken, and so are those above"):
        listen("127.0.0.1", taken)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("203.0.113.1", "203.0.113.1 cannot be listened on at port"),
        ("no such host", "no such host is no name or address of this machine"),
    ],
)
def test_an_address_that_is_not_ours_is_a_sentence(host: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        listen(host, free_port())


# --- folders ---------------------------------------------------------------------------------


@pytest.fixture
def no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home in which nothing can be made, by root neither."""
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


@pytest.mark.parametrize("gate", ["on", "demo"])
def test_accounts_must_last(no_folder: None, gate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_GATE", gate)
    startup.find_data_folder()
    with pytest.raises(SettingsError, match=r"cannot be written: .*Set GENREGENIE_DATA_DIR"):
        load_key()


def test_where_nothing_must_last_a_temporary_folder_does(
    no_folder: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GENREGENIE_GATE", "off")
    monkeypatch.setenv("GENREGENIE_DATA_DIR", "")
    startup.find_data_folder()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "lost when the app stops" in record.getMessage()
    assert len(load_key()) == 64


def test_no_folder_for_uploads_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", fail)
    with pytest.raises(SettingsError, match="Set TMPDIR"):
        settings.upload_parent()


def test_a_key_of_somebody_else_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path))
    (tmp_path / KEY_NAME).mkdir()  # what may not be read, for root too
    with pytest.raises(SettingsError, match=f"{KEY_NAME} cannot be used: .*GENREGENIE_DATA_DIR"):
        load_key()


def test_two_first_starts_share_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(), range(32)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_NAME]
