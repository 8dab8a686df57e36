"""Paths the portal owns, and which paths a person may be sent to."""

import re
from typing import Final
from urllib.parse import quote, urlsplit

LANDING: Final = "/"
APP: Final = "/app"
HOME: Final = f"{APP}/"
LOGIN: Final = "/login"
SIGNUP: Final = "/signup"
GUEST: Final = "/guest"
ACCOUNT: Final = "/account"
ADMIN: Final = "/admin"
LOGOUT: Final = "/logout"
GUIDE: Final = "/guide"
HEALTH: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"
"""Both for who looks after the server; `genregenie.web.portal.health` knows them."""
ICON: Final = "/favicon.ico"
MANIFEST: Final = "/manifest.json"
"""Who has the app on a home screen may look for it here; the pages name the file itself."""
ASSETS: Final = "/portal/"
SPOTIFY_LOGIN: Final = "/spotify/connect"
HISTORY_CSV: Final = "/history/results.csv"
HISTORY_JSON: Final = "/history/results.json"
LIBRARY_MAP: Final = "/library"
LIBRARY_SOUND: Final = f"{LIBRARY_MAP}/sound/"
LIBRARY_COVER: Final = f"{LIBRARY_MAP}/cover/"
"""A little of a song of the server's own library, and its cover: by edition and number."""
LIBRARY_PLAYLIST: Final = f"{LIBRARY_MAP}/playlist"
LIBRARY_SMOOTH: Final = f"{LIBRARY_MAP}/smooth"
LIBRARY_SPOTIFY: Final = f"{LIBRARY_MAP}/spotify"
"""What the map asks for playlists; each takes a form."""
API: Final = "/api"
"""For programs: nobody comes in there with a session."""
V1: Final = f"{API}/v1"
API_CLASSIFY: Final = f"{V1}/classify"
API_HISTORY: Final = f"{V1}/history"
API_FEEDBACK: Final = f"{V1}/feedback"
API_DESCRIPTION: Final = f"{V1}/openapi.json"
UPLOADS: Final = frozenset({f"{APP}/gradio_api/upload", API_CLASSIFY})
"""Where people, and their programs, send clips; without a slash at the end."""
MCP: Final = f"{APP}/gradio_api/mcp"
"""For assistants that call tools; without a slash at the end."""

# Reachable without a session, together with the portal's assets by their full names. A path is
# compared whole, never by how it begins, so that no spelling of another path can pass for one.
PUBLIC: Final = frozenset({LANDING, LOGIN, SIGNUP, "/signup/codes", "/reset", "/reset/link", GUEST})
PRIVATE: Final = frozenset({ACCOUNT, ADMIN, LOGOUT})
# A link somebody shares, and its preview picture; whether it leads anywhere, its page says.
_SHARED: Final = re.compile(r"/s/[A-Za-z0-9_-]{1,100}(/card\.png)?")
_NOT_TARGETS: Final = PUBLIC | {LOGOUT, HEALTH, READY, METRICS}


def from_app(path: str) -> str:
    """How Gradio's page, which is at `HOME`, names another path, wherever the app lies."""
    return f"..{path}"


def share_path(token: str) -> str:
    """The page that a share link leads to."""
    return f"/s/{token}"


def is_shared(path: str) -> bool:
    """Whether this is the address of a shared result or of its picture: open to everybody."""
    return _SHARED.fullmatch(path) is not None


def is_api(path: str) -> bool:
    """Whether this is an address for programs alone."""
    return path == API or path.startswith(f"{API}/")


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
