"""People: who they are, how they prove it, and how they get back in.

Knows nothing of audio and nothing of the web. Every method is synchronous and safe to call from
several threads; the web runs them off its event loop.
"""

from genregenie.accounts.errors import AccountError
from genregenie.accounts.service import Accounts, open_accounts
from genregenie.storage.database import sqlite_url

__all__ = ["AccountError", "Accounts", "open_accounts", "sqlite_url"]
