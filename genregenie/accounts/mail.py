"""Reset links by e-mail, through the SMTP server that the environment names."""

import logging
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from genregenie.accounts.recovery import ResetLink
from genregenie.common.services import Smtp

TIMEOUT_S: Final = 15

log = logging.getLogger("genregenie.accounts")


def reset_mail(link: ResetLink, url: str, sender: str) -> EmailMessage:
    """The message that carries a reset link."""
    message = EmailMessage()
    message["Subject"] = "Reset your GenreGenie password"
    message["From"] = sender
    message["To"] = link.email
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"Hello {link.name},\n\n"
        "somebody (hopefully you) asked to reset the password of your GenreGenie account.\n"
        "This link works once, within 20 minutes:\n\n"
        f"{url}\n\n"
        "If it was not you, there is nothing to do: your password stays as it is.\n"
    )
    return message


def send(message: EmailMessage, smtp: Smtp) -> bool:
    """Hand a message to the mail server; False, with a line in the log, when that fails."""
    try:
        with _connect(smtp) as server:
            if smtp.user:
                server.login(smtp.user, smtp.password or "")
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # The kind only: the text of an SMTP error repeats addresses, and may repeat more.
        log.error("a reset mail could not be sent: %s", type(error).__name__)
        return False
    log.info("sent a reset mail")
    return True


def _connect(smtp: Smtp) -> smtplib.SMTP:
    if smtp.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT_S, context=context)
    server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_S)
    if smtp.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server
