"""Databases of each kind."""

from tests.accounts.conftest import accounts, clock, database_url, postgres  # noqa: F401
