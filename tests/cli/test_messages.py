"""Bars of progress, and what is said of work that is interrupted."""

import io
import os
import signal
import sys
import time
from argparse import Namespace

import pytest

from genregenie.cli.messages import Bar, resumable, shown

NORMAL = Namespace(volume="normal")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch) -> Terminal:
    """In the place of the standard error; no fixture, since pytest sets that before each test."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_a_bar_is_there_while_there_is_work(monkeypatch, capsys):
    screen = terminal(monkeypatch)
    with Bar(NORMAL, label="Listening", stays=False) as bar:
        assert screen.getvalue() == ""
        bar.reach(1, 2, "a.mp3")
        assert "Listening" in screen.getvalue()
        bar.reach(2, 2, "b.mp3")
        assert screen.getvalue().endswith("\r"), "the line is free again"
        told = len(screen.getvalue())
        bar.print("indexed")
        assert len(screen.getvalue()) == told
        bar.reach(1, 3, "c.mp3")
        assert "Listening" in screen.getvalue()[told:]


@pytest.mark.parametrize("count", [0, 1])
def test_for_one_file_or_none_there_is_no_bar(monkeypatch, count):
    screen = terminal(monkeypatch)
    with Bar(NORMAL, count, "Checking") as bar:
        bar.advance()
    assert screen.getvalue() == ""


def test_no_bar_where_nobody_looks_or_wants_it(monkeypatch):
    screen = terminal(monkeypatch)
    with Bar(Namespace(volume="quiet"), 9) as bar:
        bar.reach(3, 9, "x")
    assert screen.getvalue() == ""
    plain = io.StringIO()
    monkeypatch.setattr(sys, "stderr", plain)
    with Bar(NORMAL, 9) as bar:
        bar.reach(3, 9, "x")
    assert plain.getvalue() == ""


@pytest.mark.parametrize("words", [("check",), ("duplicates",)])
def test_who_interrupts_is_told_that_what_was_heard_is_kept(words, here, tmp_path, monkeypatch):
    from genregenie.library import measuring

    def interrupted(*arguments):
        raise KeyboardInterrupt
        yield

    (tmp_path / "a.mp3").write_bytes(b"?")
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(measuring, "in_processes", interrupted)
    done = here(*words, tmp_path)
    assert done.returncode == 130
    assert done.stderr == "What was heard is kept: the same command goes on from there.\n"


def test_sigterm_ends_it_as_who_interrupts_does(capsys):
    before = signal.getsignal(signal.SIGTERM)

    def work():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    with pytest.raises(KeyboardInterrupt), shown("normal"), resumable():
        work()
    assert capsys.readouterr().err.startswith("What was heard is kept")
    assert signal.getsignal(signal.SIGTERM) == before


def test_nothing_is_said_of_work_that_ends(capsys):
    with shown("normal"), resumable():
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("words", [("check",), ("duplicates",), ("check", "--json"), ("tag",)])
def test_an_empty_folder_holds_nothing_to_listen_to(words, here, tmp_path, monkeypatch):
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "music").mkdir()
    done = here(*words, tmp_path / "music")
    assert done.returncode == 0
    assert "[]" in done.stdout if "--json" in words else "nothing to listen to" in done.stdout
