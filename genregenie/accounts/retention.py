"""What people heard is kept for so many days, where whoever runs the server says so."""

from datetime import timedelta

from sqlalchemy import delete, select

from genregenie.accounts.core import Core, let_audio_go
from genregenie.accounts.tables import FeedbackRow, Person, ResultRow


def forget_older(core: Core, days: int) -> None:
    """Delete results that are older, with their audio and links, and what was said of verdicts.

    What guests have goes with them, and what nobody's name is on stays: answers where the gate was
    off. Likes are of music rather than of what somebody has heard, and stay as long as the account.

    Raises
    ------
    DatabaseError
    """
    before = core.clock() - timedelta(days=days)
    members = select(Person.id).where(Person.guest.is_(False))
    old = (ResultRow.made_at < before, ResultRow.person_id.in_(members))
    with core.write() as session:
        let_audio_go(session, *old)
        session.execute(delete(ResultRow).where(*old))
        said = (FeedbackRow.said_at < before, FeedbackRow.person_id.in_(members))
        session.execute(delete(FeedbackRow).where(*said))
