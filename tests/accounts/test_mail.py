import smtplib
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from genregenie.accounts.mail import reset_mail, send
from genregenie.accounts.recovery import ResetLink
from genregenie.common.environment import SettingsError
from genregenie.common.services import Smtp, smtp
from tests.machine import free_port

LINK = ResetLink("ada@example.org", "Ada", "the-token")
URL = "https://music.example.org/reset/link?token=the-token"


class Inbox:
    """What a mail server was handed."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Inbox, int]]]:
    running: list[Controller] = []

    def begin(**options: Any) -> tuple[Inbox, int]:
        inbox = Inbox()
        controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        running.append(controller)
        return inbox, controller.port

    yield begin
    for controller in running:
        controller.stop()


def test_the_mail_has_the_link_and_says_what_to_do() -> None:
    message = reset_mail(LINK, URL, "GenreGenie <genie@example.org>")
    assert message["To"] == "ada@example.org"
    assert message["From"] == "GenreGenie <genie@example.org>"
    assert message["Message-ID"].endswith("@example.org>")
    text = message.get_content()
    assert URL in text
    assert "Ada" in text
    assert "20 minutes" in text


def test_a_mail_is_handed_to_the_server(start: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = start()
    server = Smtp("127.0.0.1", port, "genie@example.org", "none", None)
    assert send(reset_mail(LINK, URL, server.sender), server)
    (message,) = inbox.messages
    assert URL in message.get_content()


def test_a_mail_goes_encrypted_and_with_a_login(
    start: Callable[..., tuple[Inbox, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    logins: list[tuple[bytes, bytes]] = []

    def authenticate(_s: Any, _sess: Any, _e: Any, _mechanism: str, data: Any) -> AuthResult:
        logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"open sesame", handled=False)

    inbox, port = start(
        tls_context=context, require_starttls=True, authenticator=authenticate, auth_required=True
    )
    mine = Smtp("127.0.0.1", port, "genie@example.org", "starttls", "genie", "open sesame")
    message = reset_mail(LINK, URL, mine.sender)
    assert not send(message, mine)  # nobody trusts this certificate yet
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert send(message, mine)
    assert len(inbox.messages) == 1
    assert logins == [(b"genie", b"open sesame")]
    wrong = Smtp("127.0.0.1", port, "genie@example.org", "starttls", "genie", "open barley")
    assert not send(message, wrong)
    assert len(inbox.messages) == 1


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError("ada@example.org"), smtplib.SMTPDataError(550, b"the-token")]
)
def test_a_failure_is_logged_by_its_kind_alone(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(smtplib, "SMTP", fail)
    server = Smtp("127.0.0.1", 1, "genie@example.org", "none", None)
    assert not send(reset_mail(LINK, URL, server.sender), server)
    assert type(error).__name__ in caplog.text
    assert "ada@example.org" not in caplog.text
    assert "the-token" not in caplog.text


def test_the_environment_names_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENREGENIE_SMTP_HOST", raising=False)
    assert smtp() is None
    monkeypatch.setenv("GENREGENIE_SMTP_HOST", "mail.example.org")
    with pytest.raises(SettingsError, match="GENREGENIE_SMTP_FROM"):
        smtp()
    monkeypatch.setenv("GENREGENIE_SMTP_FROM", "genie@example.org")
    monkeypatch.setenv("GENREGENIE_SMTP_PASSWORD", "open sesame")
    server = smtp()
    assert server is not None
    assert (server.port, server.security) == (587, "starttls")
    assert "open sesame" not in repr(server)
    monkeypatch.setenv("GENREGENIE_SMTP_SECURITY", "maybe")
    with pytest.raises(SettingsError, match="one of starttls, tls, none"):
        smtp()
    monkeypatch.setenv("GENREGENIE_SMTP_SECURITY", "none")
    monkeypatch.setenv("GENREGENIE_SMTP_USER", "genie")
    with pytest.raises(SettingsError, match="no password in the clear"):
        smtp()
