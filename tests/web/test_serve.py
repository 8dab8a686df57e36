"""The server as people start it, with a mail server beside it; and what it writes into its log."""

import os
import re
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from genregenie.accounts import open_accounts
from genregenie.cli.main import main
from genregenie.storage.database import SQLITE_NAME, sqlite_url
from genregenie.web import startup
from tests import machine, warm
from tests.machine import free_port
from tests.web.servers import CHEAP, GOOD, NEW, Browser

ROOT = machine.ROOT


class Inbox:
    """What the mail server was handed, as text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        body = message.get_body()  # type: ignore[attr-defined]
        self.texts.append(f"To: {message['To']}\n{body.get_content()}")
        return "250 OK"

    def wait_for(self, number: int) -> str:
        for _ in range(600):
            if len(self.texts) >= number:
                return self.texts[number - 1]
            time.sleep(0.05)
        raise AssertionError("no mail came")


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    kept = Inbox()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield kept, controller.port
    controller.stop()


def started(log: Path, *command: str, **environment: str) -> warm.Started:
    with log.open("wb") as file:
        return warm.start(*command, environment=environment, output=file, cwd=ROOT)


def wait_until_up(process: warm.Started, url: str, log: Path) -> None:
    for _ in range(1200):
        try:
            if httpx.get(url + "/healthz").status_code == 200:
                return
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
    raise AssertionError("the server did not come up")


@pytest.mark.slow
def test_the_whole_way_with_mail_and_a_log_without_secrets(
    tmp_path: Path, inbox: tuple[Inbox, int]
) -> None:
    mails, mail_port = inbox
    port, log = free_port(), tmp_path / "log"
    url = f"http://127.0.0.1:{port}"
    process = started(
        log,
        "app.py",
        GENREGENIE_DATA_DIR=str(tmp_path / "data"),
        GRADIO_SERVER_PORT=str(port),
        GENREGENIE_PUBLIC_URL=url,
        GENREGENIE_SMTP_HOST="127.0.0.1",
        GENREGENIE_SMTP_PORT=str(mail_port),
        GENREGENIE_SMTP_SECURITY="none",
        GENREGENIE_SMTP_FROM="genie@example.org",
    )
    secrets: list[str] = ["Ada", GOOD, NEW, "ada@example.org", "secret-in-the-name-field"]
    try:
        wait_until_up(process, url, log)
        with Browser(url) as ada, Browser(url) as elsewhere:
            secrets += ada.sign_up("Ada", email="ada@example.org")
            secrets += list(ada.cookies.values())
            ada.stranger().log_in("ADA")
            elsewhere.log_in("secret-in-the-name-field")
            elsewhere.log_in("Ada", NEW)
            secrets += list(ada.cookies.values())

            known = elsewhere.fill("/reset", way="email", account="ada@example.org")
            unknown = elsewhere.fill("/reset", way="email", account="nobody@example.org")
            assert (known.status_code, known.text) == (200, unknown.text)
            mail = mails.wait_for(1)
            assert mail.startswith("To: ada@example.org\n")
            link = re.search(rf"{re.escape(url)}(/reset/link\?token=(\S+))", mail)
            assert link
            secrets.append(link[2])

            opened = elsewhere.show(link[1])
            assert opened.headers["location"] == "/reset/link"  # out of the address bar at once
            assert elsewhere.fill("/reset/link", password="short").status_code == 422
            done = elsewhere.fill("/reset/link", password=NEW)
            assert done.headers["location"] == "/login?note=reset"
            assert elsewhere.show("/app/").status_code == 303
            assert ada.show("/app/").status_code == 303
            again = elsewhere.show(link[1])
            assert elsewhere.show(again.headers["location"]).status_code == 410
            assert elsewhere.log_in("Ada", NEW).status_code == 303
        assert len(mails.texts) == 1  # nothing went to nobody@example.org
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    text = log.read_text()
    for told in (
        "signed up: person 1",
        "logged in: person 1",
        "log-in failed: person 1",
        "(no such name)",
    ):
        assert told in text
    assert "reset the password with a link: person 1" in text
    for secret in secrets:
        assert secret not in text
    assert "Traceback" not in text
    assert not list(Path(tempfile.gettempdir()).glob(f"genregenie-uploads-{process.pid}-*"))
    database = b"".join(p.read_bytes() for p in (tmp_path / "data").glob("genregenie.sqlite3*"))
    for secret in {*secrets} - {"Ada", "ada@example.org"}:  # which are kept there, of course
        assert secret.encode() not in database


@pytest.mark.slow
def test_host_and_port_come_from_the_command_line(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    process = started(
        log,
        *("-m", "genregenie", "serve", "--host", "localhost", "--port", str(port)),
        GENREGENIE_DATA_DIR=str(tmp_path / "data"),
        GRADIO_SERVER_NAME="203.0.113.1",
        GRADIO_SERVER_PORT="1",
    )
    try:
        wait_until_up(process, f"http://localhost:{port}", log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What a command that fails writes, in this process and without a port."""
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(startup.faulthandler, "enable", lambda: None)  # it is pytest's
    monkeypatch.setattr(startup.logs, "set_up", lambda *_: None)  # so is the log
    monkeypatch.setattr(startup, "listen", lambda host, port: ([], port))

    def told(*words: str) -> str:
        if words == ("app.py",):
            with pytest.raises(SystemExit) as ended:
                startup.main()  # which is all of it
            return str(ended.value.code)
        assert main([*words]) == 1
        out, err = capfd.readouterr()
        assert out == ""
        return err

    return told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GENREGENIE_GATE", "offf"),
        ("GENREGENIE_SECRET_KEY", "short"),
        ("GENREGENIE_COOKIES", "lax"),
        ("GENREGENIE_PUBLIC_URL", "music.example.org"),
        ("GRADIO_SERVER_PORT", "many"),
        ("GENREGENIE_TRUSTED_PROXIES", "the one over there"),
        ("GENREGENIE_SIGNUP", "by letter"),
        ("GENREGENIE_SIGNUPS_AN_HOUR", "0"),
        ("GENREGENIE_KEPT_MB", "much"),
        ("GENREGENIE_UPLOAD_MB_A_DAY", "-1"),
        ("GENREGENIE_LOG", "xml"),
        ("GENREGENIE_CONNECTIONS", "0"),
        ("GENREGENIE_METRICS_FROM", "over there"),
        ("GENREGENIE_METRICS_TOKEN", "short"),
    ],
)
def test_a_wrong_setting_is_said_in_one_line_and_nothing_starts(
    here: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    for command in ("app.py", "serve"):
        (line,) = here(command).splitlines()
        assert line.removeprefix("genregenie: ").startswith(name)


@pytest.mark.slow
def test_so_it_is_by_a_process(tmp_path: Path) -> None:
    setting = {"GENREGENIE_GATE": "offf", "GENREGENIE_DATA_DIR": str(tmp_path / "data")}
    done = machine.run("app.py", environment=setting, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("GENREGENIE_GATE")


def damage(path: Path, how: str) -> None:
    if how == "cut short":
        os.truncate(path, 9000)
    elif how == "no database":
        path.write_bytes(b"a shopping list, and a long one" * 999)
    elif how == "of a later release":
        with closing(sqlite3.connect(path)) as later:
            later.execute("UPDATE alembic_version SET version_num = '9999'")
            later.commit()


@pytest.mark.parametrize("how", ["cut short", "no database", "of a later release", "away"])
def test_a_database_that_cannot_be_used_is_said_in_one_line(
    here: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    data = tmp_path / "data"
    open_accounts(sqlite_url(data), CHEAP).close()
    damage(data / SQLITE_NAME, how)
    if how == "away":
        monkeypatch.setenv("DATABASE_URL", f"postgresql://genie:secret@/x?host={tmp_path}")
    for command in (["app.py"], ["serve"], ["users", "list"]):
        (line,) = here(*command).splitlines()
        assert "The database " in line
        assert "cannot be used: " in line
        assert "secret" not in line


@pytest.mark.slow
def test_a_database_that_has_gone_is_told_by_health_and_log(tmp_path: Path) -> None:
    port, log, data = free_port(), tmp_path / "log", tmp_path / "data"
    url = f"http://127.0.0.1:{port}"
    process = started(log, "app.py", GENREGENIE_DATA_DIR=str(data), GRADIO_SERVER_PORT=str(port))
    try:
        wait_until_up(process, url, log)
        with Browser(url) as ada, Browser(url) as bea:
            ada.sign_up("Ada")
            (data / SQLITE_NAME).unlink()
            health = httpx.get(url + "/healthz")
            assert (health.status_code, health.json()["status"]) == (503, "failing")
            assert str(tmp_path) not in health.text
            refused = bea.fill("/signup", username="Bea", email="", password=GOOD)
            assert refused.status_code == 503
            assert "nothing can be saved here" in refused.text
            assert ada.show("/account").status_code in (200, 503)
        assert not (data / SQLITE_NAME).exists()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    told = log.read_text()
    assert "it was deleted while it was in use" in told
    assert "Traceback" not in told


@pytest.mark.slow
@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.1, 10.0.0.0/8", 401), ("", 429)])
def test_a_proxy_is_believed_only_where_it_is_trusted(
    tmp_path: Path, trusted: str, status: int
) -> None:
    port, log = free_port(), tmp_path / "log"
    url = f"http://127.0.0.1:{port}"
    process = started(
        log,
        "app.py",
        GENREGENIE_DATA_DIR=str(tmp_path / "data"),
        GRADIO_SERVER_PORT=str(port),
        GENREGENIE_TRUSTED_PROXIES=trusted,
    )
    try:
        wait_until_up(process, url, log)
        with Browser(url) as attacker:
            attacker.headers["x-forwarded-for"] = "203.0.113.1"
            for _ in range(5):
                assert attacker.log_in("Ada", NEW).status_code == 401
            assert attacker.log_in("Ada", NEW).status_code == 429
            attacker.headers["x-forwarded-for"] = "203.0.113.1, 198.51.100.2"
            assert attacker.log_in("Ada", NEW).status_code == status
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
