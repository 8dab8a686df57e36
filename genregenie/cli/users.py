"""``genregenie users``: look after accounts, who looks after them, and who may make one."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from genregenie.cli.accounts import opened_accounts
from genregenie.cli.arguments import Commands, Run, add_command, positive
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

    promote = add_command(
        below,
        "promote",
        _with_accounts(_promote),
        "let somebody look after this server, on the Admin page",
    )
    promote.add_argument("name", metavar="NAME")

    demote = add_command(
        below, "demote", _with_accounts(_demote), "let somebody look after this server no more"
    )
    demote.add_argument("name", metavar="NAME")

    invite = add_command(
        below, "invite", _with_accounts(_invite), "make a code that lets people make an account"
    )
    invite.add_argument(
        "--uses", type=positive, default=1, metavar="N", help="accounts it is for (default: 1)"
    )
    invite.add_argument(
        "--days", type=positive, default=14, metavar="N", help="days it works for (default: 14)"
    )
    invite.add_argument("--note", default="", metavar="TEXT", help="whom it is for")


def _with_accounts(work: _Work) -> Run:
    def run(options: argparse.Namespace) -> int:
        with opened_accounts() as accounts:
            return work(accounts, options)

    return run


def _list(accounts: "Accounts", _options: argparse.Namespace) -> int:
    people = accounts.admin.people()
    if not people:
        print("There are no accounts yet.")
        return 0
    head = f"{'number':>6}  {'name':32}  {'since':10}  {'last seen':16}"
    print(f"{head}  {'devices':>7}  {'role':5}  e-mail")
    for p in people:
        seen = f"{p.last_seen_at:%Y-%m-%d %H:%M}" if p.last_seen_at else "-"
        since = f"{p.id:6}  {p.name:32}  {p.created_at:%Y-%m-%d}"
        role = "admin" if p.admin else "-"
        print(f"{since}  {seen:16}  {p.sessions:7}  {role:5}  {p.email or '-'}")
    return 0


def _reset(accounts: "Accounts", options: argparse.Namespace) -> int:
    code = accounts.recovery.admin_code(options.name)
    print(f"Give {options.name} this code: {code}")
    print("It works once, within 20 minutes, on the page “Forgot your password?”.")
    return 0


def _delete(accounts: "Accounts", options: argparse.Namespace) -> int:
    if not options.yes:
        answer = input(f"Delete {options.name} and everything of theirs? Type the name again: ")
        if answer != options.name:
            raise CommandError("Nothing was deleted.")
    accounts.admin.delete_by_name(options.name)
    print(f"{options.name} is deleted.")
    return 0


def _promote(accounts: "Accounts", options: argparse.Namespace) -> int:
    accounts.admin.promote(options.name)
    print(f"{options.name} looks after this server now, on the Admin page: /admin.")
    return 0


def _demote(accounts: "Accounts", options: argparse.Namespace) -> int:
    accounts.admin.demote(options.name)
    print(f"{options.name} looks after this server no more.")
    return 0


def _invite(accounts: "Accounts", options: argparse.Namespace) -> int:
    code = accounts.invitations.make(options.uses, options.days, options.note)
    times = "once" if options.uses == 1 else f"{options.uses} times"
    days = "1 day" if options.days == 1 else f"{options.days} days"
    print(f"Invitation: {code}")
    print(f"It works {times}, within {days}, on the page “Create an account”.")
    return 0
