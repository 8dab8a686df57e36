"""The account page."""

import json
import re

import pytest

from genregenie.web.config import WebConfig
from tests.web.servers import GOOD, NEW, Browser, Server, Start

pytestmark = pytest.mark.slow


def test_the_account_page(server: Server, browser: Browser) -> None:
    browser.newcomer("keeper")
    with server.browser() as phone:
        phone.log_in("keeper")
        page = browser.show("/account").text
        assert page.count("Last seen") == 2
        other = re.search(r'name="session" value="(\d+)"', page)
        assert other
        answer = browser.fill("/account/session", page="/account", session=other[1])
        assert answer.headers["location"] == "/account?done=session"
        assert phone.show("/app/").status_code == 303


def test_it_says_how_long_what_was_heard_is_kept(
    server: Server, browser: Browser, start: Start
) -> None:
    browser.newcomer("for-ever")
    assert "is deleted after" not in browser.show("/account").text
    for days, words in ((1, "1 day,"), (90, "90 days,")):
        with start(WebConfig(keep_days=days)).browser() as other:
            other.newcomer(f"for-{days}")
            assert f"What you heard is deleted after {words}" in other.show("/account").text


def test_change_the_password(server: Server, browser: Browser) -> None:
    browser.newcomer("changer")
    with server.browser() as phone:
        phone.log_in("changer")
        wrong = browser.fill("/account/password", page="/account", current=NEW, password=NEW)
        assert wrong.status_code == 401
        assert "This is not your password." in wrong.text
        weak = browser.fill("/account/password", page="/account", current=GOOD, password="changer1")
        assert weak.status_code == 422
        before = browser.cookies["genregenie"]
        done = browser.fill("/account/password", page="/account", current=GOOD, password=NEW)
        assert done.headers["location"] == "/account?done=password"
        assert browser.cookies["genregenie"] != before
        assert "Your password is changed." in browser.show("/account?done=password").text
        assert phone.show("/app/").status_code == 303


def test_new_codes_need_the_password(browser: Browser) -> None:
    codes = browser.sign_up("coder")
    assert browser.fill("/account/codes", page="/account", current=NEW).status_code == 401
    answer = browser.fill("/account/codes", page="/account", current=GOOD)
    fresh = re.findall(r"<code>([^<]+)</code>", answer.text)
    assert len(fresh) == 8
    assert not set(fresh) & set(codes)


def test_the_address_can_be_changed(browser: Browser) -> None:
    browser.newcomer("mover")
    bad = browser.fill("/account/email", page="/account", email="nonsense", current=GOOD)
    assert bad.status_code == 422
    assert 'value="nonsense"' in bad.text
    browser.fill("/account/email", page="/account", email="new@example.org", current=GOOD)
    assert 'value="new@example.org"' in browser.show("/account").text


def test_log_out_everywhere(server: Server, browser: Browser) -> None:
    browser.newcomer("everywhere")
    with server.browser() as phone:
        phone.log_in("everywhere")
        answer = browser.fill("/account/everywhere", page="/account")
        assert answer.headers["location"] == "/login?note=everywhere"
        assert [b.show("/app/").status_code for b in (phone, browser)] == [303, 303]


def test_download_my_data(browser: Browser) -> None:
    browser.newcomer("curious")
    answer = browser.fill("/account/data", page="/account")
    assert "attachment" in answer.headers["content-disposition"]
    assert json.loads(answer.text)["account"]["user_name"] == "curious"
    assert len(answer.json()["sessions"]) == 1


def test_delete_my_account(server: Server, browser: Browser) -> None:
    browser.newcomer("goner")
    wrong = browser.fill("/account/delete", page="/account", current=NEW)
    assert wrong.status_code == 401
    answer = browser.fill("/account/delete", page="/account", current=GOOD)
    assert answer.headers["location"] == "/login?note=deleted"
    assert browser.show("/app/").status_code == 303
    assert browser.log_in("goner").status_code == 401
