"""Security headers: strict for the portal's own pages, what Gradio can live with for the app."""

from typing import Final

from starlette.datastructures import MutableHeaders

from genregenie.web.paths import LANDING, LIBRARY_MAP, is_shared

# What the page shows from elsewhere: Spotify's artwork and its player, nothing more.
_ARTWORK: Final = "https://i.scdn.co https://*.spotifycdn.com"
_PLAYER: Final = "https://open.spotify.com"

_PORTAL: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'"
)
# What shows a result runs no script at all; its plots carry their colours and lengths with them.
_SHOWN: Final = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'"
)
_SHARED: Final = f"{_SHOWN}; form-action 'none'"
_LANDING: Final = f"{_SHOWN}; form-action 'self'"
# Its own element names the one script and the one style that it has by what they hold.
_LIBRARY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'"
)
# Gradio's page is started by inline scripts and builds styles and workers at run time.
_APP: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    f"img-src 'self' data: blob: {_ARTWORK}; media-src 'self' data: blob:; "
    f"connect-src 'self' data: blob:; worker-src 'self' blob:; frame-src {_PLAYER}; "
    "object-src 'none'; form-action 'self'; base-uri 'self'"
)


class SecurityHeaders:
    """Puts the headers for one cookie profile onto responses."""

    def __init__(self, profile: str) -> None:
        framed = profile == "space"
        ancestors = "https://huggingface.co" if framed else "'none'"
        self._ancestors = f"frame-ancestors {ancestors}"
        self._always = {
            "x-content-type-options": "nosniff",
            # Not no-referrer: with it browsers send "Origin: null" along with our own forms.
            "referrer-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": (
                "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)"
            ),
        }
        if not framed:
            self._always["x-frame-options"] = "DENY"
            self._always["cross-origin-opener-policy"] = "same-origin"
        if profile != "http":
            self._always["strict-transport-security"] = "max-age=31536000"

    def apply(self, headers: MutableHeaders, path: str) -> None:
        """Add what belongs on a response for `path`; a stricter header already there stays."""
        for name, value in self._always.items():
            headers.setdefault(name, value)
        headers["content-security-policy"] = f"{_policy(path)}; {self._ancestors}"
        if path.startswith(("/app/assets/", "/app/static/")):
            # Gradio's own program, the same for everybody, under names that change with it.
            headers.setdefault("cache-control", "private, max-age=604800")
        elif not path.startswith("/portal/"):
            # So that the back button shows nothing after log-out.
            headers["cache-control"] = "no-store"


def _policy(path: str) -> str:
    if path == LANDING:
        return _LANDING
    if path == LIBRARY_MAP:
        return _LIBRARY
    if is_shared(path):
        return _SHARED
    return _APP if path == "/app" or path.startswith("/app/") else _PORTAL
