"""Programs at the gate: what a token opens, what it does not, and when it stops."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Mount

from genregenie.accounts.access_tokens import PREFIX, SCOPES
from genregenie.accounts.tables import AccessTokenRow
from genregenie.accounts.throttle import FREE_TRIES, wait_s
from genregenie.accounts.tokens import new_token
from genregenie.storage.database import DatabaseError
from genregenie.web.api.context import NEEDED
from genregenie.web.config import WebConfig
from genregenie.web.lanes import BusyError
from genregenie.web.paths import V1
from genregenie.web.security import bearers
from genregenie.web.security.bearers import WrongTokens
from tests.web.programs import Program, Programs, coming_from, somebody
from tests.web.servers import GOOD, HTML, Server, Start

pytestmark = pytest.mark.slow


def routes(server: Server) -> list[tuple[str, str, str | None]]:
    """Each of the API's: method, path, and the scope it asks for (None for its description)."""
    (api,) = (r.app for r in server.app.routes if isinstance(r, Mount) and r.path == V1)
    found = [("GET", f"{V1}/openapi.json", None)]
    for included in api.routes:  # type: ignore[attr-defined]
        for route in getattr(getattr(included, "original_router", None), "routes", [included]):
            if isinstance(route, APIRoute):
                needed = [getattr(d.call, NEEDED, None) for d in route.dependant.dependencies]
                (scope,) = filter(None, needed)
                path = V1 + route.path.replace("{number}", "1")
                found += [(method, path, scope) for method in route.methods or ()]
    return found


@pytest.fixture
def nobody(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def test_every_scope_is_asked_for_somewhere(server: Server) -> None:
    assert {scope for *_, scope in routes(server)} == {None, *SCOPES}
    assert len(routes(server)) == 5


def test_nothing_of_the_api_answers_without_a_token(server: Server, nobody: httpx.Client) -> None:
    with server.browser() as browser:
        browser.log_in(somebody(server).name)
        headers = {"sec-fetch-site": "same-origin"}
        for method, path, _ in routes(server):
            for client in (nobody, browser):  # a session is for pages
                for spelling in (path, path + "/", path.replace("/v1", "//v1"), path.upper()):
                    answer = client.request(method, spelling, headers=headers)
                    assert answer.status_code in (401, 303, 404), spelling
                answer = client.request(method, path, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["www-authenticate"].startswith("Bearer")
                assert answer.json()["detail"].endswith(".")
        assert nobody.get("/api/v1/nothing").status_code == 401
        assert nobody.get("/api", headers=HTML).status_code == 401


@pytest.mark.parametrize("given", SCOPES)
def test_a_token_is_for_its_scopes_alone(server: Server, programs: Programs, given: str) -> None:
    program = programs(given)
    for method, path, needed in routes(server):
        answer = program.request(method, path)
        if needed in (given, None):
            assert answer.status_code not in (401, 403), path
        else:
            assert answer.status_code == 403, path
            assert f'scope="{needed}"' in answer.headers["www-authenticate"]
            assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/app/config", "/app/gradio_api/info"):
        assert program.get(path).status_code == (200 if given == "classify" else 403)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/app/", "/account", "/admin", "/logout", "/login", "/history/results.json"),
        *("/account/data", "/app/theme.css", "/app/gradio_api/run/make", "/app/gradio_api/mcp/"),
        *("/app/gradio_api/queue/join/../../..", "/app/gradio_api/startup-events"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_opens_no_page(programs: Programs, path: str, method: str) -> None:
    answer = programs().request(method, path, headers=HTML)
    assert answer.status_code in (403, 404, 405)
    assert "set-cookie" not in answer.headers


def test_a_program_gets_no_cookies_and_needs_no_form(programs: Programs) -> None:
    program = programs()
    for path in ("/api/v1/history", "/app/config", "/api/v1/openapi.json"):
        answer = program.get(path, headers={"sec-fetch-site": "cross-site", "origin": "http://x"})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    said = program.post("/api/v1/feedback", json={"id": 1, "right": True}, headers={"origin": "x"})
    assert said.status_code == 404  # no such result


def test_a_cookie_beside_a_token_counts_for_nothing(server: Server, programs: Programs) -> None:
    with server.browser() as browser:
        browser.log_in(somebody(server).name)
        wrong = {"authorization": f"Bearer {PREFIX}{new_token()}"}
        assert browser.get("/app/config", headers=wrong).status_code == 401
        right = programs("history").headers["authorization"]
        assert browser.get("/app/config", headers={"authorization": right}).status_code == 403
        # What is no token of ours may be a proxy's.
        others = {"authorization": "Bearer hf_something"}
        assert browser.get("/app/config", headers=others).status_code == 200


def test_a_token_works_until_it_is_revoked(server: Server, programs: Programs) -> None:
    program = programs()
    assert program.get("/api/v1/history").status_code == 200
    server.accounts.access_tokens.revoke(program.user, program.number)
    answer = program.get("/api/v1/history")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert program.get("/app/config").status_code == 401


def test_a_token_works_until_it_expires(server: Server, programs: Programs) -> None:
    program = programs()
    with server.accounts.db.write() as session:
        row = session.get_one(AccessTokenRow, program.number)
        row.expires_at = row.made_at
    assert program.get("/api/v1/history").status_code == 401


def test_it_goes_with_the_account(server: Server, programs: Programs) -> None:
    program = programs()
    server.accounts.people.delete(program.user)
    assert program.get("/api/v1/history").status_code == 401


def test_a_stream_ends_with_its_token(server: Server, programs: Programs) -> None:
    program = programs()
    with program.stream("GET", "/app/gradio_api/heartbeat/a-stream-of-a-program") as answer:
        assert answer.status_code == 200
        server.accounts.access_tokens.revoke(program.user, program.number)
        for _ in answer.iter_bytes():  # which come for ever, otherwise
            pass


def test_tokens_are_not_asked_for_in_addresses(programs: Programs, nobody: httpx.Client) -> None:
    token = programs().token
    for query in ("token", "access_token", "authorization"):
        assert nobody.get("/api/v1/history", params={query: token}).status_code == 401


def test_who_shows_wrong_tokens_waits_and_nobody_else(start: Start) -> None:
    server = start()
    here = "127.1.2.3"
    known, newcomer = (Program(server, somebody(server), address=here) for _ in range(2))
    elsewhere = Program(server, somebody(server))
    stranger = httpx.Client(base_url=server.url, transport=coming_from(here))
    with known, newcomer, elsewhere, stranger as client:
        assert known.get("/api/v1/history").status_code == 200
        wrong = [
            client.get(
                "/api/v1/history", headers={"authorization": f"Bearer {PREFIX}{new_token()}"}
            )
            for _ in range(FREE_TRIES + 1)
        ]
        assert [answer.status_code for answer in wrong] == [401] * FREE_TRIES + [429]
        told = wrong[-1].json()["detail"]
        assert f"{wrong[-1].headers['retry-after']} seconds" in told
        assert known.get("/api/v1/history").status_code == 200
        assert newcomer.get("/api/v1/history").status_code == 429
        assert elsewhere.get("/api/v1/history").status_code == 200
        with server.browser() as browser:  # pages are no matter of tokens
            assert browser.log_in(known.user.name).status_code == 303


def test_a_wrong_token_costs_no_write(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = start()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a write")

    monkeypatch.setattr(server.accounts.db, "write", never)
    token = PREFIX + new_token()
    with caplog.at_level(logging.DEBUG), httpx.Client(base_url=server.url) as client:
        for given in (token, "nonsense", "a b", PREFIX, token + "x"):
            headers = {"authorization": f"Bearer {given}"}
            assert client.get("/api/v1/history", headers=headers).status_code == 401
    assert not [r for r in caplog.records if token in r.getMessage() and "httpx" not in r.name]


@pytest.mark.parametrize("error", [DatabaseError("away"), BusyError()])
def test_where_nobody_can_say_whose_it_is_programs_come_back_later(
    server: Server, programs: Programs, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away(_: str) -> None:
        raise error

    program = programs()
    monkeypatch.setattr(server.accounts.access_tokens, "bearer_of", away)
    answer = program.get("/api/v1/history")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert f"{answer.headers['retry-after']} seconds" in answer.json()["detail"]
    monkeypatch.undo()
    assert program.get("/api/v1/history").status_code == 200  # and it was not counted as wrong


@given(st.lists(st.integers(0, 4000), max_size=30))
def test_waits_grow_and_are_forgotten(pauses: list[int]) -> None:
    now = 1000.0
    with pytest.MonkeyPatch.context() as patch:
        # Of this module alone: servers of other tests live by the same clock.
        patch.setattr(bearers, "time", SimpleNamespace(monotonic=lambda: now))
        counted, wrong = 0, WrongTokens()
        for pause in pauses:
            now += pause
            counted = 1 if pause > 3600 else counted + 1
            wrong.note("here")
            assert wrong.wait_s("here") == wait_s(counted)
            assert wrong.wait_s("there") == 0


def test_where_the_gate_is_off_there_is_no_need_of_tokens(start: Start) -> None:
    server = start(WebConfig(gate="off"))
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/api/v1/openapi.json").status_code == 200
        for headers in ({}, {"authorization": f"Bearer {PREFIX}{new_token()}"}):
            answer = client.get("/api/v1/history", headers=headers)
            assert answer.status_code == 404
            assert answer.json()["detail"] == (
                "The gate of this server is off, so nobody has a history here."
            )
        foreign = {"sec-fetch-site": "cross-site"}
        assert client.post("/api/v1/feedback", headers=foreign).status_code == 403


def test_guests_have_pages_and_no_tokens(start: Start) -> None:
    server = start(WebConfig(gate="demo"))
    with server.browser() as guest:
        guest.cookies.set("genregenie", server.guest())
        assert guest.get("/app/config").status_code == 200
        assert guest.get("/api/v1/history").status_code == 401
        assert guest.show("/account").status_code == 303
        answer = guest.post("/account/tokens", data={"token": "x"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/signup"
    with Program(server, somebody(server)) as program:  # whoever has an account does
        assert program.get("/api/v1/history").status_code == 200


def test_a_password_is_no_token(server: Server) -> None:
    who = somebody(server)
    with httpx.Client(base_url=server.url, auth=(who.name, GOOD)) as client:
        assert client.get("/api/v1/history").status_code == 401
