"""Coming in and going out."""

import re

import httpx
import pytest

from genregenie.web.paths import HOME, local_target
from tests.web.servers import GOOD, NEW, Browser, Start

pytestmark = pytest.mark.slow


def test_sign_up_logs_in_and_shows_codes_once(browser: Browser) -> None:
    codes = browser.sign_up("Portal-Ada", email="ada@example.org")
    assert len(codes) == 8
    assert browser.show("/app/").status_code == 200
    account = browser.show("/account").text
    assert codes[0] not in account
    assert "ada@example.org" in account
    for path in ("/login", "/signup"):
        assert browser.show(path).headers["location"] == HOME
    browser.fill("/logout")
    answer = browser.log_in("portal-ada")
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    assert browser.show("/app/").status_code == 200


def test_sent_again_the_form_leads_in_and_makes_nobody_new(browser: Browser) -> None:
    fields = {"token": browser.token("/signup"), "username": "twice", "password": GOOD}
    assert browser.fill("/signup", **fields).status_code == 200
    again = browser.fill("/signup", **fields)
    assert (again.status_code, again.headers["location"]) == (303, HOME)
    assert browser.show("/app/").status_code == 200


def test_after_log_in_one_lands_where_one_wanted_to_go(browser: Browser) -> None:
    browser.sign_up("wanderer")
    browser.stranger()
    location = browser.show("/app/?tab=history&x=%C3%A9").headers["location"]
    page = browser.show(location)
    wanted = re.search(r'name="next" value="([^"]*)"', page.text)
    assert wanted
    answer = browser.fill(
        "/login", username="wanderer", password=GOOD, next=wanted[1].replace("&amp;", "&")
    )
    assert answer.headers["location"] == "/app/?tab=history&x=%C3%A9"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil",
        "http:evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "evil",
        "/%0d%0aset-cookie:x\r\n", "", "/login", "/logout", "/reset?x", "x" * 3000,
        "/" + "x" * 3000, "\u2215\u2215evil.example", "@evil.example",
        "/\u2028/evil", "//[", "/..//\\",
    ],
)  # fmt: skip
def test_no_redirect_leads_out(browser: Browser, target: str) -> None:
    assert local_target(target) == HOME
    answer = browser.fill("/login", username="nobody-here", password=GOOD, next=target)
    assert f'name="next" value="{HOME}"' in answer.text


@pytest.mark.parametrize(("name", "password"), [("teller", NEW), ("nobody-at-all", GOOD)])
def test_wrong_log_ins_look_the_same(browser: Browser, name: str, password: str) -> None:
    if name == "teller":
        browser.sign_up("teller")
        browser.stranger()
    answer = browser.log_in(name, password)
    assert answer.status_code == 401
    assert "The user name or the password is wrong." in answer.text
    stripped = re.sub(r'value="[^"]*"', "", answer.text)
    again = re.sub(r'value="[^"]*"', "", browser.log_in("some-other-name", NEW).text)
    assert stripped == again


def test_too_many_wrong_log_ins_are_told_to_wait(browser: Browser) -> None:
    for _ in range(5):
        assert browser.log_in("hasty", NEW).status_code == 401
    answer = browser.log_in("hasty", NEW)
    assert answer.status_code == 429
    assert "Please wait" in answer.text
    assert answer.headers["retry-after"]


def test_a_taken_name_is_said(browser: Browser) -> None:
    browser.sign_up("taken-name")
    browser.stranger()
    answer = browser.fill("/signup", username="TAKEN-NAME", email="", password=GOOD)
    assert answer.status_code == 422
    assert "taken" in answer.text


def test_codes_can_be_downloaded_without_javascript(browser: Browser) -> None:
    answer = browser.fill("/signup", username="downloader", email="", password=GOOD)
    token = re.search(r'name="token" value="([^"]+)"', answer.text)
    codes = re.search(r'name="codes" value="([^"]+)"', answer.text)
    assert token
    assert codes
    file = browser.fill("/signup/codes", token=token[1], codes=codes[1] + " <b>evil</b> x")
    assert "attachment" in file.headers["content-disposition"]
    assert file.headers["content-type"].startswith("text/plain")
    assert codes[1].split() == file.text.split("\n\n")[1].split()
    assert "evil" not in file.text
    assert browser.fill("/signup/codes", token="x", codes=codes[1]).status_code == 403


def test_log_out_is_a_post_and_ends_the_session_on_the_server(browser: Browser) -> None:
    browser.newcomer("leaver")
    cookie = browser.cookies["genregenie"]
    assert browser.show("/logout").status_code == 200
    assert browser.show("/app/").status_code == 200
    answer = browser.fill("/logout")
    assert answer.headers["location"] == "/login?note=logged-out"
    assert "genregenie" not in browser.cookies
    browser.cookies.set("genregenie", cookie)
    assert browser.show("/app/").status_code == 303


def test_the_session_is_new_at_each_log_in(browser: Browser) -> None:
    browser.newcomer("renewed")
    first = browser.cookies["genregenie"]
    answer = browser.fill("/login", page="/account", username="renewed", password=GOOD)
    assert answer.status_code == 303
    second = browser.cookies["genregenie"]
    assert first != second
    with httpx.Client(base_url=str(browser.base_url), cookies={"genregenie": first}) as old:
        assert old.get("/app/config").status_code == 401


def test_a_planted_session_cookie_is_not_taken_over(browser: Browser) -> None:
    browser.sign_up("fixated")
    browser.stranger()
    browser.cookies.set("genregenie", "a" * 43)
    answer = browser.log_in("fixated")
    assert "a" * 43 not in answer.headers["set-cookie"]


def test_a_rush_is_turned_away_politely(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genregenie.web.workers.AT_ONCE", 0)
    monkeypatch.setattr("genregenie.web.workers.MAX_WAITING", 0)
    running = start()
    with running.browser() as client:
        answer = client.log_in("Ada")
        assert answer.status_code == 503
        assert "Please try again in 10 seconds." in answer.text
        assert answer.headers["retry-after"] == "10"
