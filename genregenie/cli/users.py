"""``genregenie users``: list, reset, delete and back up accounts."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from genregenie.cli.accounts import opened_accounts
from genregenie.cli.arguments import Commands, Run, add_command, file_path
from genregenie.cli.messages import CommandError

if TYPE_CHECKING:
    from genregenie.accounts import Accounts

_Work: TypeAlias = "Callable[[Accounts, argparse.Namespace], int]"


def add(commands: Commands) -> None:
    """Add the command, and those below it, to the parser's."""
    users = commands.add_parser("users", help="look after the accounts of this server")
    users.set_defaults(prefix="")
    below = users.add_subparsers(dest="users_command", required=True, metavar="COMMAND")

    add_command(below, "list", _with_accounts(_list), "show who has an account")

    reset = add_command(
        below,
        "reset",
        _with_accounts(_reset),
        "make a code that lets somebody set a new password",
    )
    reset.add_argument("name", metavar="NAME")

    delete = add_command(
        below, "delete", _with_accounts(_delete), "delete an account and everything in it"
    )
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("--yes", action="store_true", help="do not ask")

    backup = add_command(
        below, "backup", _with_accounts(_backup), "copy all accounts into a new SQLite file"
    )
    backup.add_argument("file", metavar="FILE", type=file_path)


def _with_accounts(work: _Work) -> Run:
    def run(options: argparse.Namespace) -> int:
        with opened_accounts() as accounts:
            return work(accounts, options)

    return run


def _list(accounts: "Accounts", _options: argparse.Namespace) -> int:
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


def _reset(accounts: "Accounts", options: argparse.Namespace) -> int:
    code = accounts.recovery.admin_code(options.name)
    print(f"Give {options.name} this code: {code}")
    print("It works once, within 20 minutes, on the page “Forgot your password?”.")
    return 0


def _delete(accounts: "Accounts", options: argparse.Namespace) -> int:
    from genregenie.accounts.admin import delete_person

    if not options.yes:
        answer = input(f"Delete {options.name} and everything of theirs? Type the name again: ")
        if answer != options.name:
            raise CommandError("Nothing was deleted.")
    delete_person(accounts, options.name)
    print(f"{options.name} is deleted.")
    return 0


def _backup(accounts: "Accounts", options: argparse.Namespace) -> int:
    from genregenie.accounts.backup import backup

    people = backup(accounts.db, options.file)
    print(f"Copied into {options.file}: {people} accounts. It holds secrets: keep it private.")
    return 0
