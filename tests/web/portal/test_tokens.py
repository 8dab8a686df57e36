"""Tokens on the account page: made with the password, shown once, revoked."""

import json
import re

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from genregenie.accounts.access_tokens import DAYS, MAX_NAME_LENGTH, SCOPES
from tests.web.servers import GOOD, NEW, Browser, NewTab, Server, let_in

pytestmark = pytest.mark.slow

PATH = "/account/tokens"
CHOSEN = {"name": "My script", "scope-classify": "on", "scope-history": "on", "days": "30"}


def status(server: Server, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{server.url}/api/v1/history", headers=headers).status_code


def made(browser: Browser, **more: str) -> httpx.Response:
    return browser.fill(PATH, page="/account", **{**CHOSEN, "current": GOOD, **more})


def test_a_token_is_made_shown_once_and_revoked(server: Server, browser: Browser) -> None:
    browser.newcomer("maker")
    answer = made(browser)
    assert answer.status_code == 200
    (token,) = re.findall(r"<code>(ggt_[^<]+)</code>", answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert status(server, token) == 200
    page = browser.show("/account").text
    assert "My script" in page
    assert token not in page
    assert "Used " in page
    number = re.search(r'name="number" value="(\d+)"', page)
    assert number
    with server.browser() as other:  # whoever else tries
        other.newcomer("meddler")
        other.fill(f"{PATH}/revoke", page="/account", number=number[1])
        assert status(server, token) == 200
    gone = browser.fill(f"{PATH}/revoke", page="/account", number=number[1])
    assert gone.headers["location"] == "/account?done=token"
    assert "That token works no more." in browser.show("/account?done=token").text
    assert status(server, token) == 401


def test_it_takes_the_password_and_a_form_of_ours(server: Server, browser: Browser) -> None:
    browser.newcomer("stranger-at-the-desk")
    wrong = made(browser, current=NEW)
    assert wrong.status_code == 401
    assert "This is not your password." in wrong.text
    assert 'value="My script"' in wrong.text
    assert made(browser, token="made up").status_code == 403
    assert not server.accounts.access_tokens.of(
        server.accounts.people.log_in("stranger-at-the-desk", GOOD)[0].id
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"name": ""}, "Give the token a name"),
        ({"name": "x" * (MAX_NAME_LENGTH + 1)}, "up to 60 characters"),
        ({"scope-classify": "", "scope-history": ""}, "Choose what the token is for."),
        ({"days": "36500"}, "Choose how long the token works."),
        ({"days": "-1"}, "Choose how long the token works."),
        ({"days": ""}, "Choose how long the token works."),
    ],
)
def test_what_is_no_token_is_told_where_it_stands(
    browser: Browser, more: dict[str, str], told: str
) -> None:
    browser.newcomer(f"n{abs(hash(told + str(more))) % 10**9}")
    answer = made(browser, **more)
    assert answer.status_code == 422
    assert told in answer.text
    assert "<details open>" in answer.text


def test_a_name_is_text(browser: Browser) -> None:
    browser.newcomer("artist")
    answer = made(browser, name="<b>'\"&amp;")
    page = browser.show("/account").text
    for html in (answer.text, page):
        assert "<b>'" not in html
        assert "&lt;b&gt;&#39;&#34;&amp;amp;" in html


def test_it_is_in_the_download_without_the_secret(browser: Browser) -> None:
    browser.newcomer("collector")
    (token,) = re.findall(r"<code>(ggt_[^<]+)</code>", made(browser).text)
    text = browser.fill("/account/data", page="/account").text
    assert token not in text
    (line,) = json.loads(text)["access_tokens"]
    assert (line["name"], line["scopes"]) == ("My script", ["classify", "history"])


def test_in_the_browser(new_tab: NewTab, server: Server) -> None:
    page = let_in(new_tab(server, 375, 800), server)
    page.goto("/account")
    page.get_by_text("Make a token").click()
    page.get_by_label("Name", exact=True).fill("A script of mine")
    expect(page.get_by_role("checkbox", name="classify")).to_be_checked()
    for scope in SCOPES[1:]:
        expect(page.get_by_role("checkbox", name=scope)).not_to_be_checked()
    page.get_by_role("checkbox", name="history").check()
    choices = page.get_by_label("Works for").locator("option").all_text_contents()
    assert choices == [f"{days} days" for days in DAYS]
    page.get_by_label("Works for").select_option("7 days")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert not Axe().run(page, "#tokens").response["violations"]
    page.locator("#token-current").fill(GOOD)
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your token “A script of mine”")
    token = page.locator("#made code").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert not Axe().run(page).response["violations"]
    assert status(server, token) == 200
    page.get_by_role("link", name="I have saved it").click()
    line = page.locator("#tokens li")
    expect(line).to_contain_text("A script of mine")
    expect(line.locator(".tag")).to_have_text(["classify", "history"])
    page.get_by_role("button", name="Revoke A script of mine").click()
    expect(page.get_by_role("status")).to_have_text("That token works no more.")
    expect(line).to_have_count(0)
    assert status(server, token) == 401
