"""How this server was asked to run, read once from the settings."""

import contextlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.datastructures import URL

from genregenie.common import limits, services, settings
from genregenie.common.files import creating
from genregenie.common.formatting import reason
from genregenie.web.serving.watchers import Watchers

KEY_NAME: Final = "secret-key"


@dataclass(frozen=True)
class WebConfig:
    """Everything the portal and the gate need to know.

    Attributes
    ----------
    gate : str
        ``on``, ``demo`` or ``off``.
    cookies : str
        ``http``, ``https`` or ``space``.
    key : bytes
        Signs form tokens.
    public_url : str or None
        Address for links in e-mails, with its path, without a slash at the end.
    smtp : services.Smtp or None
        Where mails are handed in; None turns mailed links off.
    ephemeral : bool
        Whether accounts are lost at the next restart.
    guests : limits.GuestLimits
        What guests may take up where the gate lets them in.
    signup : limits.SignupRules
        Who may make an account.
    quotas : limits.Quotas
        What people with an account may take up.
    keep_days : int or None
        For how many days what people heard is kept; None: for ever.
    uploads : limits.UploadLimits
        What one person may upload.
    watchers : Watchers
        Who may see how the server is.
    root_path : str
        What all paths begin with for people: empty, or such as ``/genre``.
    proxies : tuple of str
        Addresses and networks whose word on whom they ask for counts.
    mcp : bool
        Whether assistants may call what the page can do, with a token.
    """

    gate: str = "on"
    cookies: str = "http"
    key: bytes = field(repr=False, default_factory=lambda: secrets.token_bytes(32))
    public_url: str | None = None
    smtp: services.Smtp | None = None
    ephemeral: bool = False
    guests: limits.GuestLimits = field(default_factory=limits.GuestLimits)
    signup: limits.SignupRules = field(default_factory=limits.SignupRules)
    quotas: limits.Quotas = field(default_factory=limits.Quotas)
    keep_days: int | None = None
    uploads: limits.UploadLimits = field(default_factory=limits.UploadLimits)
    watchers: Watchers = field(default_factory=Watchers)
    root_path: str = ""
    proxies: tuple[str, ...] = ()
    mcp: bool = False

    @classmethod
    def from_settings(cls, host: str | None = None) -> "WebConfig":
        """What the environment says.

        Parameters
        ----------
        host : str, optional
            What is listened on, where that is not what the environment says.

        Raises
        ------
        SettingsError
            If a variable holds a value that makes no sense.
        """
        return cls(
            gate=settings.gate_mode(host),
            cookies=settings.cookie_profile(),
            key=load_key(),
            public_url=settings.public_url(),
            smtp=services.smtp(),
            ephemeral=settings.on_space() and settings.database_url() is None,
            guests=limits.guest_limits(),
            signup=limits.signup_rules(),
            quotas=limits.quotas(),
            keep_days=limits.keep_days(),
            watchers=Watchers.from_settings(),
            uploads=limits.upload_limits(),
            root_path=settings.root_path(),
            proxies=tuple(settings.trusted_proxies()),
            mcp=settings.mcp(),
        )

    @property
    def mails(self) -> bool:
        """Whether reset links can be mailed: that takes a server and an address of ours."""
        return self.smtp is not None and self.public_url is not None

    def address(self, asked: URL) -> str:
        """Where this server is for others, without a slash at the end.

        Parameters
        ----------
        asked : URL
            What a browser asked for, which says it where nobody else has.
        """
        return self.public_url or f"{asked.scheme}://{asked.netloc}{self.root_path}"


def load_key() -> bytes:
    """The signing key: the environment's, else one made at first start, kept in the data folder.

    Raises
    ------
    SettingsError
        If the key cannot be kept there, or is one that this account may not read.
    """
    given = settings.secret_key()
    if given is not None:
        return given.encode()
    path = settings.ready_data_dir() / KEY_NAME
    try:
        if not path.exists():
            _make_key(path)
        return path.read_text().strip().encode()
    except OSError as error:
        raise settings.SettingsError(
            f"The signing key {path} cannot be used: {reason(error)}. "
            "Set GENREGENIE_DATA_DIR to another folder."
        ) from None


def _make_key(path: Path) -> None:
    # Of two processes starting at once, both read the first one's.
    with contextlib.suppress(FileExistsError), creating(path) as draft:
        draft.write_text(secrets.token_hex(32))
