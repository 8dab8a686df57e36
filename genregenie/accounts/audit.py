"""The audit log: what those who look after the server did, to whom, and when. No secret is in it.

The tokens that people make stand there, too: they let somebody in. A line stays when the account
that it is about goes; after a year it is dropped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from genregenie.accounts.core import Core, log
from genregenie.accounts.tables import AuditRow

COMMAND_LINE: Final = "command line"
"""Who acts there: whoever may read the database."""
KEPT: Final = timedelta(days=365)


@dataclass(frozen=True)
class AuditEntry:
    """One line."""

    done_at: datetime
    actor: str
    action: str
    subject: str
    detail: str


class Audit:
    """Reads the log."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def last(self, most: int) -> list[AuditEntry]:
        """The newest lines, the newest first."""
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(most)
        with self._core.db.read() as session:
            return [
                AuditEntry(row.done_at, row.actor, row.action, row.subject, row.detail)
                for row in session.scalars(query)
            ]


def note(
    session: Session, core: Core, actor: str, action: str, subject: str = "", detail: str = ""
) -> None:
    """Write a line, in the transaction of what it is about: neither is there without the other."""
    session.add(
        AuditRow(done_at=core.clock(), actor=actor, action=action, subject=subject, detail=detail)
    )
    log.info("audit: %s", action)  # who, and about whom, is kept with it


def forget_old(session: Session, core: Core) -> None:
    """Drop what is older than a year."""
    session.execute(delete(AuditRow).where(AuditRow.done_at < core.clock() - KEPT))
