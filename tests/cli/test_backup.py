"""``genregenie backup``, ``verify`` and ``restore``, as people type them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genregenie.accounts import Accounts, open_accounts
from genregenie.accounts.results import Audio, Result
from genregenie.cli.main import main
from tests.accounts.standins import CHEAP

GOOD = "a calm indigo morning"


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """In a data folder that the commands find, too."""
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    opened = open_accounts(cost=CHEAP)
    opened.people.sign_up("Ada", "", GOOD)
    number = opened.results.keep(1, Result("Song", "jazz", "confident", 0.9, 3.0, "{}"))
    assert number is not None
    opened.results.keep_audio(1, number, Audio(b"sound", ".mp3"))
    yield opened
    opened.close()


@pytest.fixture
def copies(accounts: Accounts, tmp_path: Path) -> Path:
    assert main(["backup", str(tmp_path / "copies")]) == 0
    return tmp_path / "copies"


def test_a_copy_and_the_way_back(
    accounts: Accounts,
    capsys: pytest.CaptureFixture[str],
    copies: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("Z: 1 account, 1 clip (1 new, 0 MB).")
    assert first.startswith(f"{copies}/")
    assert second == "It holds secrets: keep it private."
    assert main(["backup", str(copies), "--keep", "1"]) == 0
    assert "1 clip (no new)" in capsys.readouterr().out
    assert main(["verify", str(copies)]) == 0
    (line,) = capsys.readouterr().out.splitlines()  # the first is gone
    assert line.endswith(" rows and 1 clip, as they were written.")
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "new"))
    assert main(["restore", str(copies)]) == 0
    assert capsys.readouterr().out.endswith("UTC: 1 account, 1 clip.\n")
    copy = open_accounts(cost=CHEAP)
    assert copy.results.audio(1, 1) == Audio(b"sound", ".mp3")
    assert [line.action for line in copy.audit.last(2)] == ["restored a backup", "made a backup"]
    copy.close()


def test_it_asks_before_it_replaces(
    accounts: Accounts,
    copies: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    accounts.people.sign_up("Bob", "", GOOD)
    assert main(["restore", str(copies)]) == 1
    assert "--replace" in capsys.readouterr().err
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "no")
    assert main(["restore", str(copies), "--replace"]) == 1
    assert capsys.readouterr().err == "genregenie: Nothing was changed.\n"
    assert "Delete 2 accounts" in asked[0]
    assert accounts.people.living() == {1, 2}
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    assert main(["restore", str(copies), "--replace"]) == 0
    assert accounts.people.living() == {1}
    accounts.people.sign_up("Cleo", "", GOOD)
    assert main(["restore", str(copies), "--replace", "--yes"]) == 0
    assert accounts.people.living() == {1}


def test_damage_ends_with_status_1_and_a_sentence_each(
    copies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (people,) = copies.glob("*/people.jsonl")
    (clip,) = (copies / "blobs" / "audio").iterdir()
    people.write_bytes(people.read_bytes().replace(b"Ada", b"Eve"))
    clip.unlink()
    assert main(["verify", str(copies)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert sorted(line.rpartition(": ")[2] for line in told.err.splitlines()) == [
        f"../blobs/audio/{clip.name} is missing.",
        "people.jsonl is damaged.",
    ]
    assert main(["restore", str(copies), "--replace", "--yes"]) == 1
    assert "is not as it was written." in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "restore"])
def test_where_there_is_none_it_says_so(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(tmp_path / "nothing")]) == 1
    assert capsys.readouterr().err == f"genregenie: There is no backup in {tmp_path}/nothing.\n"


def test_a_clip_that_is_nowhere_is_told(
    accounts: Accounts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for blob in accounts.blobs.each():
        accounts.blobs.delete(blob.key)
    assert main(["backup", str(tmp_path / "copies")]) == 1
    told = capsys.readouterr()
    assert "1 account, 0 clips" in told.out
    assert told.err == "1 clip could not be found where they are kept.\n"
