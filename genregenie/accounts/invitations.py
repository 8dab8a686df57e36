"""Invitations: codes that let somebody make an account where not everybody may.

A code works as often as whoever made it said, until it expires or is revoked. It is shown once and
kept as a digest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from genregenie.accounts import audit
from genregenie.accounts.core import Core
from genregenie.accounts.errors import NotAllowedError
from genregenie.accounts.tables import InvitationRow
from genregenie.accounts.tokens import code_digest, new_code

USUAL_DAYS: Final = 14
MAX_DAYS: Final = 366
MAX_USES: Final = 10_000
MAX_NOTE_LENGTH: Final = 100


@dataclass(frozen=True)
class Invitation:
    """One that could still be used."""

    id: int
    note: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    uses: int
    used: int


class Invitations:
    """Makes, lists and revokes them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def make(
        self,
        uses: int = 1,
        days: int = USUAL_DAYS,
        note: str = "",
        by: str = audit.COMMAND_LINE,
    ) -> str:
        """A new code, to be shown once.

        Parameters
        ----------
        uses : int
            How many accounts may be made with it.
        days : int
            How long it works.
        note : str
            For whom it is, say.
        by : str
            Who invites, for the audit log.

        Raises
        ------
        NotAllowedError
            If it is for more accounts, or for longer, than an invitation may be.
        """
        if not (0 < uses <= MAX_USES and 0 < days <= MAX_DAYS):
            raise NotAllowedError(
                f"An invitation is for 1 to {MAX_USES} accounts, and for 1 to {MAX_DAYS} days."
            )
        now, code = self._core.clock(), new_code()
        note = " ".join(note.split())[:MAX_NOTE_LENGTH]
        with self._core.db.write() as session:
            session.add(
                InvitationRow(
                    code_hash=code_digest(code),
                    note=note,
                    made_by=by,
                    made_at=now,
                    expires_at=now + timedelta(days=days),
                    uses=uses,
                    used=0,
                )
            )
            audit.note(session, self._core, by, "invited", note, f"accounts: {uses}, days: {days}")
        return code

    def revoke(self, number: int, by: str) -> bool:
        """Have one work no more; whether it was there."""
        gone = delete(InvitationRow).where(InvitationRow.id == number)
        with self._core.db.write() as session:
            note = session.scalar(gone.returning(InvitationRow.note))
            if note is not None:
                audit.note(session, self._core, by, "revoked an invitation", note)
        return note is not None

    def open(self) -> list[Invitation]:
        """Those that could still be used, the newest first."""
        query = select(InvitationRow).where(*_usable(self._core)).order_by(InvitationRow.id.desc())
        with self._core.db.read() as session:
            return [
                Invitation(r.id, r.note, r.made_by, r.made_at, r.expires_at, r.uses, r.used)
                for r in session.scalars(query)
            ]


def works(core: Core, code: str) -> bool:
    """Whether a code could be used just now."""
    query = select(InvitationRow.id).where(
        InvitationRow.code_hash == code_digest(code), *_usable(core)
    )
    with core.db.read() as session:
        return session.scalar(query) is not None


def redeem(session: Session, core: Core, code: str) -> bool:
    """Use a code once, within the caller's transaction; whether that was possible."""
    used = session.execute(
        update(InvitationRow)
        .where(InvitationRow.code_hash == code_digest(code), *_usable(core))
        .values(used=InvitationRow.used + 1)
        .returning(InvitationRow.id)
    )
    return used.first() is not None


def forget_old(session: Session, core: Core) -> None:
    """Drop those that have expired."""
    session.execute(delete(InvitationRow).where(InvitationRow.expires_at <= core.clock()))


def _usable(core: Core) -> list[ColumnElement[bool]]:
    return [InvitationRow.expires_at > core.clock(), InvitationRow.used < InvitationRow.uses]
