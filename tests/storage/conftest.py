"""Databases of each kind."""

from tests.accounts.conftest import (  # noqa: F401
    accounts,
    bucket,
    clock,
    database_url,
    free_port,
    kind,
    new_database_url,
    postgres,
    postgres_with_tables,
    s3_server,
    sqlite_with_tables,
)
