"""Forms: whatever is sent becomes a page with a message, and only ours are read."""

import re
import secrets
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.servers import GOOD, HTML, Browser, Server

pytestmark = pytest.mark.slow


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
FUZZ = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


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
@settings(max_examples=60)
def test_any_query_gives_a_page(server: Server, text: str, raw: bytes) -> None:
    with server.browser() as client:
        for path in ("/login", "/reset/link", "/signup"):
            for query in ({"next": text, "note": text, "token": text}, {"token": raw}):
                answer = client.get(path, params=query, headers=HTML)  # type: ignore[arg-type]
                assert answer.status_code in (200, 303, 410)


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
