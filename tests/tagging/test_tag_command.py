"""``genregenie tag`` and ``untag``, run the way people run them."""

import contextlib
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from genregenie.audio.parallel import CRASHED
from genregenie.tagging import tagger
from genregenie.tagging.journal import FILE_NAME, Journal
from genregenie.tagging.tags import read_genres, write_genres
from tests import deaths, sounds
from tests.machine import genregenie
from tests.tagging import files
from tests.tagging.conftest import CONFIDENT, snapshot


def genres(music: Path) -> dict[str, tuple[str, ...]]:
    return {path.stem: read_genres(path) for path in sorted(music.glob("*.mp3"))}


NONE = dict.fromkeys(sorted((*CONFIDENT, "reggae")), ())
WRITTEN = NONE | {name: (genre,) for name, genre in CONFIDENT.items()}


# --- plan, write, take back ------------------------------------------------------------------


def test_without_write_there_is_a_plan_and_nothing_changes(music, run):
    before = snapshot(music)
    status, out, _ = run("tag", music)
    assert status == 0
    assert snapshot(music) == before
    for name, genre in CONFIDENT.items():
        line = f"to write   {music}/{name}.mp3\n           {genre}, "
        assert line in out
    assert f"unsure     {music}/reggae.mp3\n           Reggae" in out
    assert f"not music  {music}/noise.wav" in out
    assert "5 files: 1 not music, 3 to write, 1 unsure.\nNothing was changed. Add --write" in out


def test_write_then_untag_puts_everything_back_to_the_byte(music, run):
    (music / "jazz.mp3").chmod(0o640)
    before = snapshot(music)
    status, out, _ = run("tag", music, "--write")
    assert status == 0
    assert genres(music) == WRITTEN
    assert "genregenie untag 1" in out
    after = snapshot(music)
    assert after["jazz.mp3"][2] == before["jazz.mp3"][2]
    assert after["jazz.mp3"][1] > before["jazz.mp3"][1]
    for name in ("reggae.mp3", "noise.wav"):
        assert after[name] == before[name]

    status, out, _ = run("untag")
    assert "run 1" in out
    assert "3 files changed\n" in out
    assert str(music) in out
    status, out, _ = run("untag", 1)
    assert (status, out) == (0, "3 files are as they were before run 1.\n")
    assert snapshot(music) == before
    assert run("untag", 1)[1] == "0 files are as they were before run 1.\n"
    assert "3 of them taken back" in run("untag")[1]


def test_modification_times_are_kept_on_request(music, run):
    before = snapshot(music)
    run("tag", music, "--write", "--keep-mtime")
    after = snapshot(music)
    assert genres(music) == WRITTEN
    assert {k: v[1] for k, v in after.items()} == {k: v[1] for k, v in before.items()}
    assert "3 as it is" in run("tag", music)[1]
    run("untag", 1)
    assert snapshot(music) == before


@pytest.mark.parametrize(
    ("mode", "after"),
    [("add", ("Live", "Jazz")), ("replace", ("Jazz",)), ("if-empty", ("Live",))],
)
def test_modes(mode, after, music, run):
    write_genres(music / "jazz.mp3", ["Live"])
    write_genres(music / "reggae.mp3", ["Live"])
    run("tag", music, "--write", "--mode", mode)
    assert genres(music) == WRITTEN | {"jazz": after, "reggae": ("Live",)}


def test_what_is_in_doubt_is_never_touched(music, run):
    before = snapshot(music)
    run("tag", music, "--write", "--mode", "replace", "--threshold", "0", "--at-most", "10")
    after = snapshot(music)
    assert {name for name in before if before[name] != after[name]} == {
        f"{name}.mp3" for name in CONFIDENT
    }
    assert all(len(genres(music)[name]) == 10 for name in CONFIDENT)


def test_names_of_ones_own(music, run, tmp_path):
    names = tmp_path / "names.toml"
    names.write_text('jazz = "Jazz/Swing"\nmetal = ["Metal", "Heavy"]\n')
    run("tag", music, "--write", "--names", names)
    own = {"jazz": ("Jazz/Swing",), "metal": ("Metal", "Heavy")}
    assert genres(music) == WRITTEN | own
    names.write_text('polka = "Polka"\n')
    status, out, err = run("tag", music, "--names", names)
    assert (status, out) == (1, "")
    assert err.startswith("genregenie: ")
    assert "'polka'" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("tag",),
        ("tag", ".", "--threshold", "1.5"),
        ("tag", ".", "--threshold", "much"),
        ("tag", ".", "--at-most", "0"),
        ("tag", ".", "--mode", "append"),
        ("tag", ".", "--dask", "tcp://x:1", "--jobs", "2"),
        ("untag", "first"),
        ("similar",),
    ],
)
def test_wrong_use_is_2(arguments):
    done = genregenie(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


# --- going on --------------------------------------------------------------------------------


def deaf(*arguments, **more):
    raise AssertionError("something was listened to again")


def test_what_was_heard_is_not_heard_again(music, run, monkeypatch):
    run("tag", music)
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert "3 to write" in run("tag", music)[1]
    assert "3 written" in run("tag", music, "--write")[1]
    assert "3 as it is" in run("tag", music, "--write")[1]
    run("untag", 1)
    assert "3 to write" in run("tag", music)[1]
    os.utime(music / "jazz.mp3")
    with pytest.raises(AssertionError, match="again"):
        run("tag", music)
    shutil.copy(music / "metal.mp3", music / "jazz.mp3")
    with pytest.raises(AssertionError, match="again"):
        run("tag", music, "--whole")


def test_a_file_without_a_place_for_a_genre_is_not_heard_again(tmp_path, run, monkeypatch):
    (tmp_path / "song.aac").write_bytes(files.audio("adts", "aac"))
    status, out, _ = run("tag", tmp_path)
    assert status == 1
    assert "no place for a genre" in out
    monkeypatch.setattr(tagger, "classify_many", deaf)
    assert run("tag", tmp_path)[:2] == (status, out)


def test_another_model_means_listening_again(music, run, monkeypatch, tmp_path):
    from genregenie.common import settings

    run("tag", music)
    shutil.copytree(settings.model_dir(), tmp_path / "model")
    card = tmp_path / "model/model.json"
    card.write_text(card.read_text().replace('"temperature": 0', '"temperature": 1'))
    monkeypatch.setenv("GENREGENIE_MODEL", str(tmp_path / "model"))
    monkeypatch.setattr(tagger, "classify_many", deaf)
    with pytest.raises(AssertionError, match="again"):
        run("tag", music)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_ends_its_process_fails_alone(music, jobs):
    for how in deaths.WAYS:
        (music / f"{how}.wav").write_bytes(deaths.clip(how))
    done = genregenie("tag", music, "--jobs", jobs, "--write", **deaths.environment())
    assert done.returncode == 1
    assert done.stdout.count(CRASHED) == len(deaths.WAYS)
    assert genres(music) == WRITTEN


@pytest.mark.slow
def test_the_command_never_pays_for_what_it_does_not_use(music):
    code = (
        "import sys; from genregenie.cli.main import main\n"
        "main(['tag', sys.argv[1], '--jobs', '1']);"
        "print(sorted({'gradio', 'sklearn', 'skops', 'pandas', 'distributed', 'sqlalchemy',"
        "'jinja2', 'faiss'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(music)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_a_terminal_sees_a_bar_with_rate_and_time_left(music):
    theirs, ours = pty.openpty()
    termios.tcsetwinsize(ours, (24, 100))
    command = [sys.executable, "-m", "genregenie", "tag", str(music), "--jobs", "1"]
    done = subprocess.run(command, stderr=ours, stdout=subprocess.PIPE, text=True, check=True)
    os.close(ours)
    seen = ""
    with contextlib.suppress(OSError):  # how a terminal ends
        while piece := os.read(theirs, 10_000):
            seen += piece.decode()
    os.close(theirs)
    assert "file/s" in seen or "s/file" in seen
    assert "5/5" in seen
    assert "<00:00" in seen
    assert "unsure" in done.stdout


# --- what cannot be done ---------------------------------------------------------------------


def test_a_read_only_file_is_reported_and_left(music, run):
    (music / "jazz.mp3").chmod(0o444)
    before = snapshot(music)
    status, out, _ = run("tag", music, "--write")
    assert status == 1
    assert f"failed     {music}/jazz.mp3\n           This file is read-only." in out
    assert snapshot(music)["jazz.mp3"] == before["jazz.mp3"]
    assert genres(music) == WRITTEN | {"jazz": ()}


def test_files_that_vanish_or_change_midway(music, run, monkeypatch):
    def plan(*arguments):
        items = list(real(*arguments))
        (music / "jazz.mp3").unlink()
        os.utime(music / "metal.mp3")
        return iter(items)

    real = tagger.plan
    monkeypatch.setattr(tagger, "plan", plan)
    status, out, _ = run("tag", music, "--write")
    assert status == 1
    assert "no file with this name any more" in out
    assert "changed since it was listened to" in out
    assert read_genres(music / "classical.mp3") == ("Classical",)
    assert read_genres(music / "metal.mp3") == ()


def test_missing_paths_are_said_and_the_rest_is_done(music, run):
    status, out, err = run("tag", music / "jazz.mp3", music / "nothing", f"{music}/*.xyz")
    assert status == 1
    assert "1 files: 1 to write." in out
    assert f"{music}/nothing: There is no file or folder with this name." in err
    assert "Nothing matches this pattern." in err


def test_broken_files_do_not_stop_the_others(music, run):
    (music / "a broken one.mp3").write_bytes(b"not a song")
    status, out, _ = run("tag", music, "--write", "--quiet")
    assert status == 1
    assert genres_of_confident(music) == WRITTEN
    assert out.startswith(f"failed     {music}/a broken one.mp3\n           This is not audio")


def genres_of_confident(music: Path) -> dict[str, tuple[str, ...]]:
    return {name: read_genres(music / f"{name}.mp3") for name in WRITTEN}


def test_odd_names_are_tagged_and_printed_on_one_line(music, run):
    data = (music / "jazz.mp3").read_bytes()
    odd = ["two\nlines.mp3", os.fsdecode(b"\xff\xfe.mp3"), "é" * 125 + ".mp3", "夜 & <b>.mp3"]
    for name in odd:
        (music / name).write_bytes(data)
    status, out, _ = run("tag", music, "--write")
    assert status == 0
    for name in odd:
        assert read_genres(music / name) == ("Jazz",)
    assert "two\\nlines.mp3" in out
    assert "\\udcff" in out
    run("untag", 1)
    for name in odd:
        assert (music / name).read_bytes() == data


def test_links_stay_links(music, run, tmp_path):
    (tmp_path / "real.mp3").write_bytes((music / "jazz.mp3").read_bytes())
    (music / "link.mp3").symlink_to(tmp_path / "real.mp3")
    run("tag", music, "--write")
    assert (music / "link.mp3").is_symlink()
    assert read_genres(tmp_path / "real.mp3") == ("Jazz",)


@pytest.mark.slow
def test_a_file_too_big_for_the_disk_is_reported(music, data_dir):
    """The system refuses to let a file grow beyond 200 kB, as a full disk would."""
    before = snapshot(music)
    assert genregenie("tag", music, "--jobs", "1").returncode == 0
    command = 'ulimit -f 200; exec "$0" -m genregenie tag "$1" --write --jobs 1'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, str(music)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.count("The disk does not take a file of this size.") == 3
    assert "Traceback" not in done.stderr
    assert snapshot(music) == before
    assert "3 written" in genregenie("tag", music, "--write", "--jobs", "1").stdout


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB, or none where disks may not be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_reported_and_what_fits_is_done(music, small_disk, run):
    for name in CONFIDENT:
        shutil.copy(music / f"{name}.mp3", small_disk)
    (small_disk / "filler").write_bytes(bytes(900_000 - 3 * 240_000))
    before = snapshot(small_disk)
    status, out, _ = run("tag", small_disk, "--write")
    assert status == 1
    assert out.count("The disk is full.") == 3
    assert snapshot(small_disk) == before
    (small_disk / "filler").unlink()
    assert run("tag", small_disk, "--write")[0] == 0
    assert genres(small_disk) == {name: (genre,) for name, genre in CONFIDENT.items()}


# --- taking back -----------------------------------------------------------------------------


def test_untag_leaves_alone_what_changed_since(music, run):
    before = snapshot(music)
    run("tag", music, "--write")
    with (music / "jazz.mp3").open("ab") as file:
        file.write(b"more")
    (music / "metal.mp3").unlink()
    kept = (music / "jazz.mp3").read_bytes()
    status, out, _ = run("untag", 1)
    assert status == 1
    assert f"failed  {music}/jazz.mp3\n        This file has changed since" in out
    assert f"failed  {music}/metal.mp3\n        There is no file with this name any more." in out
    assert "1 files are as they were" in out
    assert (music / "jazz.mp3").read_bytes() == kept
    (music / "jazz.mp3").write_bytes(kept[:-4])
    assert "1 files are as they were before run 1" in run("untag", 1)[1]
    assert snapshot(music)["jazz.mp3"] == before["jazz.mp3"]


def test_runs_are_taken_back_in_turn(music, run, tmp_path):
    before = snapshot(music)
    names = tmp_path / "names.toml"
    names.write_text('jazz = "Swing"\n')
    run("tag", music, "--write")
    run("tag", music, "--write", "--names", names)
    assert genres(music)["jazz"] == ("Jazz", "Swing")
    status, out, _ = run("untag", 1)
    assert status == 1
    assert "changed since" in out
    assert genres(music)["jazz"] == ("Jazz", "Swing")
    assert run("untag", 2)[0] == run("untag", 1)[0] == 0
    assert snapshot(music) == before


def test_there_is_no_such_run(run):
    assert run("untag")[1] == "No tags were written yet.\n"
    status, _, err = run("untag", 7)
    assert status == 1
    assert "There is no run 7" in err


# --- the journal -----------------------------------------------------------------------------


def test_two_runs_do_not_write_at_once(music, run):
    with Journal() as other:
        other.lock()
        status, _, err = run("tag", music, "--write")
        assert status == 1
        assert "Another run of GenreGenie is writing tags" in err
        assert run("untag", 1)[0] == 1
        assert run("tag", music)[0] == 0
    assert run("tag", music, "--write")[0] == 0


def test_a_damaged_or_foreign_journal_is_a_sentence(music, run, data_dir):
    before = snapshot(music)
    (data_dir / FILE_NAME).write_bytes(b"not a database" * 1000)
    status, out, err = run("tag", music, "--write")
    assert (status, out) == (1, "")
    assert "journal" in err
    assert "GENREGENIE_DATA_DIR" in err
    (data_dir / FILE_NAME).unlink()
    connection = sqlite3.connect(data_dir / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    status, _, err = run("tag", music, "--write")
    assert status == 1
    assert "another release" in err
    assert snapshot(music) == before


def test_where_no_journal_can_be_there_is_a_sentence(music, run, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "file/data"))
    status, _, err = run("tag", music)
    assert status == 1
    assert "cannot be used" in err


def test_reports_are_written(music, run, tmp_path):
    wanted = ("--csv", "a.csv", "--jsonl", "a.jsonl", "--html", "a.html", "--playlists", "lists")
    status, out, _ = run("tag", music, *(w if w[0] == "-" else tmp_path / w for w in wanted))
    assert status == 0
    assert f"Report in {tmp_path}/a.html" in out
    assert "3 playlists" in out
    for name in ("a.csv", "a.jsonl", "a.html", "lists/Jazz.m3u8"):
        assert "jazz.mp3" in (tmp_path / name).read_text()
    status, _, err = run("tag", music, "--csv", tmp_path / "no/where.csv")
    assert status == 1
    assert "cannot be written: No such file" in err


def test_noise_alone_is_left_alone(tmp_path, run):
    (tmp_path / "noise.flac").write_bytes(sounds.encode(sounds.noise(3.0), 22_050, "flac", "flac"))
    before = snapshot(tmp_path)
    assert run("tag", tmp_path, "--write")[0] == 0
    assert snapshot(tmp_path) == before
