"""What arrives in a folder is indexed and tagged; whoever stops the watch finds the index whole."""

import json
import os
import shutil
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from genregenie.audio.decoding import NOT_AUDIO
from genregenie.common import files, resources
from genregenie.inference.classifier import Classifier
from genregenie.library import watching
from genregenie.recommend.indexing import index_folder
from genregenie.recommend.library_index import Library, LibraryError
from genregenie.recommend.writing import only_writer
from genregenie.tagging.tags import read_genres
from tests import machine, sounds

EXAMPLES = resources.assets() / "examples"

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watching, "SETTLED_S", 0.2)
    monkeypatch.setattr(watching, "LOOK_S", 0.1)


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


def indexed(folder):
    likeness = Classifier.load().model.catalogue.likeness
    entries = Library.load(folder / "genregenie-index", likeness).entries()
    return {Path(entry.path).name for entry in entries}


def until(events, kind):
    """What happens, up to the first event of a kind."""
    happened = []
    for event in events:
        happened.append((event.event, Path(event.path).name))
        if event.event == kind:
            return happened
    raise AssertionError(happened)


@pytest.mark.parametrize("poll", [False, True])
def test_what_arrives_is_indexed_and_what_goes_is_taken_out(music, poll, monkeypatch):
    monkeypatch.setattr(watching, "POLL_S", 0.2)
    stop = threading.Event()
    shutil.copy(EXAMPLES / "jazz.mp3", music)
    events = watching.watch(music, music / "genregenie-index", jobs=1, poll=poll or None, stop=stop)
    assert until(events, "index") == [
        ("watching", "music"),
        ("indexed", "jazz.mp3"),
        ("index", "genregenie-index"),
    ]
    (music / "new").mkdir()
    shutil.copy(EXAMPLES / "metal.mp3", music / "new")
    (music / "notes.txt").write_text("no music")
    (music / "noise.wav").write_bytes(sounds.encode(sounds.noise(3.0)))
    happened = set(until(events, "index"))
    while not {("indexed", "metal.mp3"), ("skipped", "noise.wav")} <= happened:
        happened |= set(until(events, "index"))  # they may have become whole one by one
    assert indexed(music) == {"jazz.mp3", "metal.mp3"}

    (music / "jazz.mp3").unlink()
    assert until(events, "index") == [("index", "genregenie-index")]  # noise is not heard again
    assert indexed(music) == {"metal.mp3"}
    stop.set()
    assert list(events) == []


def test_a_file_that_is_still_copied_is_waited_for(music, tmp_path):
    """By a clock that stands still, so that the machine's load makes no difference."""
    arrivals = watching._Arrivals(music, music / "genregenie-index", None, 1)
    now = [0.0]
    whole = (EXAMPLES / "jazz.mp3").read_bytes()
    target = music / "jazz.mp3"
    patch = pytest.MonkeyPatch()
    # Of this module alone: servers of other tests live by the same clock.
    patch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with patch.context():
        for part in (3, 2, 1):
            target.write_bytes(whole[: len(whole) // part])
            assert list(arrivals.look()) == []
            assert arrivals.waiting
            now[0] += 0.15
        now[0] += 0.1
        kinds = [event.event for event in arrivals.look()]
    patch.undo()
    assert kinds == ["indexed", "index"]
    assert not arrivals.waiting


def test_a_library_that_is_not_mounted_is_not_thrown_away(music):
    shutil.copy(EXAMPLES / "jazz.mp3", music)
    index_folder(music, jobs=1)
    (music / "jazz.mp3").unlink()
    arrivals = watching._Arrivals(music, music / "genregenie-index", None, 1)
    assert list(arrivals.look()) == []
    assert indexed(music) == {"jazz.mp3"}


def test_one_process_writes_an_index(music):
    shutil.copy(EXAMPLES / "jazz.mp3", music)
    code = (
        "import sys, pathlib\n"
        "from genregenie.recommend.writing import only_writer\n"
        "with only_writer(pathlib.Path(sys.argv[1])):\n"
        "    print('mine', flush=True)\n    sys.stdin.read()\n"
    )
    with machine.start("-c", code, music / "genregenie-index", stdin=-1, stdout=-1) as other:
        assert other.stdout.readline().strip() == b"mine"
        with pytest.raises(LibraryError, match="Another genregenie is writing the index"):
            index_folder(music, jobs=1)
        done = machine.genregenie("watch", music)
        assert done.returncode == 1
        assert "Another genregenie is writing the index" in done.stderr
        other.kill()
    assert index_folder(music, jobs=1).tracks == 1  # a lock goes with its process


def test_an_index_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(LibraryError, match=r"cannot be written to .*--output"),
        only_writer(tmp_path / "file" / "index"),
    ):
        raise AssertionError


def started(music, *words):
    other = machine.start(
        *("-m", "genregenie", "watch", str(music), "--json", "--jobs", "1", *words),
        stdout=-1,
        environment={"GENREGENIE_HEARING": "timbre", **_data_dir()},
    )
    return other, (json.loads(line) for line in other.stdout)


def _data_dir():
    return {"GENREGENIE_DATA_DIR": os.environ["GENREGENIE_DATA_DIR"]}


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)]
)
def test_it_ends_by_a_signal_and_goes_on_later(number, status, music):
    shutil.copy(EXAMPLES / "jazz.mp3", music)
    tags = read_genres(music / "jazz.mp3")
    watch, events = started(music, "--write")
    happened = [next(events)["event"]]
    while happened[-1] != "index":
        happened.append(next(events)["event"])
    assert happened == ["watching", "tagged", "indexed", "index"]
    watch.send_signal(number)
    assert watch.wait() == status
    watch.stdout.close()
    assert indexed(music) == {"jazz.mp3"}
    assert read_genres(music / "jazz.mp3") == (*tags, *({"Jazz"} - set(tags)))
    arrivals = watching._Arrivals(music, music / "genregenie-index", None, 1)
    assert list(arrivals.look()) == []  # tags that it wrote itself are nothing new
    assert not arrivals.waiting
    assert index_folder(music, jobs=1).unchanged == 1


def test_killed_while_it_writes_it_leaves_an_index(music, monkeypatch):
    """At every step of taking the old index's place; nothing cleans up after a kill."""
    shutil.copy(EXAMPLES / "jazz.mp3", music)
    index_folder(music, jobs=1)
    shutil.copy(EXAMPLES / "metal.mp3", music)

    class Killed(BaseException):
        pass

    def killed(*arguments, **options):
        raise Killed

    monkeypatch.setattr(files.shutil, "rmtree", lambda *a, **o: None)
    for name in ("_to_disk", "_like", "_exchanged"):
        with monkeypatch.context() as patch:
            patch.setattr(files, name, killed)
            with pytest.raises(Killed):
                index_folder(music, jobs=1)
        assert indexed(music) == {"jazz.mp3"}
    monkeypatch.undo()
    drafts = [path for path in music.iterdir() if path.name.startswith(".genregenie-index-")]
    assert len(drafts) == 3
    monkeypatch.setenv("GENREGENIE_HEARING", "timbre")
    index_folder(music, jobs=1)
    assert indexed(music) == {"jazz.mp3", "metal.mp3"}
    with only_writer(music / "genregenie-index"):
        assert not [path for path in drafts if path.exists()]


def test_mounts_of_other_machines_are_known(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/sda / ext4 rw 0 0\nnas:/music {tmp_path}/far\\040away nfs4 rw 0 0\nproc\n"
    )
    assert watching.is_remote(tmp_path / "far away" / "miles", mounts)
    assert not watching.is_remote(tmp_path / "near", mounts)
    assert not watching.is_remote(tmp_path, tmp_path / "none")


def test_tags_without_write_and_no_folder_are_sentences(music, here):
    assert "give both" in here("watch", music, "--tags", "tempo").stderr
    assert "There is no folder" in here("watch", music / "nowhere").stderr


def test_an_index_is_written_as_a_table_too(music, here, tmp_path):
    shutil.copy(EXAMPLES / "jazz.mp3", music)
    (music / "broken.mp3").write_bytes(b"no audio" * 99)
    target = tmp_path / "library.csv"
    done = here("index", music, "--csv", target, "--jobs", "1", "--json")
    assert json.loads(done.stdout) == {
        "path": str(music / "genregenie-index"),
        "tracks": 1,
        "unchanged": 0,
        "skipped": [{"path": str(music / "broken.mp3"), "reason": NOT_AUDIO}],
    }
    header, row = target.read_text().splitlines()
    assert header == "path,artist,title,genre,heard"
    assert row.startswith(f"{music / 'jazz.mp3'},GenreGenie,Corner Table,jazz,")


def test_names_whose_bytes_are_no_text_do_not_end_the_watch(music):
    stop = threading.Event()
    events = watching.watch(music, music / "genregenie-index", jobs=1, stop=stop)
    assert next(events).event == "watching"
    odd = os.fsdecode(os.fsencode(music) + b"/caf\xe9.mp3")
    shutil.copy(EXAMPLES / "jazz.mp3", music)
    happened = set(until(events, "index"))
    shutil.copy(EXAMPLES / "metal.mp3", odd)
    while ("indexed", Path(odd).name) not in happened:
        happened |= set(until(events, "index"))
    stop.set()
    assert len(indexed(music)) == 2


def test_how_far_it_is_is_told_of_all_that_have_arrived(music, monkeypatch):
    monkeypatch.setattr(watching, "AT_ONCE", 1)
    for name in ("jazz", "metal"):
        shutil.copy(EXAMPLES / f"{name}.mp3", music)
    told, stop = [], threading.Event()
    events = watching.watch(
        music,
        music / "genregenie-index",
        jobs=1,
        stop=stop,
        progress=lambda done, total, name: told.append((done, total, name)),
    )
    until(events, "index")
    until(events, "index")
    stop.set()
    assert told == [(1, 2, "jazz.mp3"), (2, 2, "metal.mp3")]


def test_what_was_heard_before_it_was_stopped_is_not_heard_again(music):
    """By SIGINT or SIGTERM, which both come as a KeyboardInterrupt, in the middle of a batch."""
    for name in ("jazz", "metal"):
        shutil.copy(EXAMPLES / f"{name}.mp3", music)

    def interrupted(done, total, name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(watching.watch(music, music / "genregenie-index", jobs=1, progress=interrupted))
    assert not (music / "genregenie-index").exists()
    assert index_folder(music, jobs=1).unchanged == 1
