"""The Admin page, and who is shown it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from genregenie.common.limits import Quotas, SignupRules
from genregenie.web.config import WebConfig
from genregenie.web.security.isolation import API
from tests.web.pages import serious_faults
from tests.web.servers import GOOD, NEW, Browser, Scheme, Server, Start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def invited(start: Start) -> Server:
    """A server that takes an invitation, and lets people upload 1 MB a day."""
    return start(
        WebConfig(quotas=Quotas(kept_mb=5, uploaded_mb=1)), signup=SignupRules("invite", 10_000)
    )


@pytest.fixture
def chief(invited: Server) -> Iterator[Browser]:
    """Somebody who looks after it."""
    if not invited.accounts.admin.count("chief"):
        invited.accounts.people.sign_up("chief", "", GOOD)
        invited.accounts.admin.promote("chief")
    with invited.browser() as browser:
        browser.log_in("chief")
        yield browser


def member(server: Server, name: str) -> int:
    return server.accounts.people.sign_up(name, f"{name}@example.org", GOOD)[0].id


def test_nobody_else_is_shown_it_in_no_way(invited: Server, chief: Browser) -> None:
    number = member(invited, "plain")
    with invited.browser() as plain, invited.browser() as nobody:
        plain.log_in("plain")
        token = plain.token("/account")
        paths = ["/admin", f"/admin/people/{number}"]
        acts = ["/admin/invitations", "/admin/invitations/revoke"]
        acts += [f"/admin/people/{number}/{what}" for what in ("sessions", "delete")]
        for path in paths:
            answer = plain.show(path)
            assert answer.status_code == 404
            assert "plain@example.org" not in answer.text
            assert nobody.show(path).status_code == 303
        for path in acts:
            for sent in (token, "forged"):
                answer = plain.fill(path, token=sent, current=GOOD, uses="1", days="1")
                assert answer.status_code == 404
                assert "No such page" in answer.text
        assert "/admin" not in plain.show("/account").text
        assert plain.show("/account").status_code == 200  # still there, and logged in
    assert 'href="/admin"' in chief.show("/account").text


def test_forms_of_other_sites_do_nothing(invited: Server, chief: Browser) -> None:
    number = member(invited, "framed")
    for path in (f"/admin/people/{number}/sessions", "/admin/invitations"):
        assert chief.fill(path, token="forged", uses="1", days="1").status_code == 403
        headers = {"sec-fetch-site": "cross-site"}
        answer = chief.fill(path, page="/admin", headers=headers, uses="1", days="1")
        assert answer.status_code == 403


def test_an_invitation_is_made_used_and_revoked(invited: Server, chief: Browser) -> None:
    with invited.browser() as newcomer:
        assert "Invitation" in newcomer.show("/signup").text
        refused = newcomer.fill("/signup", username="newcomer", password=GOOD)
        assert refused.status_code == 422
        assert "This invitation is wrong" in refused.text
        page = chief.fill("/admin/invitations", page="/admin", note="Choir", uses="2", days="3")
        code = re.search(r"<code>(\w{4}-\w{4}-\w{4}-\w{4})</code>", page.text)
        assert code
        assert "0 of 2 used" in page.text
        assert code[1] not in chief.show("/admin").text
        in_ = newcomer.fill("/signup", username="newcomer", password=GOOD, invitation=code[1])
        assert in_.status_code == 200
        assert "1 of 2 used" in chief.show("/admin").text
        number = re.search(r'name="invitation" value="(\d+)"', chief.show("/admin").text)
        assert number
        chief.fill("/admin/invitations/revoke", page="/admin", invitation=number[1])
        newcomer.stranger()
        late = newcomer.fill("/signup", username="late", password=GOOD, invitation=code[1])
        assert late.status_code == 422
    for uses in ("0", "x", "99999999999", ""):
        wrong = chief.fill("/admin/invitations", page="/admin", uses=uses, days="3")
        assert wrong.status_code == 422
        assert "1 to 10000 accounts" in wrong.text
    text = chief.show("/admin").text
    assert "revoked an invitation" in text
    assert "Choir" in text


def test_people_are_found_logged_out_and_deleted(invited: Server, chief: Browser) -> None:
    number = member(invited, "goner")
    with invited.browser() as goner:
        goner.log_in("goner")
        found = chief.show("/admin?q=GONER")
        assert found.text.count("/admin/people/") == 1
        assert "1 device<" in found.text
        page = f"/admin/people/{number}"
        assert "goner@example.org" in chief.show(page).text
        done = chief.fill(f"{page}/sessions", page=page)
        assert done.headers["location"] == "/admin?done=sessions"
        assert "All their sessions are ended." in chief.show("/admin?done=sessions").text
        assert goner.show("/app/").status_code == 303
        wrong = chief.fill(f"{page}/delete", page=page, current=NEW)
        assert wrong.status_code == 401
        assert "This is not your password." in wrong.text
        gone = chief.fill(f"{page}/delete", page=page, current=GOOD)
        assert gone.headers["location"] == "/admin?done=deleted"
        assert goner.log_in("goner").status_code == 401
    assert chief.show(page).status_code == 404
    for odd in ("999999999999999999999", "0", "x", "-1"):
        assert chief.show(f"/admin/people/{odd}").status_code == 404
    lines = re.sub(r"<[^>]+>|\s+", " ", chief.show("/admin").text)
    assert re.search(r"chief +deleted goner", lines)


def test_who_looks_after_it_is_not_deleted_from_here(invited: Server, chief: Browser) -> None:
    own = invited.accounts.admin.people("chief")[0].id
    page = f"/admin/people/{own}"
    assert "users demote chief" in chief.show(page).text
    answer = chief.fill(f"{page}/delete", page="/admin", current=GOOD)
    assert answer.status_code == 422
    assert "looks after this server" in answer.text


def test_more_people_than_a_page_has_are_leafed_through(
    invited: Server, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genregenie.web.portal.admin.PAGE", 2)
    for number in range(5):
        member(invited, f"many-{number}")
    seen, page = [], "/admin?q=many-"
    while page:
        text = chief.show(page).text
        seen += re.findall(r"<strong>(many-\d)</strong>", text)
        after = re.search(r'href="([^"]*)">Those after', text)
        page = after[1].replace("&amp;", "&") if after else ""
    assert seen == [f"many-{n}" for n in range(5)]
    assert "Those before" in text


def test_hostile_text_is_text(invited: Server, chief: Browser) -> None:
    hostile = "<script>alert(1)</script>\0'\"%"
    chief.fill("/admin/invitations", page="/admin", note=hostile, uses="1", days="1")
    shown = chief.get("/admin", params={"q": hostile}, headers={"accept": "text/html"})
    assert shown.status_code == 200
    assert "<script>alert" not in shown.text


def test_uploads_have_a_quota_that_the_account_page_shows(invited: Server) -> None:
    member(invited, "uploader")
    with invited.browser() as client:
        client.log_in("uploader")

        def upload(size: int):
            return client.post(f"{API}/upload", files={"files": ("a.mp3", b"x" * size)})

        assert upload(700 << 10).status_code == 200
        refused = upload(400 << 10)
        assert refused.status_code == 429
        assert refused.text.startswith("You may upload 1 MB in a day. Please come back in ")
        assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600
        assert upload(100 << 10).status_code == 200
        unsaid = client.post(f"{API}/upload", content=iter([b"x"]))
        assert unsaid.status_code == 411
        text = re.sub(r"<[^>]+>|\s+", " ", client.show("/account").text)
        assert re.search(r"Uploaded today +0\.8 MB +of 1 MB", text)
        assert re.search(r"Audio kept +0 MB +of 5 MB", text)


def test_where_it_is_closed_nobody_new_comes_in(start: Start) -> None:
    closed = start(signup=SignupRules("closed"))
    with closed.browser() as client:
        assert "No new accounts are made here." in client.show("/signup").text
        for page in ("/", "/login"):
            assert "/signup" not in client.show(page).text
        answer = client.fill("/signup", page="/login", username="late", password=GOOD)
        assert answer.status_code == 403


def test_so_many_accounts_an_hour_from_one_address(start: Start) -> None:
    few = start(signup=SignupRules("open", 2))
    with few.browser() as client:
        client.headers["x-forwarded-for"] = "203.0.113.1"
        for number in range(2):
            client.sign_up(f"one-{number}")
            client.stranger()
        answer = client.fill("/signup", username="one-too-many", password=GOOD)
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "3600"
        assert "Please wait an hour and try again." in answer.text
        for host in ("2001:db8:1:2::1", "2001:db8:1:2::2"):
            client.headers["x-forwarded-for"] = host
            client.sign_up(f"six-{host[-1]}")
            client.stranger()
        client.headers["x-forwarded-for"] = "2001:db8:1:2:3::3"
        assert client.fill("/signup", username="six-3", password=GOOD).status_code == 429


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_it_fits_and_keeps_nobody_out(
    invited: Server, chief: Browser, chromium: Chromium, scheme: Scheme, width: int
) -> None:
    number = member(invited, f"a.long-name-of-many-{scheme}-{width}")
    with chromium.new_context(
        base_url=invited.url, color_scheme=scheme, viewport={"width": width, "height": 800}
    ) as context:
        page = context.new_page()
        page.goto("/login")
        page.get_by_label("User name").fill("chief")
        page.get_by_label("Password", exact=True).fill(GOOD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/app/")
        for path in ("/admin", f"/admin/people/{number}", "/account"):
            page.goto(path)
            assert serious_faults(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.goto("/admin")
        page.get_by_label("Whom it is for").fill("Choir")
        page.get_by_role("button", name="Make an invitation").click()
        expect(page.get_by_role("status")).to_contain_text("shown once")
        assert serious_faults(page) == []
