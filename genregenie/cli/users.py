"""The ``genregenie users`` command: list, reset, delete and back up accounts.

Argument parsing only; the database is loaded when one of the commands runs.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genregenie.accounts import Accounts


def add_users_command(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add ``users`` and what is below it; each sets ``run(arguments) -> int``."""
    users = subparsers.add_parser("users", help="look after the accounts of this server")
    commands = users.add_subparsers(dest="users_command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="show who has an account")
    listing.set_defaults(run=_with_accounts(_list))

    reset = commands.add_parser("reset", help="make a code that lets somebody set a new password")
    reset.add_argument("name", metavar="NAME")
    reset.set_defaults(run=_with_accounts(_reset))

    delete = commands.add_parser("delete", help="delete an account and everything in it")
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(run=_with_accounts(_delete))

    backup = commands.add_parser("backup", help="copy all accounts into a new SQLite file")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.set_defaults(run=_with_accounts(_backup))


def _with_accounts(command: Any) -> Any:
    def run(arguments: argparse.Namespace) -> int:
        from genregenie.accounts import AccountError, open_accounts
        from genregenie.common.settings import SettingsError
        from genregenie.storage.database import DatabaseError

        try:
            accounts = open_accounts()
            try:
                return int(command(accounts, arguments))
            finally:
                accounts.close()
        except (AccountError, DatabaseError, SettingsError, OSError) as error:
            print(error, file=sys.stderr)
        return 1

    return run


def _list(accounts: "Accounts", _arguments: argparse.Namespace) -> int:
    from genregenie.accounts.admin import list_people

    people = list_people(accounts)
    if not people:
        print("There are no accounts yet.")
        return 0
    print(f"{'name':32}  {'since':10}  {'last seen':16}  {'devices':>7}  e-mail")
    for p in people:
        seen = f"{p.last_seen_at:%Y-%m-%d %H:%M}" if p.last_seen_at else "-"
        print(f"{p.name:32}  {p.created_at:%Y-%m-%d}  {seen:16}  {p.sessions:7}  {p.email or '-'}")
    return 0


def _reset(accounts: "Accounts", arguments: argparse.Namespace) -> int:
    code = accounts.recovery.admin_code(arguments.name)
    print(f"Give {arguments.name} this code: {code}")
    print("It works once, within 20 minutes, on the page “Forgot your password?”.")
    return 0


def _delete(accounts: "Accounts", arguments: argparse.Namespace) -> int:
    from genregenie.accounts.admin import delete_person

    if not arguments.yes:
        answer = input(f"Delete {arguments.name} and everything of theirs? Type the name again: ")
        if answer != arguments.name:
            print("Nothing was deleted.", file=sys.stderr)
            return 1
    delete_person(accounts, arguments.name)
    print(f"{arguments.name} is deleted.")
    return 0


def _backup(accounts: "Accounts", arguments: argparse.Namespace) -> int:
    from genregenie.accounts.backup import backup

    people = backup(accounts.db, arguments.file)
    print(f"Copied into {arguments.file}: {people} accounts. It holds secrets: keep it private.")
    return 0
