"""``genregenie backup``, ``restore`` and ``verify``: a copy of everything, and the way back."""

import argparse
import sys

from genregenie.cli.accounts import opened_accounts
from genregenie.cli.arguments import Commands, add_command, folder_path, positive
from genregenie.cli.messages import CommandError
from genregenie.common.formatting import count_of, format_megabytes

_BACKUPS = "a folder of backups, of which the newest is meant; or one of these"


def add_backup(commands: Commands) -> None:
    """Add ``backup`` to the parser's commands."""
    backup = add_command(
        commands, "backup", _backup, "copy accounts and all that is kept, while the app runs"
    )
    backup.add_argument(
        "folder", metavar="DIR", type=folder_path, help="of backups; made where there is none"
    )
    backup.add_argument(
        "--keep",
        metavar="N",
        type=positive,
        default=7,
        help="backups that stay there, the newest (default: 7)",
    )


def add_restore(commands: Commands) -> None:
    """Add ``restore`` to the parser's commands."""
    restore = add_command(
        commands, "restore", _restore, "put a backup into an empty database, of either kind"
    )
    restore.add_argument("folder", metavar="DIR", type=folder_path, help=_BACKUPS)
    restore.add_argument(
        "--replace", action="store_true", help="delete what is there first, after asking"
    )
    restore.add_argument("--yes", action="store_true", help="do not ask")


def add_verify(commands: Commands) -> None:
    """Add ``verify`` to the parser's commands."""
    verify = add_command(
        commands, "verify", _verify, "see whether backups are as they were written"
    )
    verify.add_argument(
        "folder", metavar="DIR", type=folder_path, help="of backups, which are all looked through"
    )


def _backup(options: argparse.Namespace) -> int:
    from genregenie.accounts.backup.write import backup
    from genregenie.accounts.core import utc_now

    with opened_accounts() as accounts:
        done = backup(accounts.db, accounts.blobs, options.folder, utc_now(), options.keep)
        accounts.admin.note("made a backup")
    clips = count_of(done.clips, "clip")
    new = f"{done.copied} new, {format_megabytes(done.copied_bytes)}" if done.copied else "no new"
    print(f"{done.path}: {count_of(done.people, 'account')}, {clips} ({new}).")
    print("It holds secrets: keep it private.")
    if done.missing:
        lost = count_of(done.missing, "clip")
        print(f"{lost} could not be found where they are kept.", file=sys.stderr)
    return 1 if done.missing else 0


def _restore(options: argparse.Namespace) -> int:
    from genregenie.accounts.backup.check import find
    from genregenie.accounts.backup.restore import is_empty, restore

    path = find(options.folder)[-1]
    with opened_accounts() as accounts:
        empty = is_empty(accounts.db, accounts.blobs)
        if options.replace and not empty and not options.yes:
            people = count_of(len(accounts.people.living()), "account")
            question = f"Delete {people} and all that is kept here, for {path}? Type yes: "
            if input(question).strip().lower() != "yes":
                raise CommandError("Nothing was changed.")
        done = restore(accounts.db, accounts.blobs, path, replace=options.replace)
        accounts.admin.note("restored a backup", f"{done.made_at:%Y-%m-%d %H:%M}")
    what = f"{count_of(done.people, 'account')}, {count_of(done.clips, 'clip')}"
    print(f"Restored as of {done.made_at:%Y-%m-%d %H:%M} UTC: {what}.")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from genregenie.accounts.backup.check import Checker, find

    checker, damaged = Checker(), False
    for path in find(options.folder):
        found = checker.check(path)
        damaged = damaged or bool(found.faults)
        for fault in found.faults:
            print(f"{path}: {fault}", file=sys.stderr)
        if found.manifest is not None and not found.faults:
            rows = sum(table.rows for table in found.manifest.tables.values())
            clips = count_of(found.manifest.clips, "clip")
            print(f"{path}: {count_of(rows, 'row')} and {clips}, as they were written.")
    return 1 if damaged else 0
