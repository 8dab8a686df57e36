"""The numbers that rows are given: how far a table has counted, in either database."""

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.sql import FromClause

from genregenie.accounts.backup.layout import TableEntry


def last_number(session: Session, table: FromClause, name: str) -> int:
    """The highest number that a row was ever given, as far as the database knows; else 0."""
    if "id" not in table.c:
        return 0
    highest = session.scalar(select(func.max(table.c.id))) or 0
    return max(highest, _counted(session, name))


def count_on(session: Session, tables: dict[str, TableEntry]) -> None:
    """Have each table go on counting after these, whatever rows it has."""
    counting = {name: entry for name, entry in tables.items() if entry.last_number}
    for name, entry in counting.items():
        if entry.last_number <= _counted(session, name):
            continue
        given = {"name": name, "last": entry.last_number}
        if not _is_sqlite(session):
            setting = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
            session.execute(setting, given)
        elif _counts(session, name):
            session.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), given)
            session.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), given)


def _counted(session: Session, name: str) -> int:
    if _is_sqlite(session):
        if not _counts(session, name):
            return 0
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return session.scalar(query, {"name": name}) or 0
    sequence = session.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": name})
    known = text("SELECT pg_sequence_last_value(CAST(:sequence AS regclass))")
    return session.scalar(known, {"sequence": sequence}) or 0 if sequence else 0


def _counts(session: Session, name: str) -> bool:
    """Whether SQLite remembers numbers of this table whose rows are gone."""
    made = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    return "AUTOINCREMENT" in (session.scalar(made, {"name": name}) or "")


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
