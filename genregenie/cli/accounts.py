"""The accounts, opened for a command."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genregenie.accounts import Accounts


@contextlib.contextmanager
def opened_accounts() -> "Iterator[Accounts]":
    """The accounts of this server, closed at the end.

    Raises
    ------
    DatabaseError, SettingsError
    """
    from genregenie.accounts import open_accounts

    accounts = open_accounts()
    try:
        yield accounts
    finally:
        accounts.close()
