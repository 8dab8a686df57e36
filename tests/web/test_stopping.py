"""What becomes of open pages, and of what is kept, when the server is stopped."""

import shutil
import signal
import sqlite3
import threading
from pathlib import Path

import httpx
import pytest

from tests.machine import free_port
from tests.web.servers import Browser
from tests.web.test_serve import started, wait_until_up

API = "/app/gradio_api"


def reads_to_its_end(browser: Browser, path: str) -> tuple[threading.Thread, list[str]]:
    """A stream that is open, and a thread that reads it; what it met is in the list at the end."""
    opened, met = threading.Event(), []

    def read() -> None:
        try:
            with browser.stream("GET", path, timeout=60) as answer:
                met.append(str(answer.status_code))
                for _ in answer.iter_lines():
                    opened.set()
        except httpx.TransportError as error:
            met.append(repr(error))
        opened.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert opened.wait(30)
    return thread, met


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_open_pages_hold_nothing_up_and_all_is_in_the_file(
    tmp_path: Path, how: signal.Signals
) -> None:
    port, log, data = free_port(), tmp_path / "log", tmp_path / "data"
    url = f"http://127.0.0.1:{port}"
    process = started(log, "app.py", GENREGENIE_DATA_DIR=str(data), GRADIO_SERVER_PORT=str(port))
    try:
        wait_until_up(process, url, log)
        with Browser(url) as ada:
            ada.sign_up("Ada")
            pages = [reads_to_its_end(ada, f"{API}/heartbeat/page{n}") for n in range(3)]
            process.send_signal(how)
            process.wait(30)
            for thread, met in pages:
                thread.join(30)
                assert met == ["200"]
    finally:
        process.kill()
        process.wait()
    text = log.read_text()
    assert "Traceback" not in text
    assert "exceeded" not in text  # nobody had to be waited for until the patience ends
    copy = tmp_path / "copy.sqlite3"
    shutil.copyfile(data / "genregenie.sqlite3", copy)
    assert not list(data.glob("*-wal"))
    with sqlite3.connect(copy) as database:
        assert database.execute("SELECT name FROM people").fetchall() == [("Ada",)]
    database.close()
