"""Two people at once: what one uploads, makes or runs is not the other's."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genregenie.web.security.ownership import Ownership
from tests.web.servers import Browser, Server, Start

pytestmark = pytest.mark.slow

API = "/app/gradio_api"
SECRET = b"what Ada brought"


def somebody(server: Server) -> Browser:
    client = server.browser()
    client.cookies.set("genregenie", server.guest())
    return client


@pytest.fixture
def ada(server: Server) -> Iterator[Browser]:
    with somebody(server) as client:
        yield client


@pytest.fixture
def eve(server: Server) -> Iterator[Browser]:
    with somebody(server) as client:
        yield client


def upload(client: Browser, content: bytes = SECRET, name: str = "clip.wav") -> str:
    answer = client.post(f"{API}/upload", files={"files": (name, content)})
    assert answer.status_code == 200
    path: str = answer.json()[0]
    return path


def file(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def run(client: Browser, name: str, *data: object) -> list[Any]:
    """Call a handler over the queue and give what it says at the end."""
    started = client.post(f"{API}/call/{name}", json={"data": data})
    assert started.status_code == 200, started.text
    stream = client.get(f"{API}/call/{name}/{started.json()['event_id']}").text
    last = [line[6:] for line in stream.splitlines() if line.startswith("data: ")][-1]
    result: list[Any] = json.loads(last)
    return result


def fetch(client: Browser, path: str) -> httpx.Response:
    return client.get(f"{API}/file={path}")


def test_an_upload_is_its_owners_alone(server: Server, ada: Browser, eve: Browser) -> None:
    path = upload(ada)
    assert fetch(ada, path).content == SECRET
    assert fetch(eve, path).status_code == 403
    assert SECRET not in fetch(eve, path).content
    with server.browser() as nobody:
        assert fetch(nobody, path).status_code == 401


def test_other_ways_to_write_the_path_do_not_help(
    server: Server, ada: Browser, eve: Browser
) -> None:
    path = upload(ada, b"hidden well", "x.wav")
    folder, name = os.path.split(path)
    for spelling in (
        path.replace("/", "//"),
        f"{folder}/./{name}",
        f"{folder}/../{Path(folder).name}/{name}",
        os.path.relpath(path),
        f"%2E/{os.path.relpath(path)}",
        path.replace("x.wav", "%78.wav"),
        path + "?x=1",
        path.upper(),
        f"/proc/self/root{path}",
        f"/proc/{os.getpid()}/root{path}",
    ):
        assert b"hidden well" not in fetch(eve, spelling).content
        for method in ("GET", "HEAD", "POST"):
            assert eve.request(method, f"{API}/file={spelling}").status_code in (403, 404, 405)
        assert b"hidden well" not in eve.get(f"{API}/file/{spelling}").content


def test_a_result_is_its_owners_alone(ada: Browser, eve: Browser) -> None:
    (result,) = run(ada, "make", "for Ada")
    assert fetch(ada, result["path"]).text == "for Ada"
    assert fetch(eve, result["path"]).status_code == 403


def test_a_growing_result_is_its_owners_at_every_step(ada: Browser, eve: Browser) -> None:
    session = "ada-grows-1"
    functions = {d["api_name"]: d["id"] for d in ada.get("/app/config").json()["dependencies"]}
    body = {"data": ["step"], "fn_index": functions["grow"], "session_hash": session}
    assert ada.post(f"{API}/queue/join", json=body).status_code == 200
    seen = 0
    with ada.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            for path in _paths(json.loads(line[6:])) if line.startswith("data: ") else ():
                assert fetch(ada, path).text.startswith("step")
                assert fetch(eve, path).status_code == 403
                seen += 1
    assert seen >= 3


def _paths(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for value in content.values():
            yield from _paths(value)
    elif isinstance(content, list):
        for value in content:
            yield from _paths(value)
    elif isinstance(content, str) and content.endswith(".txt") and os.path.exists(content):  # noqa: PTH110
        yield content


def test_someone_elses_file_cannot_be_given_to_a_handler(ada: Browser, eve: Browser) -> None:
    path = upload(ada)
    assert run(ada, "size", file(path)) == [str(len(SECRET))]
    for spelling in (path, os.path.relpath(path), path.replace("/", "//", 1)):
        for url in ("call/size", "run/size", "api/size", "call/v2/size"):
            body = {"data": [file(spelling)], "file": file(spelling)}
            assert eve.post(f"{API}/{url}", json=body).status_code == 403
    # Written in another way that JSON allows, or as plain text to be echoed into a file.
    escaped = json.dumps({"data": [file(path)]}).replace("/", "\\u002f")
    headers = {"content-type": "application/json"}
    assert eve.post(f"{API}/call/size", content=escaped, headers=headers).status_code == 403
    assert eve.post(f"{API}/call/make", json={"data": [f"see {path}"]}).status_code == 403


@pytest.mark.parametrize("name", ["a song.wav", "Ünder 100% (live) #1.wav", "a+b%20c.wav"])
def test_a_file_of_any_name_is_used_with_its_address(ada: Browser, eve: Browser, name: str) -> None:
    path = upload(ada, name=name)
    whole = file(path) | {"url": f"http://localhost{API}/file={quote(path)}"}
    assert run(ada, "size", whole) == [str(len(SECRET))]
    other = file(upload(eve, b"mine")) | {"url": whole["url"]}
    assert eve.post(f"{API}/call/size", json={"data": [other]}).status_code == 403


@pytest.mark.parametrize(
    "path", ["http://127.0.0.1/x", "https://example.org/x.wav", "file:///etc/passwd"]
)
def test_the_server_fetches_no_addresses_for_anybody(ada: Browser, path: str) -> None:
    assert ada.post(f"{API}/call/size", json={"data": [file(path)]}).status_code == 403
    assert fetch(ada, path).status_code in (403, 404)


@pytest.mark.parametrize("path", ["/etc/passwd", "genregenie/common/settings.py", "pyproject.toml"])
def test_files_of_the_server_are_nobodys(ada: Browser, path: str) -> None:
    assert fetch(ada, path).status_code == 403
    assert fetch(ada, str(Path(path).resolve())).status_code == 403
    for spelling in (path, str(Path(path).resolve()), "../" * 9 + path.lstrip("/")):
        for data in (file(spelling), {"path": spelling}, [{"path": spelling}]):
            answer = ada.post(f"{API}/call/size", json={"data": [data]})
            assert answer.status_code == 403


@pytest.mark.parametrize("name", ["claim.json", "claim.txt", "claim.html"])
def test_writing_a_path_into_a_file_gives_no_right_to_it(
    ada: Browser, eve: Browser, name: str
) -> None:
    path = upload(ada)
    claim = json.dumps([path, file(path), {"event_id": "x"}]).encode()
    for content in (claim, b"data: " + claim + b"\n\n"):
        assert fetch(eve, upload(eve, content, name)).content == content
        assert fetch(eve, path).status_code == 403


def test_the_same_file_can_be_two_peoples(ada: Browser, eve: Browser) -> None:
    assert upload(ada, b"a song we share") == upload(eve, b"a song we share")
    path = upload(eve, b"a song we share")
    assert fetch(ada, path).status_code == fetch(eve, path).status_code == 200


def test_files_of_the_page_itself_are_for_everybody_inside(ada: Browser, eve: Browser) -> None:
    components = ada.get("/app/config").json()["components"]
    shared = next(
        c["props"]["value"]["path"]
        for c in components
        if c["props"].get("label") == "For everybody"
    )
    assert fetch(ada, shared).text == fetch(eve, shared).text == "for everybody"


def test_a_session_hash_is_its_first_users_alone(ada: Browser, eve: Browser) -> None:
    functions = {d["api_name"]: d["id"] for d in ada.get("/app/config").json()["dependencies"]}
    body = {"data": ["mine"], "fn_index": functions["make"], "session_hash": "ada-session"}
    event = ada.post(f"{API}/queue/join", json=body).json()["event_id"]
    assert eve.post(f"{API}/queue/join", json=body).status_code == 403
    cancel = {"session_hash": "ada-session", "fn_index": 0, "event_id": event}
    for path, content in (
        ("cancel", cancel),
        ("cancel", {**cancel, "session_hash": "eve-session"}),
        ("reset", {"event_id": event}),
        (f"stream/{event}", body),
        (f"stream/{event}/close", {}),
    ):
        assert eve.post(f"{API}/{path}", json=content).status_code == 403
    for path in (
        "queue/data?session_hash=ada-session",
        f"queue/data?session_hash={event}",
        "queue/data?session_hash=eve-session&session_hash=ada-session",
        "heartbeat/ada-session",
        f"call/make/{event}",
        f"call/v2/make/{event}",
        "stream/ada-session/1/2/playlist.m3u8",
    ):
        assert eve.get(f"{API}/{path}").status_code == 403
    assert "process_completed" in ada.get(f"{API}/queue/data?session_hash=ada-session").text


def test_handlers_know_who_is_asking(server: Server) -> None:
    with server.browser() as client:
        client.newcomer("asking-ada")
        assert run(client, "whoami") == ["asking-ada"]


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b"\xff\xff", b'"' + b"x" * (5 * 2**20) + b'"', b"null", b"3"]
)
def test_odd_bodies_are_refused_and_do_no_harm(ada: Browser, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = ada.post(f"{API}/queue/join", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert ada.get("/app/config").status_code == 200


def test_what_a_person_brought_goes_with_the_account(server: Server, eve: Browser) -> None:
    with server.browser() as client:
        client.newcomer("cleaner")
        mine, ours = upload(client, b"only mine"), upload(client, b"ours")
        assert upload(eve, b"ours") == ours
        client.fill("/account/delete", page="/account", current="a calm indigo morning")
    assert not Path(mine).exists()
    assert Path(ours).exists()
    assert fetch(eve, ours).status_code == 200


def test_what_guests_brought_goes_with_them(server: Server, eve: Browser) -> None:
    ownership = server.app.state.portal.ownership
    with somebody(server) as guest:
        path = upload(guest, b"a guest's")
        guest.fill("/logout")
    assert not Path(path).exists()
    kept = upload(eve, b"still here")
    ownership.keep_only(server.accounts.people.living())
    assert Path(kept).exists()
    ownership.keep_only(set())
    assert not Path(kept).exists()


names = st.text("abc./", min_size=1, max_size=12)


@given(st.lists(st.tuples(st.integers(1, 3), names), max_size=12), names)
@settings(max_examples=200)
def test_nobody_reads_what_was_not_granted(
    tmp_path_factory: pytest.TempPathFactory, grants: list[tuple[int, str]], asked: str
) -> None:
    own = Ownership(tmp_path_factory.getbasetemp() / "folder")
    for person, name in grants:
        own.grant(person, f"{own.folder}/{name}")
    path = f"{own.folder}/{asked}"
    real = os.path.realpath(path)
    for person in (1, 2, 3):
        granted = any(
            p == person and os.path.realpath(f"{own.folder}/{n}") == real for p, n in grants
        )
        inside = Path(real).is_relative_to(own.folder)
        assert own.may_read(person, path) == (granted or not inside)


def test_handles_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genregenie.web.security.ownership.MAX_HANDLES", 10)
    own = Ownership(tmp_path)
    for number in range(50):
        assert own.claim(1, f"handle{number}")
    assert not own.claim(2, "handle49")
    assert own.claim(2, "handle0")


def test_old_uploads_are_swept(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genregenie.web.server.FILES_LIVE_S", 1)
    monkeypatch.setattr("genregenie.web.server.TIDY_EVERY_S", 0.5)
    running = start()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(running.folder))
    with somebody(running) as client:
        path = Path(upload(client))
    for _ in range(300):
        if not path.exists():
            break
        time.sleep(0.1)
    assert not path.exists()


def test_old_files_are_swept_and_the_pages_own_stay(tmp_path: Path) -> None:
    own = Ownership(tmp_path)
    shipped, old, new = (tmp_path / name / "clip.wav" for name in ("page", "old", "new"))
    for path in (shipped, old, new):
        path.parent.mkdir()
        path.write_bytes(b"x")
        if path == shipped:
            own.publish()
    own.grant(1, str(old))
    for path in (shipped, shipped.parent, old, old.parent):
        os.utime(path, (0, 0))
    own.sweep(3000)
    assert shipped.exists()
    assert new.exists()
    assert not old.exists()
    own.sweep(-1)  # the folder's own time changed when its file went
    assert not old.parent.exists()
    assert shipped.exists()
    assert not own.may_use(1, str(old))
