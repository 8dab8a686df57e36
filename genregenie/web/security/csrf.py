"""Two guards against requests that another site makes a browser send.

First, for every request that changes something, the browser's own word on where it comes from;
second, in every form, a token that only our own page can contain.
"""

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def from_other_site(connection: HTTPConnection, public_url: str | None = None) -> bool:
    """Whether a browser says that another site caused this request.

    ``Sec-Fetch-Site`` where it is sent, else ``Origin`` against the host asked for. With neither
    it is no browser of the last years, whose cookies nobody else can use, and may pass (the rule
    of Go's CrossOriginProtection and OWASP's sheet). ``same-site`` does not pass: on a laptop all
    ports of localhost are one site.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = connection.headers.get("origin")
    if origin is None:
        return False
    own = {connection.headers.get("host", "").lower()}
    if public_url:
        own.add(urlsplit(public_url).netloc.lower())
    try:
        return urlsplit(origin).netloc.lower() not in own - {""}
    except ValueError:
        return True


class FormTokens:
    """Tokens bound to one browser's secret cookie by a key that only this server has."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, secret: str) -> str:
        """The token for the browser whose cookie holds `secret`."""
        digest = hmac.new(self._key, b"form\0" + secret.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def check(self, secret: str | None, token: str) -> bool:
        """Whether the token was made for this secret."""
        if not secret:
            return False
        return hmac.compare_digest(self.make(secret).encode(), token.encode())
