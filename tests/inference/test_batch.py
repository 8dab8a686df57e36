"""One file, many files, and the names that the package promises."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import genregenie
from genregenie import AudioError, Prediction
from genregenie.audio.parallel import CRASHED
from genregenie.inference.classifier import Classifier
from tests import deaths, machine, sounds


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("many")
    paths = [folder / f"{i}.wav" for i in range(5)]
    for i, path in enumerate(paths):
        path.write_bytes(sounds.encode(sounds.tune(3.0, seed=i)))
    paths[2].write_bytes(b"not a song")
    return [*paths, folder / "missing.wav"]


def test_classify_takes_a_path_bytes_or_an_open_file(files):
    one = genregenie.classify(files[0])
    assert one == genregenie.classify(files[0].read_bytes())
    with files[0].open("rb") as file:
        assert one == genregenie.classify(file)
    with pytest.raises(AudioError):
        genregenie.classify(files[2])


@pytest.mark.slow
def test_a_spread_changes_how_much_is_heard(tmp_path):
    path = tmp_path / "long.mp3"
    sound = sounds.tune(70.0, 16_000)
    path.write_bytes(sounds.encode(sound, 16_000, "mp3", "libmp3lame"))
    assert genregenie.classify(path).analysed_s == pytest.approx(70, abs=0.5)
    six = genregenie.classify(path, spread=genregenie.SIX_STRETCHES)
    assert six.analysed_s == pytest.approx(60, abs=0.5)
    assert six.is_partial
    (many,) = genregenie.classify_many(
        [path], backend="serial", spread=genregenie.Spread(2, 5.0, 30.0)
    )
    assert isinstance(many, Prediction)
    assert many.analysed_s == pytest.approx(10, abs=0.5)


@pytest.mark.parametrize("wrong", [(0, 10.0), (6, 0.0), (6, -1.0), (6, 10.0, -1.0)])
def test_a_spread_without_sound_is_refused(wrong):
    with pytest.raises(ValueError, match="one stretch at least"):
        genregenie.Spread(*wrong)


def test_the_types_are_for_those_who_use_the_package_too():
    assert Path(genregenie.__file__).with_name("py.typed").exists()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["processes", "threads", "serial"])
def test_every_backend_gives_the_same_in_order(backend, files):
    results = list(genregenie.classify_many(files, backend=backend, jobs=2))
    assert len(results) == len(files)
    for i, result in enumerate(results):
        if i in (2, 5):
            assert isinstance(result, AudioError)
        else:
            assert isinstance(result, Prediction)
            alone = genregenie.classify(files[i])
            assert result.confidences == pytest.approx(alone.confidences, abs=1e-9)


def test_an_unknown_backend_and_no_files():
    with pytest.raises(ValueError, match="processes, threads, serial"):
        genregenie.classify_many([], backend="spark")
    with pytest.raises(ValueError, match="jobs is 0"):
        genregenie.classify_many([], jobs=0)
    assert list(genregenie.classify_many([])) == []


def test_without_a_model_there_is_one_error(files, tmp_path):
    for backend in ("processes", "threads", "serial"):
        with pytest.raises(genregenie.ModelError):
            list(genregenie.classify_many(files, backend=backend, model=tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "count", "deadly"),
    [
        ("segfault", 1, {0}),
        ("kill", 3, {1}),
        ("exit", 3, {0, 2}),
        ("segfault", 40, {0, 7, 8, 39}),
    ],
)
def test_a_file_that_ends_its_process_costs_no_other_file(tmp_path, how, count, deadly):
    paths = [tmp_path / f"{i}.wav" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(deaths.clip(how if i in deadly else None))
    done = subprocess.run(
        [sys.executable, "-m", "genregenie", "classify", *map(str, paths), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=deaths.environment(),
    )
    assert (done.returncode, done.stderr) == (1, "")
    answers = json.loads(done.stdout)
    assert [answer["file"] for answer in answers] == [str(path) for path in paths]
    assert {i for i, answer in enumerate(answers) if answer.get("error")} == deadly
    assert {answer["error"] for answer in answers if answer.get("error")} == {CRASHED}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_script_without_a_guard_may_use_it_from_a_thread_too(tmp_path, jobs):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, threading, genregenie\n"
        "def run():\n"
        f"    for result in genregenie.classify_many(sys.argv[1:], jobs={jobs}):\n"
        "        print(result if isinstance(result, Exception) else result.verdict)\n"
        "run()\n"
        "thread = threading.Thread(target=run)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    paths = [tmp_path / f"{i}.wav" for i in range(3)]
    for i, path in enumerate(paths):
        path.write_bytes(deaths.clip("segfault" if i == 1 else None))
    done = subprocess.run(
        [sys.executable, str(script), *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        env=deaths.environment(),
    )
    answers = done.stdout.splitlines()
    assert done.stderr == ""
    assert [i for i, answer in enumerate(answers) if answer == CRASHED] == [1, 4]
    assert len(answers) == 6


def test_a_file_that_takes_all_memory_gets_a_sentence(files, monkeypatch):
    def no_room(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Classifier, "predict", no_room)
    (result,) = genregenie.classify_many(files[:1], backend="threads")
    assert str(result) == CRASHED


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only there is anything forked")
def test_the_command_does_not_pay_for_a_second_python(files):
    code = (
        "import sys; from genregenie.common import nursery; nursery.fresh_python = None;"
        "from genregenie.cli.main import main; sys.exit(main(['classify', sys.argv[1]]))"
    )
    subprocess.run([sys.executable, "-c", code, str(files[0])], check=True)


@pytest.mark.slow
def test_an_interrupt_stops_it_without_a_word_from_the_workers(tmp_path):
    path = tmp_path / "song.mp3"
    sound = sounds.tune(60.0, 16_000)
    path.write_bytes(sounds.encode(sound, 16_000, "mp3", "libmp3lame"))
    code = (
        "import sys, genregenie\n"
        "try:\n"
        "    for result in genregenie.classify_many([sys.argv[1]] * 1000, jobs=2):\n"
        "        print('heard', flush=True)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped', flush=True)\n"
    )
    with machine.start(
        *("-c", code, path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout.readline() == "heard\n"
        os.killpg(running.pid, signal.SIGINT)  # as the terminal does it
        out, err = running.communicate(timeout=60)
    assert out.splitlines()[-1] == "stopped"
    assert err == ""
    assert running.returncode == 0


@pytest.mark.parametrize("backend", ["processes", "threads"])
def test_who_wants_no_more_hears_nothing_of_it(files, backend):
    """Warnings are errors here, of work left undone too."""
    results = genregenie.classify_many([files[0]] * 50, backend=backend, jobs=2)
    next(results)
    results.close()


def test_importing_the_package_costs_nothing():
    code = (
        "import sys, genregenie; genregenie.__dir__();"
        "print(sorted({'numpy', 'av', 'joblib', 'sklearn', 'gradio', 'distributed', 'mutagen'}"
        "& set(sys.modules)));"
        "print(all(getattr(genregenie, name) for name in genregenie.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "True"]
    with pytest.raises(AttributeError):
        _ = genregenie.classify_everything
