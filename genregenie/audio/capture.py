"""Sound that comes by itself: from a sound card, or as raw samples through a pipe.

A thread takes what comes and keeps it until it is asked for, so that nothing is lost while somebody
thinks about what came before.
"""

import contextlib
import os
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from genregenie.common.errors import GenreGenieError

BLOCK_S: Final = 0.1
_MAX_WAITING: Final = 600  # blocks; a pipe waits then, a sound card has been slow for a minute
_LOOK_EVERY_S: Final = 0.1
_NO_MODULE: Final = (
    "Listening to a sound card needs sounddevice: pip install 'genregenie[listen]'. Or send the "
    "sound through a pipe: arecord -t raw -f cd | genregenie listen - --channels 2"
)
_NO_PORTAUDIO: Final = (
    "sounddevice does not find PortAudio, through which it listens. Install that too; on Debian "
    "and Ubuntu it is the package libportaudio2."
)
_TYPED: Final = (
    "Nothing is sent through a pipe: arecord -t raw -f cd | genregenie listen - --channels 2"
)
NO_INPUT: Final = "There is no microphone, nor any other input for sound."

Block = NDArray[np.int16]
"""Samples, shape (n, channels)."""


class CaptureError(GenreGenieError):
    """No sound can be had; the message is a sentence."""


class Capture(ABC):
    """Samples as they come, within a ``with`` block.

    Attributes
    ----------
    name : str
        Where they come from.
    rate_hz : int
    """

    def __init__(self, name: str, rate_hz: int) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self._waiting: queue.Queue[Block | None] = queue.Queue(_MAX_WAITING)

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    def blocks(self, stopped: threading.Event) -> Iterator[Block]:
        """All that has come since the block before, until the sound ends or `stopped` is set."""
        is_over = False
        while not is_over and not stopped.is_set():
            try:
                came = [self._waiting.get(timeout=_LOOK_EVERY_S)]
            except queue.Empty:
                continue
            with contextlib.suppress(queue.Empty):
                while len(came) * BLOCK_S < 1.0:
                    came.append(self._waiting.get_nowait())
            heard = [block for block in came if block is not None]
            is_over = len(heard) < len(came)
            if heard:
                yield np.concatenate(heard)


class Pipe(Capture):
    """Raw 16-bit samples, the low byte first, from a file descriptor.

    Parameters
    ----------
    descriptor : int
    rate_hz, channels : int > 0

    Raises
    ------
    CaptureError
        If it is a terminal, where somebody types.
    """

    def __init__(self, descriptor: int, rate_hz: int, channels: int) -> None:
        if os.isatty(descriptor):
            raise CaptureError(_TYPED)
        super().__init__("-", rate_hz)
        self._descriptor, self._channels = descriptor, channels

    def __enter__(self) -> Self:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """The thread waits for a pipe that may never end, and ends with the process."""

    def _take(self) -> None:
        frame = 2 * self._channels
        size = max(round(BLOCK_S * self.rate_hz), 1) * frame
        left = b""
        # Not through sys.stdin: a thread that waits there keeps Python from ending.
        while data := os.read(self._descriptor, size):
            left += data
            whole = len(left) // frame * frame
            if whole:
                samples = np.frombuffer(left[:whole], "<i2").reshape(-1, self._channels)
                self._waiting.put(samples.astype(np.int16))
                left = left[whole:]
        self._waiting.put(None)


@dataclass(frozen=True)
class InputDevice:
    """What sound can come from.

    Attributes
    ----------
    number : int
    name : str
    rate_hz : int
        Its own.
    channels : int
        At most.
    is_default : bool
    """

    number: int
    name: str
    rate_hz: int
    channels: int
    is_default: bool


def input_devices() -> list[InputDevice]:
    """All that there are.

    Raises
    ------
    CaptureError
        If they cannot be asked for.
    """
    sounddevice = _sounddevice()
    try:
        devices, (default, _) = sounddevice.query_devices(), sounddevice.default.device
    except sounddevice.PortAudioError as error:
        raise CaptureError(f"The sound cards cannot be asked: {error}.") from error
    return [
        InputDevice(
            number,
            str(device["name"]),
            round(device["default_samplerate"]),
            int(device["max_input_channels"]),
            number == default,
        )
        for number, device in enumerate(devices)
        if device["max_input_channels"] > 0
    ]


class SoundCard(Capture):
    """What a sound card hears, at its own rate, in two channels where it has them.

    Parameters
    ----------
    device : str, optional
        Its number, or a part of its name that no other has; None is the system's own choice.

    Raises
    ------
    CaptureError
        If there is none, or it cannot be used.
    """

    def __init__(self, device: str | None = None) -> None:
        self._sounddevice = _sounddevice()
        chosen = _chosen(input_devices(), device)
        super().__init__(chosen.name, chosen.rate_hz)
        self._device = chosen
        self._stream: Any = None

    def __enter__(self) -> Self:
        device = self._device
        try:
            self._stream = self._sounddevice.InputStream(
                samplerate=device.rate_hz,
                blocksize=round(BLOCK_S * device.rate_hz),
                device=device.number,
                channels=min(device.channels, 2),
                dtype="int16",
                callback=self._take,
                finished_callback=lambda: self._keep(None),
            )
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            raise CaptureError(f"{device.name} cannot be listened to: {error}.") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _take(self, samples: Block, *_: object) -> None:
        self._keep(samples.copy())  # the memory is PortAudio's

    def _keep(self, block: Block | None) -> None:
        with contextlib.suppress(queue.Full):  # PortAudio's thread must not wait
            self._waiting.put_nowait(block)


def _chosen(devices: list[InputDevice], wanted: str | None) -> InputDevice:
    if not devices:
        raise CaptureError(NO_INPUT)
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    for device in devices:
        if wanted in (str(device.number), device.name):
            return device
    found = [device for device in devices if wanted.casefold() in device.name.casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CaptureError(f"There is no input called {wanted!r}; --list-devices names them.")
    names = ", ".join(f"{device.number} ({device.name})" for device in found)
    raise CaptureError(f"Several inputs are called {wanted!r}: say which by its number: {names}.")


def _sounddevice() -> ModuleType:
    try:
        import sounddevice
    except ImportError as error:
        raise CaptureError(_NO_MODULE) from error
    except OSError as error:
        raise CaptureError(_NO_PORTAUDIO) from error
    module: ModuleType = sounddevice
    return module
