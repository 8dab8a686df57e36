"""kill -9 while accounts are being written: what was confirmed is there, nothing is half there."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.tables import LoginSession, Person, RecoveryCode
from tests.accounts.standins import CHEAP

ROUNDS = 8
OLD = "a calm indigo morning"
NEW = "seven loud orange evenings"

# Writes from a copy of itself for each line it is sent, which is the name of a pipe to confirm on:
# what it needs is loaded once.
_WRITER = f"""
import os, signal, sys
from pathlib import Path
from genregenie.accounts import open_accounts
from genregenie.accounts.passwords import HashCost

def write(pipe):
    said = pipe.open("w")
    def confirm(*words):
        print(*words, file=said, flush=True)
    confirm("ready", os.getpid())
    accounts = open_accounts(sys.argv[1], HashCost(16, 1))
    number = 0
    while True:
        name = f"{{pipe.name}}-{{number}}"
        _, codes = accounts.people.sign_up(name, "", {OLD!r})
        confirm("signed-up", name)
        _, token = accounts.people.log_in(name, {OLD!r})
        confirm("logged-in", name, token)
        if number % 2:
            accounts.recovery.reset_with_code(name, codes[0], {NEW!r})
            confirm("reset", name)
        number += 1

open_accounts(sys.argv[1], HashCost(16, 1)).close()
for line in sys.stdin:
    if os.fork() == 0:
        write(Path(line.strip()))
    assert os.waitstatus_to_exitcode(os.wait()[1]) == -signal.SIGKILL
"""


@pytest.mark.slow
def test_kill_dash_nine_loses_nothing_confirmed_and_leaves_nothing_half(
    database_url: str, tmp_path: Path
) -> None:
    luck = random.Random(20)
    command = [sys.executable, "-c", _WRITER, database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1) as writer:
        assert writer.stdin
        for number in range(ROUNDS):
            pipe = tmp_path / f"round{number}"
            os.mkfifo(pipe)
            writer.stdin.write(f"{pipe}\n")
            lines = _written_until_killed(pipe, luck)
            accounts = open_accounts(database_url, CHEAP)
            try:
                _check_confirmed(accounts, lines)
                _check_whole(accounts)
            finally:
                accounts.close()
    assert writer.returncode == 0


def _written_until_killed(pipe: Path, luck: random.Random) -> list[list[str]]:
    with pipe.open() as said:
        ready, process = said.readline().split()
        assert ready == "ready"
        lines = [said.readline() for _ in range(luck.randrange(1, 12))]
        time.sleep(luck.random() * 0.02)  # anywhere within an operation, not at its end
        os.kill(int(process), signal.SIGKILL)
        lines += said.readlines()
    return [line.split() for line in lines if line.endswith("\n")]


def _check_confirmed(accounts: Accounts, lines: list[list[str]]) -> None:
    reset = {line[1] for line in lines if line[0] == "reset"}
    with accounts.db.read() as session:
        for word, name, *token in lines:
            person = session.scalars(select(Person).where(Person.name == name)).one()
            if word == "logged-in" and person.password_changed_at is None:
                who = accounts.sessions.user_of(token[0])
                assert who is not None
                assert who.name == name
    for name in sorted(reset)[-2:]:
        accounts.people.log_in(name, NEW)
        with accounts.db.write() as session:
            session.execute(LoginSession.__table__.delete().where(_of(name)))


def _of(name: str) -> object:
    return LoginSession.person_id == select(Person.id).where(Person.name == name).scalar_subquery()


def _check_whole(accounts: Accounts) -> None:
    """Each person has all codes and the old password, or one code less and no session at all."""
    codes = select(func.count()).where(RecoveryCode.person_id == Person.id).scalar_subquery()
    sessions = select(func.count()).where(LoginSession.person_id == Person.id).scalar_subquery()
    query = select(Person.name, Person.password_changed_at, codes, sessions)
    with accounts.db.read() as session:
        people = session.execute(query).all()
        assert people
        for name, changed_at, codes_left, open_sessions in people:
            if changed_at is None:
                assert (name, codes_left) == (name, 8)
                assert open_sessions in (0, 1)
            else:
                assert (name, codes_left, open_sessions) == (name, 7, 0)
        if accounts.db.is_sqlite:
            connection = session.connection()
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
