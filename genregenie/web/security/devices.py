"""Device cookies: a browser that has logged in to an account is told apart from strangers.

What others do to an account's name then neither shuts that browser out nor holds it up. After
OWASP's "Device cookies". The cookie opens nothing, holds no name, and is worth nothing for another
account.
"""

import base64
import hashlib
import hmac
import secrets
import time
from datetime import timedelta
from typing import Final

from genregenie.accounts.names import name_key

MAX_AGE: Final = timedelta(days=180)
_DAY_S: Final = 24 * 3600


class Devices:
    """Makes and knows what stands in the cookie: a day, a random name, a signature of both.

    Parameters
    ----------
    key : bytes
        Which only this server has.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, name: str) -> str:
        """What a browser is given that has just logged in to the account of this name."""
        device = f"{int(time.time() // _DAY_S)}.{secrets.token_urlsafe(12)}"
        return f"{device}.{self._sign(device, name)}"

    def known(self, value: str | None, name: str) -> str | None:
        """What tells the browser apart that was given this for this account; else None."""
        device, _, signature = (value or "").rpartition(".")
        if not hmac.compare_digest(self._sign(device, name).encode(), signature.encode()):
            return None
        day = int(device.partition(".")[0])
        return device if time.time() // _DAY_S - day <= MAX_AGE.days else None

    def _sign(self, device: str, name: str) -> str:
        words = f"device\0{device}\0{name_key(name)}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self._key, words, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:24]).decode()
