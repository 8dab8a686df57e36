"""Every environment variable GenreGenie reads, in one place.

Values are read when asked for, so tests and long-running processes see changes.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PACKAGE_DIR = Path(__file__).resolve().parent
PROJECT_DIR = PACKAGE_DIR.parent


class SettingsError(ValueError):
    """An environment variable holds a value GenreGenie cannot work with."""


def model_dir() -> Path:
    """Folder of the shipped model: ``GENREGENIE_MODEL``, else ``models/gtzan``."""
    return Path(os.environ.get("GENREGENIE_MODEL") or PROJECT_DIR / "models" / "gtzan")


def data_dir() -> Path:
    """Folder of the training data: ``data`` in ``GENREGENIE_SHARED``, else in ``../shared``."""
    return Path(os.environ.get("GENREGENIE_SHARED") or PROJECT_DIR.parent / "shared") / "data"


def on_space() -> bool:
    """Whether this process runs inside a Hugging Face Space."""
    return bool(os.environ.get("SPACE_ID"))


def server_host() -> str:
    """Address to listen on: ``GRADIO_SERVER_NAME``, else all on a Space, else this machine."""
    return os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if on_space() else "127.0.0.1")  # noqa: S104


def server_port() -> int:
    """Port to listen on: ``GRADIO_SERVER_PORT``, else 7860."""
    return int(os.environ.get("GRADIO_SERVER_PORT") or 7860)


SPOTIFY_API = "https://api.spotify.com"
SPOTIFY_ACCOUNTS = "https://accounts.spotify.com"


@dataclass(frozen=True)
class SpotifyKeys:
    """What Spotify knows this app by."""

    client_id: str
    client_secret: str = field(repr=False)


def spotify_keys() -> SpotifyKeys | None:
    """``SPOTIPY_CLIENT_ID`` and ``SPOTIPY_CLIENT_SECRET``; None unless both are given."""
    client_id = os.environ.get("SPOTIPY_CLIENT_ID", "").strip()
    secret = os.environ.get("SPOTIPY_CLIENT_SECRET", "").strip()
    return SpotifyKeys(client_id, secret) if client_id and secret else None


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
    return _address("GENREGENIE_SPOTIFY_API") or SPOTIFY_API


def spotify_accounts() -> str:
    """Base address of its accounts service: ``GENREGENIE_SPOTIFY_ACCOUNTS``, else Spotify's own.

    Raises
    ------
    SettingsError
    """
    return _address("GENREGENIE_SPOTIFY_ACCOUNTS") or SPOTIFY_ACCOUNTS


def spotify_redirect() -> str | None:
    """Address people come back to from Spotify's log-in: ``SPOTIPY_REDIRECT_URI``; None: no log-in.

    Raises
    ------
    SettingsError
    """
    return _address("SPOTIPY_REDIRECT_URI")


def library_index() -> Path | None:
    """Index of one's own library: ``GENREGENIE_INDEX``, else None for the shipped catalogue."""
    given = os.environ.get("GENREGENIE_INDEX")
    return Path(given) if given else None


def _address(name: str) -> str | None:
    value = (os.environ.get(name) or "").strip()
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{name} must be an address such as https://api.spotify.com.")
    return value.rstrip("/")
