"""Databases of each kind."""

from tests.accounts.conftest import (  # noqa: F401
    accounts,
    clock,
    database_url,
    kind,
    new_database_url,
    postgres,
    postgres_with_tables,
    sqlite_with_tables,
)
