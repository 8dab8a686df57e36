"""Programs at Gradio's own doors: gradio_client with a token, and assistants (MCP)."""

import base64
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from genregenie.accounts.access_tokens import SCOPES
from genregenie.common import settings
from genregenie.common.settings import SettingsError
from genregenie.web.config import WebConfig
from genregenie.web.server import create_app
from genregenie.web.ui import assistants
from tests import machine
from tests.web.programs import Program, Programs, somebody
from tests.web.servers import Server, Start, build_test_page, in_a_loop

pytestmark = pytest.mark.slow

CLIP = machine.ROOT / "assets" / "examples" / "jazz.mp3"
API = "/app/gradio_api"
MCP = f"{API}/mcp/"
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def called_app(start: Start) -> Server:
    """The page itself behind the gate, open to assistants."""
    return start(WebConfig(gate="on", mcp=True), page=None)


@pytest.fixture
def ada(called_app: Server) -> Iterator[Program]:
    with Program(called_app, somebody(called_app), "classify") as program:
        yield program


@pytest.fixture
def bob(called_app: Server) -> Iterator[Program]:
    with Program(called_app, somebody(called_app), "classify") as program:
        yield program


def connect(program: Program, folder: Path) -> Client:
    headers = {"Authorization": f"Bearer {program.token}"}
    return Client(
        str(program.base_url).rstrip("/") + "/app/",
        headers=headers,
        verbose=False,
        analytics_enabled=False,
        download_files=folder,
    )


def upload(program: Program, name: str = "jazz.mp3") -> str:
    answer = program.post(f"{API}/upload", files={"files": (name, CLIP.read_bytes())})
    assert answer.status_code == 200
    return str(answer.json()[0])


def test_gradio_client_classifies_with_a_token(ada: Program, tmp_path: Path) -> None:
    client = connect(ada, tmp_path)
    try:
        heard = client.predict(handle_file(CLIP), api_name="/classify")
    finally:
        client.close()
    sent = ada.post("/api/v1/classify", files={"file": ("jazz.mp3", CLIP.read_bytes())})
    assert heard == sent.json()


def test_gradio_client_needs_a_token_that_works(called_app: Server, tmp_path: Path) -> None:
    with Program(called_app, somebody(called_app), "history", "feedback") as program:
        with pytest.raises(ValueError, match="Could not fetch config"):
            connect(program, tmp_path)
        called_app.accounts.access_tokens.revoke(program.user, program.number)
        with pytest.raises(Exception, match="Please login"):
            connect(program, tmp_path)


def test_curl_finds_the_same_function(ada: Program) -> None:
    asked = {"data": [{"path": upload(ada), "meta": {"_type": "gradio.FileData"}}]}
    event = ada.post(f"{API}/call/classify", json=asked).json()["event_id"]
    told = ada.get(f"{API}/call/classify/{event}").text
    assert told.startswith("event: complete\n")
    assert json.loads(told.partition("data: ")[2])[0]["genre"] == "jazz"


def test_a_program_calls_no_function_of_the_page(called_app: Server, ada: Program) -> None:
    config = ada.get("/app/config").json()
    hidden = [d for d in config["dependencies"] if d["api_visibility"] != "public"]
    assert len(hidden) > 40
    for handler in hidden:
        body = {"fn_index": handler["id"], "data": [], "session_hash": f"own-{ada.number}"}
        answer = ada.post(f"{API}/queue/join", json=body)
        assert answer.status_code == 403
        assert answer.json()["detail"] == "This function is for the page, not for programs."
        if isinstance(handler["api_name"], str):
            answer = ada.post(f"{API}/call/{handler['api_name']}", json={"data": []})
            assert answer.status_code in (400, 403, 404), handler["api_name"]
        assert ada.post(f"{API}/run/{handler['api_name']}", json=body).status_code == 403


def test_people_and_their_programs_share_what_is_theirs_and_no_more(
    called_app: Server, ada: Program, bob: Program
) -> None:
    path = upload(ada)
    assert ada.get(f"{API}/file={path}").status_code == 200
    assert bob.get(f"{API}/file={path}").status_code == 403
    asked = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
    assert bob.post(f"{API}/call/classify", json=asked).status_code == 403
    body = {"fn_index": 0, "data": [], "session_hash": f"page-of-{ada.number}"}
    ada.post(f"{API}/queue/join", json=body)
    assert bob.post(f"{API}/queue/join", json=body).json()["detail"] == "This is not yours."
    with called_app.browser() as browser:
        browser.log_in(ada.user.name)
        assert browser.get(f"{API}/file={path}").status_code == 200


def test_all_of_it_lies_under_a_path_of_the_host(start: Start, tmp_path: Path) -> None:
    server = start(WebConfig(root_path="/genre", mcp=True), page=None)
    under = Server(server.app, server.accounts, server.url)
    under.url += "/genre"
    with pytest.MonkeyPatch.context() as patch, Program(under, somebody(server)) as program:
        patch.setenv("GRADIO_TEMP_DIR", str(server.folder))
        told = program.get("/api/v1/openapi.json").json()
        assert told["servers"] == [{"url": "/genre/api/v1"}]
        clip = {"file": ("jazz.mp3", CLIP.read_bytes())}
        kept = program.post("/api/v1/classify?keep=true", files=clip)
        entry = program.get(kept.url.join(kept.headers["location"]))
        assert (entry.status_code, entry.json()["genre"]) == (200, "jazz")
        client = connect(program, tmp_path)
        try:
            assert client.predict(handle_file(CLIP), api_name="/classify")["genre"] == "jazz"
        finally:
            client.close()
        asked = {"name": "name_genre", "arguments": {"clip": upload(program)}}
        call = {**CALL, "method": "tools/call", "params": asked}
        assert "confident" in program.post(MCP, json=call, headers=ACCEPT).text
        html = httpx.get(f"{under.url}/guide/programs").text
        assert "<h1>Use it from programs</h1>" in html


# --- assistants ------------------------------------------------------------------------------


def assist(program: Program, work: Callable[[ClientSession], Awaitable[None]]) -> None:
    """Speak MCP with the SDK's own client."""

    async def main() -> None:
        headers = {"authorization": f"Bearer {program.token}"}
        url = str(program.base_url.join(MCP))
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as http,
            streamable_http_client(url, http_client=http) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            await work(session)

    in_a_loop(main)


def test_an_assistant_is_offered_one_tool_and_nothing_else(ada: Program) -> None:
    async def work(session: ClientSession) -> None:
        (tool,) = (await session.list_tools()).tools
        assert tool.name == "name_genre"
        assert "genre" in (tool.description or "")
        assert tool.inputSchema["required"] == ["clip"]
        assert tool.inputSchema["properties"]["clip"]["type"] == "string"
        assert not (await session.list_resources()).resources
        assert not (await session.list_prompts()).prompts
        for name in ("classify", "recommend", "spotify_features", "_save", "listen_to"):
            answer = await session.call_tool(name, {"clip": "x"})
            assert answer.isError

    assist(ada, work)


def test_an_assistant_has_a_clip_named(called_app: Server, ada: Program, bob: Program) -> None:
    path, foreign = upload(ada), upload(bob, "bobs.mp3")
    data = "data:audio/mpeg;base64," + base64.b64encode(CLIP.read_bytes()).decode()

    async def name(session: ClientSession, clip: str) -> tuple[bool, str]:
        answer = await session.call_tool("name_genre", {"clip": clip})
        return bool(answer.isError), answer.content[0].text  # type: ignore[union-attr]

    async def work(session: ClientSession) -> None:
        daily = called_app.accounts.daily
        counted = daily.uploaded_today(ada.user.id)
        for clip in (path, f"{ada.base_url}{API[1:]}/file={path}", data):
            failed, told = await name(session, clip)
            assert not failed, told
            heard = json.loads(told)
            assert (heard["genre"], heard["error"]) == ("jazz", None)
        assert called_app.accounts.daily.uploaded_today(ada.user.id) == counted + len(
            CLIP.read_bytes()
        )
        for clip in ("", "/etc/passwd", "http://localhost/", f"{path}/../../../x", "data:,x"):
            failed, told = await name(session, clip)
            assert failed
            assert "passwd" not in told
        failed, told = await name(session, "data:audio/mpeg;base64,AAAA")
        assert failed
        assert "not audio" in told

    assist(ada, work)
    asked = {"name": "name_genre", "arguments": {"clip": foreign}}
    call = {**CALL, "method": "tools/call", "params": asked}
    assert ada.post(MCP, json=call, headers=ACCEPT).status_code == 403
    otherwise = foreign.replace("/genregenie-uploads", "/./genregenie-uploads")
    call["params"] = {"name": "name_genre", "arguments": {"clip": otherwise}}
    answer = ada.post(MCP, json=call, headers=ACCEPT)
    assert "no such upload" in answer.text


def test_a_fault_of_the_tool_is_no_more_than_a_sentence(
    ada: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(assistants, "record", broken)
    asked = {"name": "name_genre", "arguments": {"clip": upload(ada)}}
    answer = ada.post(MCP, json={**CALL, "method": "tools/call", "params": asked}, headers=ACCEPT)
    assert "Something went wrong" in answer.text
    assert "secret" not in answer.text


def test_the_door_for_assistants_takes_a_token_for_it(called_app: Server, ada: Program) -> None:
    assert ada.post(MCP, json=CALL, headers=ACCEPT).status_code == 200
    with called_app.browser() as browser:
        assert browser.post(MCP, json=CALL, headers=ACCEPT).status_code == 401
        browser.log_in(ada.user.name)
        assert browser.post(MCP, json=CALL, headers=ACCEPT).status_code == 404
    for scopes in (("history",), ("feedback",), ("history", "feedback")):
        with Program(called_app, ada.user, *scopes) as program:
            assert program.post(MCP, json=CALL, headers=ACCEPT).status_code == 403
    called_app.accounts.access_tokens.revoke(ada.user, ada.number)
    assert ada.post(MCP, json=CALL, headers=ACCEPT).status_code == 401


@pytest.mark.parametrize("rest", ["sse", "schema", "messages/", "messages/x", "x", "http", "/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_gradios_other_doors_for_assistants_stay_shut(ada: Program, rest: str, method: str) -> None:
    assert ada.request(method, MCP + rest, headers=ACCEPT).status_code in (403, 404)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_the_door_itself_is_for_calls_alone(ada: Program, method: str) -> None:
    assert ada.request(method, MCP, headers=ACCEPT).status_code == 404


def test_it_is_shut_where_it_is_not_asked_for(programs: Programs) -> None:
    program = programs(*SCOPES)
    assert program.post(MCP, json=CALL, headers=ACCEPT).status_code == 404


def test_it_is_shut_where_the_gate_is_off(start: Start) -> None:
    server = start(WebConfig(gate="off", mcp=True))
    with httpx.Client(base_url=server.url) as client:
        assert client.post(MCP, json=CALL, headers=ACCEPT).status_code == 404


def test_what_it_takes_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENREGENIE_MCP", "on")
    assert settings.mcp()
    monkeypatch.setenv("GENREGENIE_MCP", "perhaps")
    with pytest.raises(SettingsError, match="GENREGENIE_MCP must be one of on, off"):
        settings.mcp()
    monkeypatch.setitem(sys.modules, "mcp", None)  # as if it were not installed
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match=r"pip install 'genregenie\[mcp\]'"):
        create_app(build_test_page, WebConfig(mcp=True))
