"""Guests at the door: in with one click, and what they heard comes along to an account."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from genregenie.accounts import open_accounts
from genregenie.accounts.core import User
from genregenie.accounts.results import Result
from genregenie.common import resources
from genregenie.common.limits import GuestLimits
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.spotify.oauth import shared_logins
from genregenie.storage.database import sqlite_url
from genregenie.web.config import WebConfig
from genregenie.web.paths import HOME
from genregenie.web.security.allowance import BYTES_A_CLIP
from genregenie.web.server import create_app
from tests.accounts.standins import CHEAP, Clock
from tests.web.servers import GOOD, HTML, NEW, Browser, Server, Start, build_test_page, running

pytestmark = pytest.mark.slow

API = "/app/gradio_api"
DETAILS = json.dumps({"confidences": {"jazz": 1.0}})


@pytest.fixture(scope="module")
def demo(start: Start) -> Server:
    return start(WebConfig(gate="demo", guests=GuestLimits(at_once=100, uploads=1)))


@pytest.fixture
def guest(demo: Server) -> Iterator[Browser]:
    with demo.browser() as client:
        assert client.fill("/guest", page="/").headers["location"] == HOME
        yield client


def user(demo: Server, client: Browser) -> User:
    found = demo.accounts.sessions.user_of(client.cookies["genregenie"])
    assert found is not None
    return found


def hear(demo: Server, client: Browser, name: str = "heard as a guest") -> None:
    heard = Result(name, "jazz", "confident", 0.9, 20.0, DETAILS)
    assert demo.accounts.results.keep(user(demo, client).id, heard)


def history(client: Browser) -> list[str]:
    return [kept["name"] for kept in client.get("/history/results.json").json()]


def upload(client: Browser, content: bytes = b"a clip") -> httpx.Response:
    return client.post(f"{API}/upload", files={"files": ("clip.wav", content)})


def test_one_click_and_no_field_lead_in(demo: Server) -> None:
    with demo.browser() as client:
        page = client.show("/").text
        assert "What genre is this song?" in page
        assert "<input" not in page.replace('<input type="hidden"', "")
        assert client.show("/app/").headers["location"] == "/login"
        answer = client.fill("/guest", page="/")
        assert (answer.status_code, answer.headers["location"]) == (303, HOME)
        assert "Max-Age=3600; HttpOnly; SameSite=Lax" in answer.headers["set-cookie"]
        assert client.get("/app/config").status_code == 200
        assert client.show("/").headers["location"] == HOME
        assert user(demo, client).guest


def test_the_front_door_shows_a_result(demo: Server) -> None:
    page = httpx.get(demo.url).text
    assert "Corner Table" in page
    heard = Classifier.load().predict(resources.assets() / "examples" / "jazz.mp3")
    assert Headline.of(heard).title in page
    assert "Sounds like" in page
    assert "<script" not in page


@pytest.mark.parametrize("gate", ["on", "demo"])
def test_guests_only_where_they_are_welcome(start: Start, gate: str) -> None:
    server = start(WebConfig(gate=gate))
    with server.browser() as client:
        for path in ("/", "/login"):
            page = client.show(path).text
            assert ("Try without an account" in page) == (gate == "demo")
            assert "Create an account" in page
        answer = client.fill("/guest", page="/login")
        assert answer.status_code == (303 if gate == "demo" else 403)
        assert len(server.accounts.people.living()) == (gate == "demo")


def test_no_other_site_makes_somebody_a_guest(demo: Server) -> None:
    before = demo.accounts.people.living()
    with demo.browser() as client:
        token = client.token("/")
        foreign = {**HTML, "sec-fetch-site": "cross-site"}
        assert client.fill("/guest", token=token, headers=foreign).status_code == 403
        assert client.fill("/guest", token="made up").status_code == 403
        assert client.get("/guest").status_code == 405
    assert demo.accounts.people.living() == before


def test_clicked_twice_and_clicked_by_somebody(demo: Server, guest: Browser) -> None:
    before = demo.accounts.people.living()
    # The second click still carries the token of the page without a session.
    assert guest.fill("/guest", token="of before").headers["location"] == HOME
    with demo.browser() as client:
        client.newcomer("no-guest")
        assert client.fill("/guest", token="of before").headers["location"] == HOME
        assert client.show("/account").status_code == 200
    assert len(demo.accounts.people.living() - before) == 1


def test_when_it_is_full_people_still_come_in(start: Start) -> None:
    server = start(WebConfig(gate="demo", guests=GuestLimits(at_once=1)))
    with server.browser() as first, server.browser() as second:
        first.fill("/guest", page="/")
        answer = second.fill("/guest", page="/")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "300"
        assert (
            "Many people are trying it just now. Create an account, or come back in 5 minutes."
        ) in answer.text
        assert 'href="/signup"' in answer.text
        assert second.newcomer("has-room").show("/app/").status_code == 200
        first.fill("/logout")
        assert second.stranger().fill("/guest", page="/").status_code == 303


def test_what_needs_an_account_leads_to_one(guest: Browser) -> None:
    assert guest.show("/account").headers["location"] == "/signup"
    for step in ("delete", "codes", "password", "email", "session", "everywhere", "data"):
        answer = guest.fill(f"/account/{step}", page="/logout", current="", email="")
        assert answer.headers["location"] == "/signup"
    for path in ("/signup", "/login"):
        page = guest.show(path)
        assert page.status_code == 200
        assert "What you heard as a guest comes along." in page.text
    assert guest.get("/app/config").status_code == 200


def test_spotify_needs_an_account(guest: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "an app of ours")
    monkeypatch.setenv("SPOTIPY_REDIRECT_URI", "http://127.0.0.1/spotify/callback")
    assert shared_logins() is not None
    assert guest.show("/spotify/connect").headers["location"] == "/signup"


def test_what_a_guest_heard_is_the_guests_and_gone_afterwards(demo: Server, guest: Browser) -> None:
    hear(demo, guest)
    # Nobody else has uploaded this: the same bytes are one file, which stays while it is anybody's.
    path = Path(upload(guest, b"a clip of this guest").json()[0])
    assert history(guest) == ["heard as a guest"]
    assert "heard as a guest" in guest.get("/history/results.csv").text
    assert "What you heard here is deleted then." in guest.show("/logout").text
    who, cookie = user(demo, guest), guest.cookies["genregenie"]
    answer = guest.fill("/logout")
    assert answer.headers["location"] == "/?note=left"
    assert "You have left" in guest.show("/?note=left").text
    assert who.id not in demo.accounts.people.living()
    assert demo.accounts.results.count(who.id) == 0
    assert not path.exists()
    guest.cookies.set("genregenie", cookie)
    assert guest.get("/history/results.json").status_code == 401


def test_signing_up_takes_it_along(demo: Server, guest: Browser) -> None:
    hear(demo, guest)
    path = upload(guest).json()[0]
    before = user(demo, guest)
    answer = guest.fill("/signup", username="comes-along", password=GOOD)
    assert "You are in, comes-along." in answer.text
    assert "What you heard so far is in My music." in answer.text
    assert 'href="/app/"' in answer.text
    assert user(demo, guest).name == "comes-along"
    assert before.id not in demo.accounts.people.living()
    assert history(guest) == ["heard as a guest"]
    # Nor does the page that is open lose what it shows.
    assert guest.get(f"{API}/file={path}").content == b"a clip"


def test_logging_in_takes_it_along(demo: Server, guest: Browser) -> None:
    with demo.browser() as elsewhere:
        elsewhere.newcomer("was-here")
        hear(demo, elsewhere, "long ago")
    hear(demo, guest)
    assert guest.log_in("was-here", NEW).status_code == 401
    assert history(guest) == ["heard as a guest"]
    assert guest.log_in("was-here").status_code == 303
    assert history(guest) == ["heard as a guest", "long ago"]


def test_nor_is_it_lost_where_the_password_is_forgotten(demo: Server, guest: Browser) -> None:
    with demo.browser() as elsewhere:
        codes = elsewhere.sign_up("forgot-it")
    hear(demo, guest)
    answer = guest.fill("/reset", username="forgot-it", code=codes[0], password=NEW)
    assert answer.headers["location"] == "/login?note=reset"
    assert "Your password is changed." in guest.show("/login?note=reset").text
    assert guest.log_in("forgot-it", NEW).status_code == 303
    assert history(guest) == ["heard as a guest"]


def test_after_a_restart_guests_whose_time_is_up_are_tidied_away(tmp_path: Path) -> None:
    clock = Clock()
    accounts = open_accounts(sqlite_url(tmp_path), CHEAP, clock, clock.ticks)
    early, late = accounts.guests.add()[0], accounts.guests.add(GuestLimits(minutes=240))[0]
    for one in (early, late):
        accounts.results.keep(one.id, Result("a", "jazz", "unsure", 0.5, 9.0, DETAILS))
    clock.move(hours=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", "")
        app = create_app(build_test_page, WebConfig(gate="demo"), accounts)
    with running(app):
        for _ in range(300):
            if early.id not in accounts.people.living():
                break
            time.sleep(0.05)
    assert accounts.people.living() == {late.id}
    assert [accounts.results.count(one.id) for one in (early, late)] == [0, 1]
    accounts.close()


def test_a_guest_uploads_only_so_much(demo: Server, guest: Browser) -> None:
    half = b"x" * (BYTES_A_CLIP // 2)
    assert upload(guest, half).status_code == 200
    answer = upload(guest, half)
    assert answer.status_code == 413
    assert answer.text == ("Guests may upload 10 MB in all. Create an account to go on.")
    assert upload(guest).status_code == 200  # there is a little left
    unsaid = guest.post(f"{API}/upload", content=iter([half]))
    assert unsaid.status_code == 411
    with demo.browser() as member:
        member.newcomer("has-much")
        assert [upload(member, half).status_code for _ in range(3)] == [200] * 3
