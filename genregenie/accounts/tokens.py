"""Random secrets that are handed out once, and the digests that are kept of them."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

# Crockford's base 32: no I, L, O or U, so that a code can be read out and typed again.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans("OIL", "011")
_CODE_LENGTH: Final = 16
CODES_EACH: Final = 8


def new_token() -> str:
    """256 random bits for a cookie or a link, URL-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def keyed_token(key: bytes, seed: bytes) -> str:
    """A token like `new_token`'s that can be made again, but only with the key and the seed."""
    digest = hmac.new(key, b"token\0" + seed, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def new_code() -> str:
    """80 random bits for people to write down, such as ``7QK2-M4XR-T9HD-W3BN``."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    return "-".join(code[i : i + 4] for i in range(0, _CODE_LENGTH, 4))


def token_digest(token: str) -> bytes:
    """SHA-256 of a token. No slow hash is needed for a secret that nobody can guess."""
    return hashlib.sha256(b"token\0" + token.encode()).digest()


def code_digest(code: str) -> bytes:
    """SHA-256 of a code, however it was typed: case, dashes, blanks and O for 0 do not matter."""
    letters = "".join(c for c in code.upper() if c.isalnum()).translate(_LOOKALIKES)
    return hashlib.sha256(b"code\0" + letters.encode()).digest()
