"""Links by which a person shows one result to others.

A result has one link at most, made when its owner asks and dead once taken back, or when the
result or the account is deleted. The token in it is derived from a random seed kept here and a
key kept elsewhere, so that its owner can copy it again while the database alone opens nothing.
A cover is somebody else's picture: it is kept, and shown to others, only where its owner says so.
"""

import hmac
import secrets
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import undefer

from genregenie.accounts.core import Core
from genregenie.accounts.errors import AccountNeededError, NoRoomError
from genregenie.accounts.results import StoredResult, one, summary_of
from genregenie.accounts.tables import Person, ResultRow
from genregenie.accounts.tokens import keyed_token, token_digest

MAX_SHARES: Final = 200
"""Links of one person that work at the same time."""
MAX_COVER_BYTES: Final = 40_000
"""Bytes of the cover that may stand on the page behind a link."""
_SEED_BYTES: Final = 32


class Shares:
    """Makes links, finds what they lead to, and takes them back."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def make(self, person_id: int, number: int, key: bytes) -> str | None:
        """The token of a result's link, which is made if there is none yet.

        Parameters
        ----------
        person_id, number : int
            Whose result, and which.
        key : bytes
            The server's secret. A link made under another key is replaced.

        Returns
        -------
        str or None
            None if this person has no such result.

        Raises
        ------
        AccountNeededError
            For a guest.
        NoRoomError
            With too many links already.
        """
        with self._core.db.write() as session:
            person = session.get(Person, person_id, with_for_update=True)
            if person is not None and person.guest:
                raise AccountNeededError("A link to share needs an account.")
            row = session.scalars(select(ResultRow).where(*one(person_id, number))).first()
            if row is None:
                return None
            token = _token(row, key)
            if token is not None:
                return token
            live = select(func.count()).select_from(ResultRow)
            mine = live.where(ResultRow.person_id == person_id, ResultRow.share_hash.is_not(None))
            if row.share_hash is None and (session.scalar(mine) or 0) >= MAX_SHARES:
                raise NoRoomError(
                    f"You share {MAX_SHARES} results already. Take a link back before "
                    "you make another."
                )
            row.share_seed = secrets.token_bytes(_SEED_BYTES)
            token = keyed_token(key, row.share_seed)
            row.share_hash = token_digest(token)
            row.shared_at = self._core.clock()
            return token

    def token(self, person_id: int, number: int, key: bytes) -> str | None:
        """The token of a link that is there."""
        with self._core.db.read() as session:
            row = session.scalars(select(ResultRow).where(*one(person_id, number))).first()
            return _token(row, key) if row else None

    def take_back(self, person_id: int, number: int) -> None:
        """From now on the link of this result leads nowhere."""
        with self._core.db.write() as session:
            session.execute(
                update(ResultRow)
                .where(*one(person_id, number))
                .values(share_seed=None, share_hash=None, shared_at=None, share_cover=None)
            )

    def show_cover(self, person_id: int, number: int, cover: bytes | None) -> bool:
        """Let others see this cover with a result that has a link, or none; whether they do now.

        Raises
        ------
        ValueError
            If it has more than `MAX_COVER_BYTES`.
        """
        if cover is not None and len(cover) > MAX_COVER_BYTES:
            raise ValueError(f"a cover of {len(cover)} bytes, at most {MAX_COVER_BYTES} are kept")
        with self._core.db.write() as session:
            changed = session.execute(
                update(ResultRow)
                .where(*one(person_id, number), ResultRow.share_hash.is_not(None))
                .values(share_cover=cover)
                .returning(ResultRow.id)
            )
            return changed.first() is not None and cover is not None

    def shows_cover(self, person_id: int, number: int) -> bool:
        """Whether others see a cover with this result."""
        query = select(ResultRow.id).where(
            *one(person_id, number), ResultRow.share_cover.is_not(None)
        )
        with self._core.db.read() as session:
            return session.scalar(query) is not None

    def cover(self, token: str) -> bytes | None:
        """The cover that others see behind a link."""
        query = select(ResultRow.share_cover).where(ResultRow.share_hash == token_digest(token))
        with self._core.db.read() as session:
            return session.scalar(query)

    def find(self, token: str) -> StoredResult | None:
        """The result a link leads to; None for one taken back, expired or made up."""
        query = select(ResultRow).where(ResultRow.share_hash == token_digest(token))
        with self._core.db.read() as session:
            row = session.scalars(query.options(undefer(ResultRow.details))).first()
            return StoredResult(summary_of(row), row.details) if row else None


def _token(row: ResultRow, key: bytes) -> str | None:
    if row.share_seed is None or row.share_hash is None:
        return None
    token = keyed_token(key, row.share_seed)
    return token if hmac.compare_digest(token_digest(token), row.share_hash) else None
