"""Everything of one person: the JSON they may download.

Each part that keeps something for people writes its section; a new one adds a line here. Secrets,
also hashed ones, have no place in it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy.orm import Session

from genregenie.accounts import daily, feedback, opinions, people, results, sessions
from genregenie.accounts.core import Json
from genregenie.storage.database import Database

Section = Callable[[Session, int], Json]
"""Gets a session of the database and the person's number; gives what JSON can hold."""

SECTIONS: Final[Mapping[str, Section]] = {
    "account": people.section,
    "sessions": sessions.section,
    "feedback": feedback.section,
    "opinions": opinions.section,
    "results": results.section,
    "daily": daily.section,
}
"""By name, in the order of the download."""


def export_person(db: Database, person_id: int) -> dict[str, Json]:
    """All sections for one person."""
    with db.read() as session:
        return {name: section(session, person_id) for name, section in SECTIONS.items()}
