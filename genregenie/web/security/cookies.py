"""The portal's cookies, marked the way the place it runs in needs.

``http``   a laptop: ``SameSite=Lax``.
``https``  a server of one's own: ``__Host-`` name, ``Secure; SameSite=Lax``.
``space``  inside an iframe of huggingface.co: ``Secure; SameSite=None; Partitioned``, the only
combination Chromium stores there.
"""

from typing import Final

from starlette.requests import HTTPConnection

SESSION: Final = "genregenie"
VISITOR: Final = "genregenie-visitor"
RESET: Final = "genregenie-reset"
DEVICE: Final = "genregenie-device"
SERVER: Final = "genregenie-server"

_FLAGS: Final = {
    "http": "HttpOnly; SameSite=Lax",
    "https": "HttpOnly; Secure; SameSite=Lax",
    "space": "HttpOnly; Secure; SameSite=None; Partitioned",
}


class Cookies:
    """Reads and writes cookies of one profile.

    The headers are written by hand, since Starlette refuses ``Partitioned`` before Python 3.14.
    """

    def __init__(self, profile: str) -> None:
        self._flags = _FLAGS[profile]
        self._prefix = "" if profile == "http" else "__Host-"

    def read(self, connection: HTTPConnection, name: str) -> str | None:
        """The cookie's value, or None. Too long for one of ours counts as none."""
        value = connection.cookies.get(self._prefix + name)
        return value if value and len(value) <= 128 and value.isascii() else None

    def store(self, name: str, value: str, max_age_s: int | None = None) -> tuple[str, str]:
        """The header that sets a cookie; without an age it goes when the browser is closed."""
        age = f"; Max-Age={max_age_s}" if max_age_s is not None else ""
        return "set-cookie", f"{self._prefix}{name}={value}; Path=/{age}; {self._flags}"

    def drop(self, name: str) -> tuple[str, str]:
        """The header that removes a cookie."""
        return self.store(name, "", 0)
