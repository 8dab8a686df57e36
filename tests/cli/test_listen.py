"""``genregenie listen``: through a pipe, and from a sound card that stands in for a real one."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genregenie.audio import AudioFile
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.web.ui.examples import EXAMPLES
from tests import machine

EXAMPLE = next(e for e in EXAMPLES if e.path.stem == "jazz").path
RATE = 22_050

Here = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(scope="module")
def song() -> NDArray[np.int16]:
    """The example as whole numbers, shape (n,)."""
    with AudioFile(EXAMPLE) as audio:
        blocks = [block for stretch in audio.stretches() for block in stretch.blocks]
    return np.rint(np.concatenate(blocks) * 32_767).clip(-32_768, 32_767).astype(np.int16)


@pytest.fixture(scope="module")
def judged(song: NDArray[np.int16]) -> Headline:
    """What the same samples are called in a file."""
    return Headline.of(Classifier.load().predict((song, RATE)))


# --- a sound card -----------------------------------------------------------------------------


class PortAudioError(Exception):
    """As sounddevice has it."""


class SoundCards(types.ModuleType):
    """What `sounddevice` offers, with inputs that hear given samples, faster than time goes."""

    PortAudioError = PortAudioError

    def __init__(self, samples: NDArray[np.int16], *names: str) -> None:
        super().__init__("sounddevice")
        self.samples = samples
        self.broken = self.goes_on = False
        self.opened: dict[str, Any] = {}
        self.default = types.SimpleNamespace(device=[1, 2])
        speakers = {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 44_100.0}
        self._devices = [
            speakers,
            *(
                {"name": n, "max_input_channels": 1 + 3 * i, "default_samplerate": float(RATE)}
                for i, n in enumerate(names)
            ),
        ]

    def query_devices(self) -> list[dict[str, Any]]:
        return self._devices

    def InputStream(self, **options: Any) -> "Stream":  # noqa: N802 - sounddevice's name
        self.opened = options
        if self.broken:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        return Stream(self, options)


class Stream:
    def __init__(self, cards: SoundCards, options: dict[str, Any]) -> None:
        self._cards, self._options = cards, options
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._push)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _push(self) -> None:
        size = self._options["blocksize"]
        memory = np.empty((size, self._options["channels"]), np.int16)
        for i in range(0, len(self._cards.samples), size):
            block = self._cards.samples[i : i + size, None]
            memory[: len(block)] = block  # the same memory each time, as PortAudio does
            self._options["callback"](memory[: len(block)], len(block), None, 0)
        if self._cards.goes_on:
            self._closed.wait()
        self._options["finished_callback"]()


@pytest.fixture
def cards(song: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch) -> SoundCards:
    made = SoundCards(song, "Built-in microphone", "USB microphone")
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


def test_a_sound_card_is_heard_as_a_file_is(
    cards: SoundCards, here: Here, judged: Headline
) -> None:
    done = here("listen")
    assert (done.returncode, done.stderr) == (0, "")
    *lines, verdict, more = done.stdout.splitlines()
    assert verdict == judged.sentence
    assert "heard: jazz" in more
    assert all(line[4:8] == "  [=" for line in lines)  # time, level, words
    assert any("]  Jazz: " in line for line in lines)
    assert cards.opened["device"] == 1
    assert cards.opened["samplerate"] == RATE
    assert cards.opened["channels"] == 1


@pytest.mark.parametrize("name", ["USB microphone", "usb", "2"])
def test_an_input_is_chosen_by_name_or_number(cards: SoundCards, here: Here, name: str) -> None:
    done = here("listen", "--json", "--device", name, "--seconds", "3")
    told = json.loads(done.stdout)
    assert (told["file"], told["error"]) == ("USB microphone", None)
    assert told["duration_s"] == pytest.approx(3.0, abs=0.01)
    assert done.stderr == ""
    assert (cards.opened["device"], cards.opened["channels"]) == (2, 2)


def test_inputs_are_listed_without_what_only_plays(cards: SoundCards, here: Here) -> None:
    lines = here("listen", "--list-devices").stdout.splitlines()
    assert lines[1].split() == ["1", "*", "Built-in", "microphone", "1", str(RATE), "Hz"]
    assert lines[2].split() == ["2", "USB", "microphone", "4", str(RATE), "Hz"]
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--device", "line in"), "no input called 'line in'"),
        (("--device", "microphone"), "Several inputs are called 'microphone'"),
    ],
)
def test_a_name_that_is_none_gets_a_sentence(
    cards: SoundCards, here: Here, arguments: tuple[str, ...], told: str
) -> None:
    done = here("listen", *arguments)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_card_that_is_taken_gets_a_sentence(cards: SoundCards, here: Here) -> None:
    cards.broken = True
    done = here("listen")
    assert done.returncode == 1
    assert "Built-in microphone cannot be listened to: Device unavailable" in done.stderr


def test_a_machine_without_an_input_gets_a_sentence(
    song: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", SoundCards(song))
    for arguments in ((), ("--list-devices",)):
        done = here("listen", *arguments)
        assert done.returncode == 1
        assert "There is no microphone" in done.stderr


def test_without_sounddevice_or_portaudio_there_is_a_way_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, here: Here
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    done = here("listen")
    assert done.returncode == 1
    assert "pip install 'genregenie[listen]'" in done.stderr
    assert "genregenie listen -" in done.stderr
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.syspath_prepend(tmp_path)
    assert "libportaudio2" in here("listen").stderr


def test_silence_is_said_to_be_silence(cards: SoundCards, here: Here) -> None:
    cards.samples = np.zeros(6 * RATE, np.int16)
    done = here("listen")
    assert "I hear hardly anything" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Silence")


def test_too_little_is_too_little(cards: SoundCards, here: Here) -> None:
    cards.samples = cards.samples[: RATE // 2]
    done = here("listen")
    assert done.returncode == 1
    assert "Only 0.50 s have been heard" in done.stderr
    told = here("listen", "--json")
    assert told.returncode == 1
    assert "Only 0.50 s" in json.loads(told.stdout)["error"]


# --- a pipe -----------------------------------------------------------------------------------

SECONDS = 12


@pytest.fixture
def piped(song: NDArray[np.int16]) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start the command with twelve seconds on their way through a pipe, which stays open."""
    started = []

    def start(*arguments: str, stdout: Any = subprocess.PIPE) -> "subprocess.Popen[bytes]":
        command = ("-m", "genregenie", "listen", *arguments, "-", "--rate", RATE)
        pipe = subprocess.PIPE
        process = machine.start(*command, stdin=pipe, stdout=stdout, stderr=pipe)
        started.append(process)
        process.stdin.write(song[: SECONDS * RATE].astype("<i2").tobytes())
        process.stdin.flush()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_what_comes_through_a_pipe_is_heard_to_its_end(song: NDArray[np.int16]) -> None:
    stereo = np.repeat(song[:, None], 2, axis=1).astype("<i2").tobytes()
    done = subprocess.run(
        [sys.executable, "-m", "genregenie", "listen", "-", "-r", str(RATE), "-c", "2", "--json"],
        input=stereo + b"\0",  # the sender was cut off within a sample
        capture_output=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert done.stderr == b""
    file = Classifier.load().predict((np.repeat(song[:, None], 2, axis=1), RATE))
    assert told["genre"] == file.genre
    assert told["confidence"] == pytest.approx(file.confidence, abs=1e-3)
    assert told["duration_s"] == pytest.approx(file.duration_s, abs=0.01)


@pytest.mark.slow
def test_control_c_ends_it_with_the_verdict_on_everything(
    piped: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    process = piped()
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while not lines[-1].startswith(b"0:12"):  # nothing more comes, and the pipe stays open
        assert lines[-1], process.stderr and process.stderr.read()
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    end, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    assert b"\nJazz: " in b"\n" + end  # after what else was heard of that second


@pytest.mark.slow
def test_on_a_terminal_one_line_is_written_over(
    piped: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    ours, theirs = pty.openpty()
    process = piped("--seconds", "6", stdout=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends
        while some := os.read(ours, 4096):
            shown += some
    os.close(ours)
    assert process.wait() == 0
    *over, verdict = shown.split(b"\r\x1b[K")
    assert len(over) >= 4
    assert not any(b"\n" in line for line in over)
    assert all(len(line) <= 80 for line in over)
    assert b"Listening..." in shown
    assert verdict.startswith(b"Jazz: ")


def test_a_terminal_is_no_pipe(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        done = here("listen", "-")
    os.close(ours)
    assert done.returncode == 1
    assert "Nothing is sent through a pipe" in done.stderr


def test_help_needs_neither_the_model_nor_a_sound_card() -> None:
    code = (
        "import sys\n"
        "from genregenie.cli.main import parser\n"
        "parser('listen')\n"
        "print([n for n in ('numpy', 'av', 'sounddevice') if n in sys.modules])"
    )
    assert machine.run("-c", code).stdout == "[]\n"
