"""How much one person may upload, and what is left of uploads that come to no good end; by HTTP."""

import errno
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gradio import route_utils

from genregenie.common.limits import UploadLimits
from genregenie.web.config import WebConfig
from genregenie.web.security import upload_rate
from tests.web.security.test_isolation import API, run, somebody
from tests.web.servers import Browser, Server, Start

pytestmark = pytest.mark.slow

MB = 1 << 20


def send(person: Browser, size: int, count: int = 1) -> httpx.Response:
    files = [("files", (f"{n}.wav", bytes([n % 256]) * size)) for n in range(count)]
    return person.post(f"{API}/upload", files=files)


def halves(server: Server) -> list[Path]:
    """What lies there that nobody was given."""
    return [path for path in server.folder.glob("tmp*") if path.suffix != ".txt"]


@pytest.fixture(scope="module")
def small(start: Start) -> Server:
    limits = UploadLimits(megabytes=2, files=50, kept_megabytes=3)
    return start(WebConfig(uploads=limits))


@pytest.fixture
def ada(small: Server) -> Iterator[Browser]:
    with somebody(small) as client:
        yield client


def test_a_person_uploads_so_much_in_ten_minutes_and_in_an_hour(
    small: Server, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.time()]
    monkeypatch.setattr(upload_rate, "time", SimpleNamespace(time=lambda: now[0]))
    assert send(ada, 1 * MB).status_code == 200
    now[0] += 60
    refused = send(ada, 1 * MB)  # and what is around it
    assert refused.status_code == 429
    assert "2 MB or 50 files in 10 minutes" in refused.text
    assert 0 < int(refused.headers["retry-after"]) <= 600
    with somebody(small) as bob:
        assert send(bob, 1 * MB).status_code == 200
    now[0] += int(refused.headers["retry-after"]) + 1
    assert send(ada, 1 * MB).status_code == 200
    now[0] += 601
    refused = send(ada, 1 * MB)
    assert "3 MB in 60 minutes" in refused.text
    now[0] += 3_601
    assert send(ada, 1 * MB).status_code == 200


def test_files_are_counted_in_each_upload_and_in_all(small: Server, ada: Browser) -> None:
    assert send(ada, 10, 49).status_code == 200
    assert send(ada, 10, 1).status_code == 200
    assert send(ada, 10, 1).status_code == 429
    with somebody(small) as bob:
        refused = send(bob, 10, upload_rate.MAX_FILES_AT_ONCE + 1)
    assert refused.status_code == 413
    assert refused.json()["detail"].startswith("These are more than 300 files.")
    assert not halves(small)


def begun(server: Server, person: Browser, announced: int, sent: int) -> socket.socket:
    """An upload that has got so far."""
    mark = b"--mark\r\n"
    part = b'Content-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
    head = (
        f"POST {API}/upload HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: genregenie={person.cookies['genregenie']}\r\n"
        f"Content-Type: multipart/form-data; boundary=mark\r\nContent-Length: {announced}\r\n\r\n"
    )
    connection = socket.create_connection(("localhost", server.port))
    connection.sendall(head.encode() + (mark + part + bytes(sent))[:sent])
    return connection


def test_what_is_on_its_way_counts(small: Server, ada: Browser) -> None:
    with begun(small, ada, 2 * MB - 1000, 1000):
        for _ in range(200):
            if halves(small):
                break
            time.sleep(0.05)
        assert send(ada, 1 * MB).status_code == 429
    for _ in range(200):  # broken off, it is counted as what it was
        if send(ada, MB // 2).status_code == 200:
            break
        time.sleep(0.05)
    else:
        pytest.fail("an upload that was broken off counts for ever")


@pytest.mark.parametrize("sent", [0, 3, 80, 100_000])
def test_an_upload_that_is_broken_off_leaves_nothing_and_no_traceback(
    small: Server,
    ada: Browser,
    sent: int,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO", "genregenie.web"):
        begun(small, ada, MB, sent).close()
        for _ in range(200):
            if "broken off" in caplog.text:
                break
            time.sleep(0.05)
    assert "broken off" in caplog.text
    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())
    assert not halves(small)


def test_a_full_disk_is_a_sentence(
    small: Server, ada: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def on_a_full_disk(**options: Any) -> Any:
        file = tempfile.NamedTemporaryFile(**options)  # noqa: SIM115 - Gradio closes it
        file.write = full  # type: ignore[method-assign]
        return file

    with monkeypatch.context() as patched:
        patched.setattr(route_utils, "NamedTemporaryFile", on_a_full_disk)
        answer = send(ada, 1000)
    assert answer.status_code == 507
    assert "no room" in answer.json()["detail"]
    assert "no room on the disk: ENOSPC" in caplog.text
    assert "Traceback" not in caplog.text
    assert not halves(small)
    assert send(ada, 1000).status_code == 200


def test_a_disk_that_is_full_when_a_result_is_written_is_a_sentence(
    small: Server, ada: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("tests.web.servers.tempfile.NamedTemporaryFile", full)
        assert "no room for this on the server" in str(run(ada, "make", "words"))
    assert "Traceback" not in caplog.text
    (made,) = run(ada, "make", "words")
    assert made["size"] == len("words")
