"""``genregenie listen``: hear what a sound card hears, or what comes through a pipe."""

import argparse
import contextlib
import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from genregenie.cli.arguments import Commands, add_command, add_fast, add_json, positive
from genregenie.common.formatting import printable

if TYPE_CHECKING:
    from genregenie.audio.capture import Capture
    from genregenie.inference.live import LiveClassifier

_METER: Final = 10
_HOW: Final = """\
Sound can come through a pipe too, as raw 16-bit samples, the low byte first:
  arecord -t raw -f cd | genregenie listen - --channels 2
  ffmpeg -i song.mp3 -f s16le -ac 1 -ar 44100 - | genregenie listen -
"""


def add(commands: Commands) -> None:
    """Add the command to the parser's."""
    listen = add_command(
        commands,
        "listen",
        _listen,
        "name the genre of what is playing, from a sound card",
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listen.add_argument(
        "source",
        nargs="?",
        choices=("-",),
        metavar="-",
        help="read raw samples from the standard input instead",
    )
    listen.add_argument(
        "--seconds", type=positive, metavar="N", help="stop after so long (default: at Ctrl-C)"
    )
    listen.add_argument(
        "--device", metavar="NAME", help="a part of the input's name, or its number"
    )
    listen.add_argument("--list-devices", action="store_true", help="name the inputs, and stop")
    listen.add_argument(
        *("--rate", "-r"),
        type=positive,
        default=44_100,
        metavar="HZ",
        help="samples a second in the pipe (default: 44100)",
    )
    listen.add_argument(
        *("--channels", "-c"),
        type=positive,
        default=1,
        metavar="N",
        help="channels in the pipe (default: 1)",
    )
    add_json(listen, "object at the end")
    add_fast(listen)


def _listen(options: argparse.Namespace) -> int:
    from genregenie.common.worker import keep_to_one_thread

    keep_to_one_thread()
    from genregenie.audio import AudioError
    from genregenie.cli.classify import heard_line
    from genregenie.inference.headline import Headline
    from genregenie.inference.live import LiveClassifier
    from genregenie.inference.prediction import record

    if options.list_devices:
        return _list_devices()
    source = _source(options)
    live = LiveClassifier(source.rate_hz)
    with source, _until_interrupted() as stopped, _Line(options) as line:
        _hear(source, live, options.seconds, stopped, line)
    live.end()
    try:
        prediction = live.prediction()
    except AudioError as error:
        if not options.json:
            raise
        print(json.dumps(record(source.name, error), indent=2))
        return 1
    if options.json:
        print(json.dumps(record(source.name, prediction), indent=2))
    else:
        print(f"{Headline.of(prediction).sentence}{heard_line(prediction)}")
    return 0


def _list_devices() -> int:
    from genregenie.audio.capture import NO_INPUT, CaptureError, input_devices
    from genregenie.cli.messages import print_table

    devices = input_devices()
    if not devices:
        raise CaptureError(NO_INPUT)
    print_table(
        {
            "number": f"{device.number}{' *' if device.is_default else ''}",
            "name": printable(device.name),
            "channels": str(device.channels),
            "rate": f"{device.rate_hz} Hz",
        }
        for device in devices
    )
    return 0


def _source(options: argparse.Namespace) -> "Capture":
    from genregenie.audio.capture import Pipe, SoundCard

    if options.source is None:
        return SoundCard(options.device)
    return Pipe(sys.stdin.fileno(), options.rate, options.channels)


@contextlib.contextmanager
def _until_interrupted() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets: it ends the listening, not a sum that is half done."""
    stopped = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def _hear(
    source: "Capture",
    live: "LiveClassifier",
    seconds: int | None,
    stopped: threading.Event,
    line: "_Line",
) -> None:
    """Push what comes, and tell once a second what is made of it."""
    from genregenie.inference.live import SOFTEST_DB, peak_db

    left = None if seconds is None else seconds * source.rate_hz
    told, level, levels = 0, SOFTEST_DB, list[float]()
    for block in source.blocks(stopped):
        samples = block[:left]
        live.push(samples)
        level = max(level, peak_db(samples))
        if int(live.heard_s) > told:
            told = int(live.heard_s)
            levels.append(level)
            line.tell(live.heard_s, level, _words(live, levels))
            level = SOFTEST_DB
        if left is not None:
            left -= len(samples)
            if left == 0:
                return


def _words(live: "LiveClassifier", levels: list[float]) -> str:
    """What is made of the last ten seconds."""
    from genregenie.inference.headline import Headline
    from genregenie.inference.live import FIRST_S, HARDLY_ANYTHING, is_hardly_heard

    if is_hardly_heard(levels):
        return ". ".join(HARDLY_ANYTHING)
    if live.heard_s < FIRST_S:
        return "Listening..."
    return Headline.of(live.recent()).sentence


class _Line:
    """One line that is written over each second, or one each second where nobody watches.

    With ``--json`` the standard output is the object's, so it goes to the other one, if there is
    somebody who watches that.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._file = sys.stderr if options.json else sys.stdout
        self._is_watched = self._file.isatty()
        self._is_quiet = options.volume == "quiet" or (options.json and not self._is_watched)

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_watched and not self._is_quiet:
            print("\r\033[K", end="", file=self._file, flush=True)

    def tell(self, heard_s: float, level: float, words: str) -> None:
        """The time, the level of the last second, and what is made of it."""
        if self._is_quiet:
            return
        from genregenie.audio import format_duration
        from genregenie.inference.live import SOFTEST_DB

        filled = round(_METER * (1 - level / SOFTEST_DB))
        text = f"{format_duration(heard_s)}  [{'=' * filled:<{_METER}}]  {words}"
        if self._is_watched:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{text[:width]}", end="", file=self._file, flush=True)
        else:
            print(text, file=self._file, flush=True)
