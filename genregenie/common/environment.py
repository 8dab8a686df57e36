"""What stands in an environment variable, as what it has to be, or a sentence that says so."""

import ipaddress
import os
from urllib.parse import urlsplit

from genregenie.common.errors import GenreGenieError


class SettingsError(GenreGenieError):
    """An environment variable holds a value GenreGenie cannot work with."""


def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of a few words, whatever its case.

    Raises
    ------
    SettingsError
    """
    value = (os.environ.get(name) or default).strip().lower()
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}.")
    return value


def number(name: str, default: int, most: int = 100_000, what: str = "a whole number") -> int:
    """A whole number from 1 to `most`; `what` is what people call it.

    Raises
    ------
    SettingsError
    """
    value = (os.environ.get(name) or str(default)).strip()
    if not value.isascii() or not value.isdigit() or len(value) > 9 or not 0 < int(value) <= most:
        raise SettingsError(f"{name} must be {what}, 1 to {most}.")
    return int(value)


def optional_number(name: str) -> int | None:
    """A whole number as `number` takes it; None where there is none.

    Raises
    ------
    SettingsError
    """
    return number(name, 0) if (os.environ.get(name) or "").strip() else None


def port(name: str, default: int) -> int:
    """The number of a port.

    Raises
    ------
    SettingsError
    """
    return number(name, default, 65535, "a port number")


def address(name: str, example: str = "https://api.spotify.com") -> str | None:
    """The address of a server, without a slash at the end; None where there is none.

    `example` is what one looks like.

    Raises
    ------
    SettingsError
    """
    value = (os.environ.get(name) or "").strip()
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{name} must be an address such as {example}.")
    return value.rstrip("/")


def networks(name: str) -> list[str]:
    """Addresses and networks, with commas between them; empty where there are none.

    Raises
    ------
    SettingsError
    """
    given = os.environ.get(name, "").split(",")
    try:
        return [str(ipaddress.ip_network(part.strip())) for part in given if part.strip()]
    except ValueError:
        raise SettingsError(
            f"{name} must be addresses or networks with commas between them, "
            "such as 127.0.0.1, 10.0.0.0/8."
        ) from None
