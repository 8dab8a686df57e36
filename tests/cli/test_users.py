import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.admission import Admission
from genregenie.cli.main import main
from genregenie.common.limits import SignupRules

GOOD = "a calm indigo morning"
NEW = "seven loud orange evenings"


@pytest.fixture
def accounts(new_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    monkeypatch.setenv("DATABASE_URL", new_database_url)
    opened = open_accounts()
    yield opened
    opened.close()


def test_list(accounts: Accounts, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "list"]) == 0
    assert "no accounts" in capsys.readouterr().out
    accounts.people.sign_up("Ada", "ada@example.org", GOOD)
    accounts.people.sign_up("Bea", "", GOOD)
    accounts.people.log_in("Ada", GOOD)
    accounts.guests.add()
    assert main(["users", "list"]) == 0
    head, ada, bea = capsys.readouterr().out.splitlines()
    assert head.split() == ["number", "name", "since", "last", "seen", "devices", "role", "e-mail"]
    assert ada.split()[1] == "Ada"
    assert ada.split()[-3:] == ["1", "-", "ada@example.org"]
    assert bea.split()[-4:] == ["-", "0", "-", "-"]


def test_reset_gives_a_code_that_works(
    accounts: Accounts, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    assert main(["users", "reset", "ada"]) == 0
    code = capsys.readouterr().out.split("code: ")[1].split()[0]
    accounts.recovery.reset_with_code("Ada", code, NEW)
    accounts.people.log_in("Ada", NEW)


def test_delete_asks_first(
    accounts: Accounts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    assert main(["users", "delete", "Ada"]) == 1
    assert len(accounts.people.living()) == 1
    monkeypatch.setattr("builtins.input", lambda _question: "Ada")
    assert main(["users", "delete", "Ada"]) == 0
    assert accounts.people.living() == set()
    capsys.readouterr()
    assert main(["users", "delete", "--yes", "Ada"]) == 1
    assert capsys.readouterr().err == "There is no account called 'Ada'.\n"


def test_a_database_that_is_away_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://genie:secret@/x?host={tmp_path}")
    assert main(["users", "list"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("The database that DATABASE_URL names cannot be used: ")
    assert "No such file or directory" in line
    assert "secret" not in line


def test_the_command_line_loads_nothing_heavy_until_it_is_needed() -> None:
    script = (
        "import sys, genregenie.cli.main as c\n"
        "try:\n    c.main(['users', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'gradio', 'fastapi', 'sqlalchemy', 'alembic', 'argon2'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_roles_and_what_was_done(accounts: Accounts, capsys: pytest.CaptureFixture[str]) -> None:
    accounts.people.sign_up("Ada", "", GOOD)
    assert main(["users", "promote", "ada"]) == 0
    assert "Admin page" in capsys.readouterr().out
    assert main(["users", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-2:] == ["admin", "-"]
    assert main(["users", "demote", "ada"]) == 0
    assert main(["users", "reset", "ada"]) == 0
    assert main(["users", "delete", "--yes", "ada"]) == 0
    done = [(entry.action, entry.subject) for entry in reversed(accounts.audit.last(9))]
    assert done == [
        ("promoted", "Ada"),
        ("demoted", "Ada"),
        ("made a reset code for", "Ada"),
        ("deleted", "Ada"),
    ]
    capsys.readouterr()
    assert main(["users", "promote", "nobody"]) == 1
    assert capsys.readouterr().err == "There is no account called 'nobody'.\n"


def test_an_invitation_from_the_command_line(
    accounts: Accounts, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["users", "invite", "--uses", "2", "--days", "3", "--note", "Choir"]) == 0
    out = capsys.readouterr().out
    code = out.split("Invitation: ")[1].split()[0]
    assert "It works 2 times, within 3 days" in out
    for name in ("Ada", "Bea"):
        admission = Admission(SignupRules("invite"), invitation=code)
        accounts.people.join(name, "", GOOD, admission=admission)
    assert main(["users", "invite", "--uses", "99999"]) == 1
    assert "1 to 10000 accounts" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["users", "invite", "--uses", "0"])
