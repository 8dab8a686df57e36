"""One file, many files, and the names that the package promises."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import genregenie
from genregenie import AudioError, Prediction
from genregenie.many import CRASHED
from tests import machine, sounds


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
    assert list(genregenie.classify_many([])) == []


def test_without_a_model_there_is_one_error(files, tmp_path):
    for backend in ("processes", "threads", "serial"):
        with pytest.raises(genregenie.ModelError):
            list(genregenie.classify_many(files, backend=backend, model=tmp_path))


@pytest.mark.slow
def test_a_file_that_ends_its_process_costs_no_other_file(tmp_path):
    """One file makes whichever process opens it die as the kernel's out-of-memory killer would."""
    (tmp_path / "deadly.py").write_text(
        "import os, signal\n"
        "from genregenie import audio\n"
        "opened = audio.open_source\n"
        "def open_source(source):\n"
        "    if 'deadly' in str(source):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return opened(source)\n"
        "audio.open_source = open_source\n"
    )
    (tmp_path / "sitecustomize.py").write_text("import deadly\n")
    paths = [tmp_path / f"{i}.wav" for i in range(9)]
    paths[4] = tmp_path / "deadly.wav"
    for path in paths:
        path.write_bytes(sounds.encode(sounds.tune(2.0)))
    code = (
        "import sys, genregenie\n"
        "for result in genregenie.classify_many(sys.argv[1:], jobs=2):\n"
        "    print(result if isinstance(result, Exception) else result.verdict)\n"
    )
    search = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": search},
    )
    answers = done.stdout.splitlines()
    assert len(answers) == 9
    assert [i for i, answer in enumerate(answers) if answer == CRASHED] == [4]


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


def test_who_wants_no_more_hears_nothing_of_it(files):
    """Warnings are errors here, joblib's about work left undone too."""
    results = genregenie.classify_many([files[0]] * 50, jobs=2)
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
