"""People for the commands that manage them."""

from tests.accounts.conftest import accounts, clock, database_url, postgres  # noqa: F401
