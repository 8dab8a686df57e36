"""Paths the portal owns, and which paths a person may be sent to."""

from typing import Final
from urllib.parse import quote, urlsplit

HOME: Final = "/app/"
LOGIN: Final = "/login"
HEALTH: Final = "/healthz"
ICON: Final = "/favicon.ico"
ASSETS: Final = "/portal/"

# Reachable without a session, together with the portal's assets by their full names. A path is
# compared whole, never by how it begins, so that no spelling of another path can pass for one.
PUBLIC: Final = frozenset({LOGIN, "/signup", "/signup/codes", "/reset", "/reset/link", "/guest"})
PRIVATE: Final = frozenset({"/account", "/logout"})
_NOT_TARGETS: Final = PUBLIC | {"/logout", HEALTH}


def local_target(wanted: str | None) -> str:
    """Where to send somebody after log-in: `wanted` if it is a path of this site, else the app.

    Nothing that a browser could read as another host passes: no scheme, no second slash, no
    backslash (browsers turn it into a slash), no control characters (browsers drop them).
    """
    if not wanted or len(wanted) > 2000 or not wanted.startswith("/"):
        return HOME
    if wanted.startswith("//") or "\\" in wanted or not wanted.isprintable():
        return HOME
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or parts.path in _NOT_TARGETS:
        return HOME
    return quote(wanted, safe="/?&=#%:;,+@!$'()*~-._[]")


def login_url(wanted: str) -> str:
    """The log-in page, with where to go afterwards."""
    target = local_target(wanted)
    return LOGIN if target == HOME else f"{LOGIN}?next={quote(target, safe='/')}"
