"""Services elsewhere that a server leans on, as the environment says: mail, Spotify, blobs in S3.

Values are read when asked for, like all others in `genregenie.common.settings`.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from genregenie.common import environment
from genregenie.common.environment import SettingsError


@dataclass(frozen=True)
class Smtp:
    """Where reset mails are handed in, and who they come from."""

    host: str
    port: int
    sender: str
    security: str
    user: str | None
    password: str | None = field(repr=False, default=None)


def smtp() -> Smtp | None:
    """Mail server: ``GENREGENIE_SMTP_HOST`` and what goes with it; None when no host is given.

    ``_PORT``, ``_FROM``, ``_USER``, ``_PASSWORD`` and ``_SECURITY``, which is ``starttls``, ``tls``
    or ``none``.

    Raises
    ------
    SettingsError
        If the host is given without a sender, or a value makes no sense.
    """
    host = os.environ.get("GENREGENIE_SMTP_HOST")
    if not host:
        return None
    sender = os.environ.get("GENREGENIE_SMTP_FROM")
    if not sender or "@" not in sender or "\n" in sender or "\r" in sender:
        raise SettingsError("GENREGENIE_SMTP_FROM must be the address that reset mails come from.")
    security = environment.one_of(
        "GENREGENIE_SMTP_SECURITY", ("starttls", "tls", "none"), default="starttls"
    )
    port = environment.port(
        "GENREGENIE_SMTP_PORT", {"starttls": 587, "tls": 465, "none": 25}[security]
    )
    user = os.environ.get("GENREGENIE_SMTP_USER") or None
    if user and security == "none":
        raise SettingsError("GENREGENIE_SMTP_USER needs starttls or tls: no password in the clear.")
    return Smtp(host, port, sender, security, user, os.environ.get("GENREGENIE_SMTP_PASSWORD"))


SPOTIFY_API = "https://api.spotify.com"
SPOTIFY_ACCOUNTS = "https://accounts.spotify.com"


@dataclass(frozen=True)
class SpotifyKeys:
    """What Spotify knows this app by."""

    client_id: str
    client_secret: str = field(repr=False)


def spotify_keys() -> SpotifyKeys | None:
    """``SPOTIPY_CLIENT_ID`` and ``SPOTIPY_CLIENT_SECRET``; None unless both are given."""
    client_id = spotify_client_id()
    secret = os.environ.get("SPOTIPY_CLIENT_SECRET", "").strip()
    return SpotifyKeys(client_id, secret) if client_id and secret else None


def spotify_client_id() -> str | None:
    """``SPOTIPY_CLIENT_ID``, which is no secret; else None."""
    return os.environ.get("SPOTIPY_CLIENT_ID", "").strip() or None


def spotify_market() -> str:
    """Country whose Spotify catalogue is searched: ``GENREGENIE_MARKET``, else ``US``.

    Raises
    ------
    SettingsError
        If it is not a country code of two letters.
    """
    market = (os.environ.get("GENREGENIE_MARKET") or "US").strip().upper()
    if len(market) != 2 or not (market.isascii() and market.isalpha()):
        raise SettingsError("GENREGENIE_MARKET must be a country code of two letters, such as GB.")
    return market


def spotify_api() -> str:
    """Base address of Spotify's Web API: ``GENREGENIE_SPOTIFY_API``, else Spotify's own.

    Raises
    ------
    SettingsError
    """
    return environment.address("GENREGENIE_SPOTIFY_API") or SPOTIFY_API


def spotify_accounts() -> str:
    """Base address of its accounts service: ``GENREGENIE_SPOTIFY_ACCOUNTS``, else Spotify's own.

    Raises
    ------
    SettingsError
    """
    return environment.address("GENREGENIE_SPOTIFY_ACCOUNTS") or SPOTIFY_ACCOUNTS


def spotify_redirect() -> str | None:
    """Address people come back to from Spotify's log-in: ``SPOTIPY_REDIRECT_URI``; None: no log-in.

    Raises
    ------
    SettingsError
    """
    return environment.address("SPOTIPY_REDIRECT_URI")


@dataclass(frozen=True)
class BlobPlace:
    """Where what is too large for a row is kept.

    Attributes
    ----------
    kind : str
        ``database``, ``folder`` or ``s3``.
    where : str
        A folder, or a bucket and what stands before each key in it: ``bucket/prefix``.
    endpoint : str or None
        Of S3, where it is not Amazon's.
    """

    kind: str = "database"
    where: str = ""
    endpoint: str | None = None


_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?")


def blob_place() -> BlobPlace:
    """``GENREGENIE_BLOBS``: ``database``, a folder, or ``s3://bucket/prefix``.

    Of S3's servers other than Amazon's, ``GENREGENIE_S3_ENDPOINT`` is the address.

    Raises
    ------
    SettingsError
        If it is none of these.
    """
    given = (os.environ.get("GENREGENIE_BLOBS") or "").strip()
    if given in ("", "database"):
        return BlobPlace()
    bucket = given.removeprefix("s3://").rstrip("/")
    if given.startswith("s3://") and _BUCKET.fullmatch(bucket):
        endpoint = environment.address("GENREGENIE_S3_ENDPOINT", "https://s3.example.org")
        return BlobPlace("s3", bucket, endpoint)
    folder = Path(given.removeprefix("folder:"))
    if folder.is_absolute():
        return BlobPlace("folder", str(folder))
    raise SettingsError(
        "GENREGENIE_BLOBS must be database, the whole path of a folder, or s3://bucket/prefix."
    )
