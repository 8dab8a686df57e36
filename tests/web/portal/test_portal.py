import json
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genregenie.web.config import WebConfig, load_key
from genregenie.web.paths import HOME, local_target, login_url
from tests.web.servers import GOOD, HTML, NEW, Browser, Server, Start

pytestmark = pytest.mark.slow


def test_sign_up_shows_codes_once_and_log_in_leads_to_the_app(browser: Browser) -> None:
    codes = browser.sign_up("Portal-Ada", email="ada@example.org")
    assert len(codes) == 8
    assert browser.show("/app/").status_code == 303  # signing up is not logging in
    answer = browser.log_in("portal-ada")
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    assert browser.show("/app/").status_code == 200
    assert codes[0] not in browser.show("/account").text


def test_after_log_in_one_lands_where_one_wanted_to_go(browser: Browser) -> None:
    browser.sign_up("wanderer")
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


@given(st.text(max_size=60) | st.text(alphabet="/\\.:@%?#evil\t\n", max_size=20))
@settings(max_examples=300, deadline=None)
def test_every_target_is_a_path_of_this_site(text: str) -> None:
    for target in (local_target(text), login_url(text)):
        parts = urlsplit(target)
        assert target.startswith("/")
        assert target[1:2] not in ("/", "\\")
        assert (parts.scheme, parts.netloc) == ("", "")
        assert target.isascii()
        assert target.isprintable()
        assert httpx.URL("http://here.example").join(target).host == "here.example"


@pytest.mark.parametrize(("name", "password"), [("teller", NEW), ("nobody-at-all", GOOD)])
def test_wrong_log_ins_look_the_same(browser: Browser, name: str, password: str) -> None:
    if name == "teller":
        browser.sign_up("teller")
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


def test_what_was_typed_stays_and_passwords_do_not(browser: Browser) -> None:
    answer = browser.fill("/signup", username="a", email="x", password=GOOD)
    assert answer.status_code == 422
    assert 'value="a"' in answer.text
    assert "3 to 32 characters" in answer.text
    assert "no e-mail address" in answer.text
    assert GOOD not in answer.text


def test_what_is_typed_is_shown_as_text(browser: Browser) -> None:
    name = '"><script>alert(1)</script>'
    answer = browser.fill("/signup", username=name, email=name, password=name)
    assert "<script>alert" not in answer.text


def test_a_taken_name_is_said(browser: Browser) -> None:
    browser.sign_up("taken-name")
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


@pytest.mark.parametrize("path", ["/login", "/signup", "/reset", "/guest", "/reset/link"])
@pytest.mark.parametrize("token", ["", "nonsense", "é"])
def test_forms_without_our_token_do_nothing(browser: Browser, path: str, token: str) -> None:
    answer = browser.fill(path, page="/login", token=token, username="x", password=GOOD)
    assert answer.status_code == 403
    assert "Please try again" in answer.text or "Guests are not" in answer.text


def test_a_token_is_for_one_browser(server: Server) -> None:
    with server.browser() as one, server.browser() as other:
        stolen = one.token("/login")
        other.token("/login")
        answer = other.fill("/login", token=stolen, username="x", password=GOOD)
        assert answer.status_code == 403


def test_a_session_gets_its_own_token(browser: Browser) -> None:
    before = browser.token("/login")
    browser.newcomer("fresh-token")
    assert browser.token("/logout") != before
    assert browser.fill("/logout", token=before).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"x" * 40_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(200)), "application/x-www-form-urlencoded"),
        (b'{"username": "x"}', "application/json"),
        (b"--b\r\nnothing", "multipart/form-data; boundary=b"),
        (b"\xff\xfe%ff%00=%", "application/x-www-form-urlencoded"),
        (b"", ""),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/signup", "/reset", "/reset/link"])
def test_bodies_that_are_no_form_get_a_page(
    browser: Browser, path: str, body: bytes, kind: str
) -> None:
    answer = browser.post(path, content=body, headers={**HTML, "content-type": kind})
    assert answer.status_code == 403
    assert "<form" in answer.text or "<h1>" in answer.text


TEXT = st.text(max_size=200) | st.sampled_from(
    ["\0", "\ud7ff", "a" * 5000, "' OR 1=1 --", "{{ 7*7 }}", "%00", "\r\nSet-Cookie: x=y",
     "😀" * 200,     "guest-1", "../../etc/passwd", "\u202e", "9" * 30, "-1", "AAAA-AAAA-AAAA-AAAA"]
)  # fmt: skip
FORMS: dict[str, tuple[str, list[str]]] = {
    "/login": ("/login", ["username", "password", "next"]),
    "/signup": ("/signup", ["username", "email", "password"]),
    "/reset": ("/reset", ["username", "code", "password", "way", "account"]),
    "/reset/link": ("/login", ["password"]),
    "/signup/codes": ("/login", ["codes"]),
    "/guest": ("/login", ["next"]),
}
INNER: dict[str, list[str]] = {
    "/account/password": ["current", "password", "username"],
    "/account/email": ["email", "current"],
    "/account/codes": ["current"],
    "/account/session": ["session"],
    "/account/delete": ["current"],
}
FUZZ = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("path", FORMS)
@given(data=st.data())
@FUZZ
def test_any_text_in_any_field_gives_a_page_with_a_message(
    server: Server, path: str, data: st.DataObject
) -> None:
    page, names = FORMS[path]
    fields = {name: data.draw(TEXT, name) for name in names}
    with server.browser() as client:
        answer = client.fill(path, page=page, **fields)
        assert answer.status_code in (200, 303, 401, 403, 410, 422, 429), answer.text
        if answer.status_code not in (200, 303):
            assert re.search(r'class="(error|notice bad)"', answer.text)
        assert answer.headers.get("location", "/").startswith("/")


@pytest.fixture(scope="module")
def fuzzed(server: Server) -> Iterator[Browser]:
    with server.browser() as client:
        yield client.newcomer(f"fuzzed-{secrets.token_hex(4)}")


@pytest.mark.parametrize("path", INNER)
@given(data=st.data())
@FUZZ
def test_any_text_in_the_accounts_fields_gives_a_page_with_a_message(
    fuzzed: Browser, path: str, data: st.DataObject
) -> None:
    fields = {name: data.draw(TEXT, name) for name in INNER[path]}
    answer = fuzzed.fill(path, page="/account", **fields)
    assert answer.status_code in (303, 401, 422, 429), answer.text
    if answer.status_code != 303:
        assert re.search(r'class="error"', answer.text)


@given(st.text(max_size=100), st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_query_gives_a_page(server: Server, text: str, raw: bytes) -> None:
    with server.browser() as client:
        for path in ("/login", "/reset/link", "/signup"):
            for query in ({"next": text, "note": text, "token": text}, {"token": raw}):
                answer = client.get(path, params=query, headers=HTML)  # type: ignore[arg-type]
                assert answer.status_code in (200, 303, 410)


def test_reset_with_a_code(server: Server, browser: Browser) -> None:
    codes = browser.sign_up("forgetful")
    browser.log_in("forgetful")
    with server.browser() as other:
        answer = other.fill("/reset", username="forgetful", code=codes[0], password=NEW)
        assert answer.headers["location"] == "/login?note=reset"
        assert other.show("/app/").status_code == 303  # a reset logs nobody in
        assert browser.show("/app/").status_code == 303  # and everybody out
        again = other.fill("/reset", username="forgetful", code=codes[0], password=GOOD)
        assert again.status_code == 401
        assert other.log_in("forgetful", NEW).status_code == 303


@pytest.mark.parametrize("name", ["reset-known", "reset-unknown"])
def test_a_wrong_code_does_not_tell_who_exists(browser: Browser, name: str) -> None:
    if name == "reset-known":
        browser.sign_up(name)
    answer = browser.fill("/reset", username=name, code="AAAA-BBBB-CCCC-DDDD", password=NEW)
    assert answer.status_code == 401
    assert "User name or code is wrong, or the code was used." in answer.text


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
    browser.cookies.set("genregenie", "a" * 43)
    answer = browser.log_in("fixated")
    assert "a" * 43 not in answer.headers["set-cookie"]


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
    browser.log_in("coder")
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


def test_guests_only_where_the_demo_is_on(server: Server, start: Start, browser: Browser) -> None:
    assert "guest" not in browser.show("/login").text
    assert browser.fill("/guest", page="/login").status_code == 403
    demo = start(WebConfig(gate="demo"))
    with demo.browser() as guest:
        assert guest.show("/app/").status_code == 303
        assert "Continue as guest" in guest.show("/login").text
        assert guest.fill("/guest", page="/login").headers["location"] == HOME
        assert guest.show("/app/").status_code == 200
        page = guest.show("/account").text
        assert "You are a guest" in page
        assert "Delete" not in page
        for step in ("delete", "codes", "password", "email"):
            answer = guest.fill(f"/account/{step}", page="/account", current="")
            assert answer.headers["location"] == "/account"
        assert guest.fill("/account/data", page="/account").json()["account"]["guest"]
        assert len(demo.accounts.people.living()) == 1
        guest.fill("/logout")
        assert demo.accounts.people.living() == set()
        assert guest.newcomer("demo-ada").show("/app/").status_code == 200


def test_the_portal_says_when_accounts_do_not_last(start: Start, server: Server) -> None:
    space = start(WebConfig(ephemeral=True))
    for path in ("/login", "/signup"):
        assert "until its next restart" in httpx.get(space.url + path).text
        assert "until its next restart" not in httpx.get(server.url + path).text


def test_in_a_frame_a_new_tab_is_offered(server: Server) -> None:
    with server.browser() as client:
        framed = client.get("/login", headers={**HTML, "sec-fetch-dest": "iframe"})
        assert 'target="_blank"' in framed.text
        assert 'target="_blank"' not in client.show("/login").text


def test_a_rush_is_turned_away_politely(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start()
    monkeypatch.setattr("genregenie.web.workers.MAX_WAITING", 0)
    with running.browser() as client:
        answer = client.log_in("Ada")
        assert answer.status_code == 503
        assert "Please try again" in answer.text
        assert answer.headers["retry-after"]


@pytest.mark.parametrize("path", ["/login", "/signup", "/reset"])
def test_pages_are_made_for_people_and_their_tools(server: Server, path: str) -> None:
    html = httpx.get(server.url + path).text
    assert '<html lang="en">' in html
    assert "Access portal for GenreGenie" in html
    assert 'name="viewport"' in html
    for name in re.findall(r'<input id="([^"]+)"', html):
        assert f'<label for="{name}">' in html
    assert 'autocomplete="username"' in html
    expected = "current-password" if path == "/login" else "new-password"
    assert f'autocomplete="{expected}"' in html
    assert not re.search(r"<script(?! src=)|\son\w+=|style=|javascript:|https?://", html)


def test_the_key_is_made_once_and_kept_private(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    key = load_key()
    assert len(key) == 64
    assert load_key() == key
    assert stat.S_IMODE((tmp_path / "data" / "secret-key").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["secret-key"]
    monkeypatch.setenv("GENREGENIE_SECRET_KEY", "k" * 32)
    assert load_key() == b"k" * 32
