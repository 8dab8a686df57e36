"""Nobody at the door shuts out or holds up anybody else, over real HTTP.

The tests' servers believe what this machine says of where a client is.
"""

import sqlite3
import threading
from contextlib import closing

import httpx
import pytest

from genregenie.accounts.passwords import Hasher
from tests.web.servers import GOOD, NEW, Browser, Server, Start

pytestmark = pytest.mark.slow

HERE, THERE = "198.51.100.1", "203.0.113.9"


def at(browser: Browser, address: str) -> Browser:
    browser.headers["x-forwarded-for"] = address
    return browser


def shut(browser: Browser, name: str) -> None:
    for _ in range(5):
        assert browser.log_in(name, NEW).status_code == 401
    assert browser.log_in(name, NEW).status_code == 429


def test_who_fails_elsewhere_shuts_nobody_out(server: Server, browser: Browser) -> None:
    with server.browser() as attacker:
        shut(at(attacker, THERE), "besieged")
        at(browser, HERE).newcomer("besieged")
        shut(attacker, "besieged2")
        browser.stranger()
        assert browser.log_in("besieged").status_code == 303


def test_a_browser_that_was_in_before_gets_in_from_a_besieged_address(server: Server) -> None:
    with server.browser() as attacker, server.browser() as owner, server.browser() as fresh:
        owner.newcomer("neighbour")
        owner.fill("/logout")
        shut(attacker, "neighbour")
        assert fresh.log_in("neighbour").status_code == 429
        assert owner.log_in("neighbour").status_code == 303
        cookie = owner.cookies["genregenie-device"]
        fresh.cookies.set("genregenie-device", cookie)
        shut(attacker, "somebody-else")
        assert fresh.log_in("somebody-else").status_code == 429  # it opens one account's door alone


def test_the_device_cookie_is_for_the_server_alone(server: Server, browser: Browser) -> None:
    browser.sign_up("cookie-owner")
    browser.stranger()
    answer = browser.log_in("cookie-owner")
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if "-device" in c]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "cookie-owner" not in cookie
    gone = browser.fill("/account/delete", page="/account", current=GOOD)
    assert gone.headers["location"] == "/login?note=deleted"
    assert "genregenie-device" not in browser.cookies


def test_who_is_logged_in_can_change_and_delete_whatever_happens_at_the_door(
    server: Server, browser: Browser
) -> None:
    browser.newcomer("owner-inside")
    with server.browser() as attacker:
        shut(attacker, "owner-inside")
    changed = browser.fill("/account/password", page="/account", current=GOOD, password=NEW)
    assert changed.headers["location"] == "/account?done=password"
    for _ in range(5):
        wrong = browser.fill("/account/delete", page="/account", current=GOOD)
        assert wrong.status_code == 401
    bounded = browser.fill("/account/delete", page="/account", current=NEW)
    assert bounded.status_code == 429
    assert "Please wait 10 seconds" in bounded.text
    assert bounded.headers["retry-after"] == "10"
    with server.browser() as phone:
        at(phone, HERE).log_in("owner-inside", NEW)
        gone = phone.fill("/account/delete", page="/account", current=NEW)
        assert gone.headers["location"] == "/login?note=deleted"


def test_a_flood_of_log_ins_holds_up_an_honest_one_by_a_turn(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every hash waits until all have arrived; then one sees in which order they are served."""
    running = start()
    running.accounts.people.sign_up("honest", "", GOOD)
    all_there, real, order = threading.Event(), Hasher.verify, []

    def verify(self: Hasher, stored: str | None, password: str) -> bool:
        all_there.wait(60)
        order.append(password)
        return real(self, stored, password)

    monkeypatch.setattr(Hasher, "verify", verify)

    def flood(number: int) -> None:
        with running.browser() as client:
            at(client, THERE).log_in(f"nobody-{number}", NEW)

    flooders = [threading.Thread(target=flood, args=(n,)) for n in range(50)]
    for flooder in flooders:
        flooder.start()
    lanes = running.app.state.portal.workers._hashing
    while sum(map(len, lanes._queues[False].values())) < 48:
        threading.Event().wait(0.01)
    answers = []

    def honest() -> None:
        with running.browser() as client:
            answers.append(at(client, HERE).log_in("honest"))

    person = threading.Thread(target=honest)
    person.start()
    while len(lanes._queues[False]) < 2:
        threading.Event().wait(0.01)
    all_there.set()
    for thread in [*flooders, person]:
        thread.join()
    assert answers[0].status_code == 303
    assert order.index(GOOD) <= 4  # two were being served, and each lane has its turn
    assert len(order) == 51


def test_while_another_program_holds_the_database_pages_are_shown_and_writers_told(
    start: Start,
) -> None:
    running = start()
    path = running.accounts.db.url.database or ""
    with running.browser() as reader, closing(sqlite3.connect(path)) as other:
        reader.newcomer("reader")
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        fields = {"token": reader.token("/account"), "session": "999"}
        answers: list[httpx.Response] = []

        def write() -> None:
            with running.browser() as writer:
                writer.cookies.set("genregenie", reader.cookies["genregenie"])
                answers.append(writer.fill("/account/session", **fields))

        writers = [threading.Thread(target=write) for _ in range(20)]
        for writer in writers:
            writer.start()
        doing = running.app.state.portal.workers._doing
        while doing.statistics().tasks_waiting < 12:
            threading.Event().wait(0.01)
        pages = [reader.show(path).status_code for path in ("/account", "/app/config", "/login")]
        assert answers == []
        assert pages == [200, 200, 303]
        for writer in writers:
            writer.join()
        other.execute("ROLLBACK")
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"10"}
    assert all("Please try again in 10 seconds." in answer.text for answer in answers)


def test_every_refusal_says_when_to_come_back_as_its_header_does(
    server: Server, browser: Browser
) -> None:
    shut(browser, "hasty-header")
    answer = browser.log_in("hasty-header", NEW)
    assert "Please wait 10 seconds and try again." in answer.text
    assert answer.headers["retry-after"] == "10"
