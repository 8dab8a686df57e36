"""What all commands share: help, version, volume, and one place that puts errors into words."""

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genregenie.cli import evaluate
from genregenie.cli.main import main, parser
from genregenie.common.errors import GenreGenieError
from genregenie.common.version import __version__
from tests import machine, sounds
from tests.machine import genregenie
from tests.tagging.conftest import EXAMPLES

COMMANDS = [
    *("classify", "listen", "spotify-features", "recommend", "similar", "index", "map", "playlist"),
    *("tag", "untag", "duplicates", "check", "watch"),
    *("serve", "users", "feedback", "backup", "verify", "restore"),
    *("train", "evaluate", "lab", "completion"),
]


@pytest.fixture
def clip(tmp_path) -> Path:
    path = tmp_path / "clip.wav"
    path.write_bytes(sounds.encode(sounds.tune(4.0)))
    return path


def helped(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


# --- wrong use -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("classify",),
        ("clasify", "x.wav"),
        ("classify", "--jobs", "0", "x.wav"),
        ("classify", "--colour", "x.wav"),
        ("classify", "--quiet", "--verbose", "x.wav"),
        ("evaluate",),
        ("serve", "--port", "99999"),
        ("train", "--folds", "1"),
        ("completion",),
        ("listen", "song.mp3"),
        ("listen", "--rate", "0", "-"),
    ],
)
def test_wrong_use_is_2(here, arguments):
    done = here(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


# --- help ------------------------------------------------------------------------------------


def test_help_names_every_command_once_under_what_people_want_to_do(capsys):
    lines = helped(capsys=capsys).splitlines()
    titles = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert titles[0] == "name genres:"
    assert titles[-1] == "options:"
    first = [line.split()[0] for line in lines if line.startswith("  ") and line[2] not in " -"]
    assert first == COMMANDS
    section = lines[lines.index("tag a library:") :]
    assert [line.split()[0] for line in section[1:] if line[:3].strip()][:2] == ["tag", "untag"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command, capsys):
    assert helped(command, capsys=capsys).startswith(f"usage: genregenie {command} ")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_alone_is_parsed_as_among_all(command, capsys):
    said = []
    for made in (parser(command), parser()):
        for more in ([], ["--help"], ["--nonsense"], ["-q", "-v"], ["a", "b", "c", "d"]):
            try:
                said.append(vars(made.parse_args([command, *more])))
            except SystemExit as end:
                said.append(end.code)
            said.append(capsys.readouterr())
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def test_help_loads_the_ground_floor_and_the_command_line_alone():
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from genregenie.cli.main import main\n"
        "for command in sys.argv[1:]:\n"
        "    try:\n        main([*command.split(), '--help'])\n"
        "    except SystemExit:\n        pass\n"
        "new = {m for m in set(sys.modules) - before if m.startswith('genregenie.')}\n"
        "rooms = {m.split('.')[1] for m in new}\n"
        "others = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(rooms), sorted(others & {'numpy', 'av', 'shtab', 'tqdm', 'gradio'}))"
    )
    done = machine.run("-c", code, "", *COMMANDS)
    assert done.stdout.splitlines()[-1] == "['cli', 'common'] []", done.stderr


@pytest.mark.slow
def test_no_command_but_serve_loads_the_web(tmp_path):
    code = (
        "import sys\n"
        "from genregenie.cli.main import main\n"
        "words = ['classify X', 'tag X', 'untag', 'recommend --offline X', 'similar X']\n"
        "words += ['spotify-features X', 'lab --list', 'evaluate X', 'train X', 'users list']\n"
        "words += ['map', 'playlist', 'index D', 'feedback export X', 'completion bash']\n"
        "for line in words:\n"
        "    assert main(line.split()) in (0, 1), line\n"
        "print(sorted({'gradio', 'fastapi', 'uvicorn', 'genregenie.web'} & set(sys.modules)))"
    )
    settings = {"GENREGENIE_DATA_DIR": str(tmp_path / "data")}
    done = machine.run("-c", code, environment=settings, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


# --- version ---------------------------------------------------------------------------------


def test_version_names_the_model_and_loads_no_numbers():
    done = genregenie("--version")
    assert (done.returncode, done.stderr) == (0, "")
    release, model = done.stdout.splitlines()
    assert release == f"genregenie {__version__}"
    assert "GTZAN" in model
    assert "soft_vote" in model
    code = "import sys; from genregenie.cli.version import model_name; model_name()\n"
    done = machine.run("-c", code + "sys.exit('numpy' in sys.modules)")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "none in"),
        (b"\xff", "not readable in"),
        (b"[]", "not readable in"),
        (b'{"winner": "lda"}', "not readable in"),
        (json.dumps({"winner": "lda", "trained_on": {"source": "mine"}}).encode(), "lda, trained"),
    ],
)
def test_version_works_whatever_the_model_is(content, said, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("GENREGENIE_MODEL", str(tmp_path))
    if content is not None:
        (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    release, model = capsys.readouterr().out.splitlines()
    assert release == f"genregenie {__version__}"
    assert model.startswith(f"model: {said}")
    assert str(tmp_path) in model


# --- errors ----------------------------------------------------------------------------------


class NewError(GenreGenieError):
    """An error that the command line knows nothing of."""


@pytest.mark.parametrize("error", [NewError("It is late."), OSError(28, "No space left")])
def test_whatever_goes_wrong_on_purpose_is_a_sentence_in_one_place(error, monkeypatch, capsys):
    def fail(path):
        raise error

    monkeypatch.setattr("genregenie.datasets.table.read_table", fail)
    assert main(["evaluate", "t.npz"]) == 1
    assert capsys.readouterr() == ("", f"genregenie: {error}\n")


def test_what_is_our_own_mistake_is_not_hidden(monkeypatch):
    monkeypatch.setattr(evaluate, "_evaluate", lambda options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["evaluate", "t.npz"])


def test_settings_that_make_no_sense_are_a_sentence(clip):
    done = genregenie("serve", GENREGENIE_GATE="ajar")
    assert done.returncode == 1
    assert done.stderr == "genregenie: GENREGENIE_GATE must be one of on, off, demo.\n"


def test_an_unknown_backend_is_a_sentence(here, clip, tmp_path):
    done = here("tag", clip, "--dask", "nonsense", GENREGENIE_DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("genregenie: There is no backend 'nonsense'.")


# --- volume ----------------------------------------------------------------------------------


@pytest.fixture
def music(tmp_path) -> Path:
    shutil.copy(EXAMPLES / "jazz.mp3", tmp_path)
    (tmp_path / "broken.wav").write_bytes(b"?")
    return tmp_path


@pytest.mark.slow
def test_quiet_leaves_the_notes_out_and_verbose_says_more(music, capsys):
    words = ["index", str(music), "--jobs", "1"]
    assert main(words) == 0
    usual = capsys.readouterr()
    shutil.rmtree(music / "genregenie-index")
    assert usual.err.startswith(f"skipped {music / 'broken.wav'}: ")
    assert main([*words, "--quiet"]) == 0
    quiet = capsys.readouterr()
    assert quiet == (usual.out, "")

    assert main(["classify", str(music / "jazz.mp3"), "--jobs", "1"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["classify", "--verbose", str(music / "jazz.mp3"), "--jobs", "1"]) == 0
    assert "1 files, heard by model" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["-q", "tag"], ["tag", "-q"], ["tag", "--quiet"]])
def test_volume_may_stand_before_the_command_or_after_it(words, music, run, monkeypatch, tmp_path):
    monkeypatch.setenv("GENREGENIE_DATA_DIR", str(tmp_path / "data"))
    status, out, _ = run(*words, music / "jazz.mp3", "--jobs", "1")
    assert status == 0
    assert "jazz.mp3" not in out
    assert "1 files" in out


def test_lines_of_progress_are_left_out_too(own_csv, capsys):
    words = ["lab", "--system", "b", "--table", str(own_csv), "--protocol", "tracks"]
    words += ["--model", "cosine", "--jobs", "1"]
    assert main(words) == 0
    usual = capsys.readouterr().out.splitlines()
    assert main([*words, "--quiet"]) == 0
    quiet = capsys.readouterr().out.splitlines()
    assert len(quiet) < len(usual)
    assert quiet[-1] == usual[-1]


@pytest.mark.parametrize(
    ("words", "level"),
    [([], logging.INFO), (["--quiet"], logging.WARNING), (["--verbose"], logging.DEBUG)],
)
def test_a_server_keeps_its_own_log(words, level, monkeypatch):
    handlers = list(logging.getLogger().handlers)
    asked = []

    def serve(*arguments):
        assert logging.getLogger().handlers == handlers  # each line comes once, in its own form
        asked.append(arguments)

    monkeypatch.setattr("genregenie.web.startup.serve", serve)
    assert main([*words, "serve", "--port", "8000"]) == 0
    assert asked == [(None, 8000, level, None)]


def test_what_goes_wrong_is_said_however_quiet(tmp_path, capsys):
    assert main(["--quiet", "classify", str(tmp_path / "*.mp3")]) == 1
    assert "Nothing matches this pattern." in capsys.readouterr().err
    assert main(["--quiet", "evaluate", str(tmp_path / "gone.npz")]) == 1
    assert capsys.readouterr().err.startswith("genregenie: ")


def test_verbose_tells_where_a_failure_comes_from(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "gone.npz")]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert main(["--verbose", "evaluate", str(tmp_path / "gone.npz")]) == 1
    sentence, *trace = capsys.readouterr().err.splitlines()
    assert sentence.startswith("genregenie: ")
    assert trace[-1].startswith("genregenie.common.errors.DataError: ")


def test_a_run_leaves_logging_as_it_was(capsys):
    root, package = logging.getLogger(), logging.getLogger("genregenie")
    before = list(root.handlers), package.level
    main(["--verbose", "lab", "--list"])
    assert (list(root.handlers), package.level) == before


@pytest.mark.slow
def test_a_reader_who_leaves_ends_lines_of_progress_quietly(own_csv):
    lab = f"lab --system b --table '{own_csv}' --protocol tracks --model cosine --jobs 1"
    line = f"{sys.executable} -m genregenie {lab} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.slow
def test_the_module_is_the_command(clip):
    done = machine.run("-m", "genregenie", "classify", clip)
    assert done.returncode == 0
    assert "clip.wav" in done.stdout
