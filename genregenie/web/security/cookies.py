"""The portal's cookies, marked the way the place it runs in needs.

``http``   a laptop: ``SameSite=Lax``; what was asked for by https gets the next ones.
``https``  a server of one's own: ``__Host-`` name, ``Secure; SameSite=Lax``.
``space``  inside an iframe of huggingface.co: ``Secure; SameSite=None; Partitioned``, the only
combination Chromium stores there.

Under a path (``/genre``) they are for that path alone, so that no other app of the host is sent
them; then the name begins with ``__Secure-``, since ``__Host-`` takes the path ``/``. It ends with
the path: of two cookies of one name, for ``/`` and for ``/genre``, a browser sends both.
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

    def __init__(self, profile: str, root_path: str = "") -> None:
        self._profile = profile
        self._root = root_path

    def read(self, connection: HTTPConnection, name: str) -> str | None:
        """The cookie's value, or None. Too long for one of ours counts as none."""
        value = connection.cookies.get(self._written(self._profile_of(connection), name))
        return value if value and len(value) <= 128 and value.isascii() else None

    def store(
        self, connection: HTTPConnection, name: str, value: str, max_age_s: int | None = None
    ) -> tuple[str, str]:
        """The header that sets a cookie; without an age it goes when the browser is closed."""
        profile = self._profile_of(connection)
        age = f"; Max-Age={max_age_s}" if max_age_s is not None else ""
        written = f"{self._written(profile, name)}={value}"
        return "set-cookie", f"{written}; Path={self._root}/{age}; {_FLAGS[profile]}"

    def drop(self, connection: HTTPConnection, name: str) -> tuple[str, str]:
        """The header that removes a cookie."""
        return self.store(connection, name, "", 0)

    def _profile_of(self, connection: HTTPConnection) -> str:
        secure = connection.scope.get("scheme") in ("https", "wss")
        return "https" if secure and self._profile == "http" else self._profile

    def _written(self, profile: str, name: str) -> str:
        kept = "__Secure-" if self._root else "__Host-"
        return f"{'' if profile == 'http' else kept}{name}{self._root.replace('/', '.')}"
