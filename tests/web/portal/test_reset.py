"""Getting back in with a recovery code; with a link, in `test_serve`."""

import pytest

from tests.web.servers import GOOD, NEW, Browser, Server

pytestmark = pytest.mark.slow


def test_reset_with_a_code(server: Server, browser: Browser) -> None:
    codes = browser.sign_up("forgetful")
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
