"""Password rules and hashing, after OWASP's cheat sheets and NIST SP 800-63B.

Eight characters are the floor, fifteen are advised, 128 the maximum; no rules about which
characters; what attackers try first is refused. Stored only as argon2id.
"""

import threading
import unicodedata
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from genregenie.accounts.errors import WeakPasswordError

MIN_LENGTH: Final = 8
ADVISED_LENGTH: Final = 15
MAX_LENGTH: Final = 128

# Two hashes at a time: they would only take the two cores, and 32 MiB each, from one another.
AT_ONCE: Final = 2

# zxcvbn is super-linear in length (1.6 s for 60 hostile characters), so it sees the two ends only.
_JUDGED_LENGTH: Final = 24
_GUESSABLE_BELOW: Final = 2
_CONTEXT_WORDS: Final = ("genregenie", "genre genie", "genre", "genie")


@dataclass(frozen=True)
class HashCost:
    """Parameters of argon2id. The defaults stand above OWASP's floor of 19 MiB and 2 passes."""

    memory_kib: int = 32 * 1024
    passes: int = 2
    lanes: int = 1


def normalize(password: str) -> str:
    """One spelling for what looks the same, so that any keyboard can type it again."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, user_name: str = "") -> None:
    """Let a new password through, or say what is wrong with it.

    Raises
    ------
    WeakPasswordError
        If it is too short, too long, or among the first that attackers try: common passwords,
        words and names, the user's own name, repeats, sequences, keyboard rows and dates
        (fewer than a million guesses by zxcvbn's estimate).
    """
    password = normalize(password)
    if not password:
        raise WeakPasswordError("Please choose a password.")
    if len(password) < MIN_LENGTH:
        raise WeakPasswordError(f"A password has at least {MIN_LENGTH} characters.")
    if len(password) > MAX_LENGTH:
        raise WeakPasswordError(f"A password has at most {MAX_LENGTH} characters.")
    if strength(password, user_name) < _GUESSABLE_BELOW:
        raise WeakPasswordError("This password is among the first that attackers try.")


def strength(password: str, user_name: str = "") -> int:
    """zxcvbn's mark from 0 (guessed at once) to 4 (very hard to guess)."""
    from zxcvbn import zxcvbn  # 30,000 passwords and words: only sign-ups pay for loading them

    password = normalize(password)
    ends = {password[:_JUDGED_LENGTH], password[-_JUDGED_LENGTH:]}
    own_words = [*_CONTEXT_WORDS, *([user_name] if user_name else [])]
    # A long password counts by its better end: what stands beside it only adds guesses.
    return max(int(zxcvbn(end, user_inputs=own_words)["score"]) for end in ends)


class Hasher:
    """argon2id with at most `AT_ONCE` hashes under way, whoever calls and from how many threads."""

    def __init__(self, cost: HashCost | None = None) -> None:
        cost = cost or HashCost()
        self._argon2 = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes
        )
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        # Verified against when nobody has the name, so that unknown names take as long.
        self._nobody = self.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """The argon2id string to store for a password."""
        with self._slots:
            return self._argon2.hash(normalize(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password belongs to the stored hash; the same work when there is none."""
        with self._slots:
            try:
                self._argon2.verify(stored or self._nobody, normalize(password))
            except (VerificationError, InvalidHashError):
                return False
        return bool(stored)

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)
