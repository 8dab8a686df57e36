"""The download of all that is kept of a person: large, slow, several at once; over HTTP."""

import errno
import json
import secrets
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from genregenie.accounts.results import Audio, Result
from genregenie.storage.blobs import BlobError
from genregenie.web.portal import my_data
from tests.web.servers import Browser, Server

pytestmark = pytest.mark.slow

CLIP = bytes(range(256)) * (40 << 10)  # 10 MB: more than sockets hold by themselves


@pytest.fixture
def ada(server: Server) -> Iterator[Browser]:
    with server.browser() as client:
        name = f"ada-{secrets.token_hex(4)}"
        client.newcomer(name)
        who = server.accounts.sessions.user_of(client.cookies["genregenie"])
        assert who is not None
        for n in range(2):
            number = server.accounts.results.keep(
                who.id, Result(f"{n}.mp3", "jazz", "confident", 0.7, 30.0, "{}")
            )
            assert number is not None
            server.accounts.results.keep_audio(who.id, number, Audio(CLIP, ".mp3"))
        yield client


def begin(person: Browser, token: str) -> Any:
    headers = {"sec-fetch-site": "same-origin"}
    return person.stream("POST", "/account/data", data={"token": token}, headers=headers)


def test_one_at_a_time_a_person_and_then_again(server: Server, ada: Browser) -> None:
    token = ada.token("/account")
    with server.browser() as bob:
        bob.newcomer(f"bob-{secrets.token_hex(4)}")
        with begin(ada, token) as first:
            assert first.status_code == 200
            with begin(ada, token) as second:
                assert second.status_code == 429
                assert b"being sent already" in second.read()
            with begin(bob, bob.token("/account")) as his:
                assert his.status_code == 200
            data = json.loads(first.read())
    assert [row["name"] for row in data["results"]] == ["0.mp3", "1.mp3"]
    assert "attachment" in first.headers["content-disposition"]
    for _ in range(2):  # one that is broken off is over too
        for _ in range(200):
            with begin(ada, token) as again:
                if again.status_code == 200:
                    break
        else:
            pytest.fail("a download that was broken off blocks the next")


def test_others_are_answered_while_it_is_written(
    server: Server, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    write = my_data.write_person

    def slowly(*arguments: Any) -> None:
        begun.set()
        assert may_end.wait(30)
        write(*arguments)

    monkeypatch.setattr(my_data, "write_person", slowly)
    token, answers = ada.token("/account"), []
    asking = threading.Thread(
        target=lambda: answers.append(ada.fill("/account/data", token=token).status_code)
    )
    asking.start()
    assert begun.wait(30)
    with server.browser() as bob:
        for _ in range(12):  # more than there are threads for looking things up
            bob.newcomer(f"bob-{secrets.token_hex(4)}")
            bob.stranger()
    may_end.set()
    asking.join(30)
    assert answers == [200]


def test_a_full_disk_is_a_sentence(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(my_data, "write_person", full)
        answer = ada.fill("/account/data", page="/account")
        assert answer.status_code == 507
        assert "no room" in answer.text
    assert ada.fill("/account/data", page="/account").status_code == 200


def test_audio_that_cannot_be_reached_is_a_sentence(
    server: Server, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_key: str) -> None:
        raise BlobError("The folder /srv/secret cannot be used: it is away.", "OSError")

    with monkeypatch.context() as patched:
        patched.setattr(server.accounts.blobs, "get", away)
        answer = ada.fill("/account/data", page="/account")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert "audio that people keep cannot be reached" in answer.text
    assert "secret" not in answer.text
    assert ada.fill("/account/data", page="/account").status_code == 200
