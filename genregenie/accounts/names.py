"""Rules for user names and e-mail addresses. Pure: text in, text out, or an error that says why."""

import re
import unicodedata

from genregenie.accounts.errors import InvalidEmailError, InvalidNameError

NAME_MIN = 3
NAME_MAX = 32
GUEST_PREFIX = "guest-"

_NAME = re.compile(r"[^\W_]([\w.\-]*[^\W_])?")
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+\.[^\s@<>()\[\],;:\\\".]{2,}")


def name_key(name: str) -> str:
    """The form under which two spellings of a user name are the same person.

    Also what throttling and look-ups use for names that may not exist; it never raises.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())


def check_name(name: str) -> str:
    """The user name as it will be stored: trimmed, in Unicode's composed form.

    Raises
    ------
    InvalidNameError
        If it is not 3 to 32 letters, digits, ``.``, ``_`` or ``-``, starts or ends with a sign,
        or could be mistaken for a guest.
    """
    name = unicodedata.normalize("NFKC", name.strip())
    if not name:
        raise InvalidNameError("Please choose a user name.")
    if not NAME_MIN <= len(name) <= NAME_MAX or len(name_key(name)) > 2 * NAME_MAX:
        raise InvalidNameError(f"A user name has {NAME_MIN} to {NAME_MAX} characters.")
    if not _NAME.fullmatch(name):
        raise InvalidNameError(
            "A user name has letters, digits, dots, dashes and underscores only, "
            "and starts and ends with a letter or digit."
        )
    if name_key(name).startswith(GUEST_PREFIX):
        raise InvalidNameError("Names beginning with “guest-” are kept for guests.")
    return name


def check_email(email: str) -> str | None:
    """The address, trimmed; None for an empty one, since giving an address is optional.

    Raises
    ------
    InvalidEmailError
        If it cannot be an address. Whether it exists is only known by sending to it.
    """
    email = unicodedata.normalize("NFKC", email.strip())
    if not email:
        return None
    if len(email) > 254 or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise InvalidEmailError("That is no e-mail address. You may leave the field empty.")
    return email


def email_key(email: str) -> str:
    """The form under which two spellings of an address are looked up as the same."""
    return name_key(email)
