"""Listening to the microphone while the music plays; one `LiveClassifier` for each recording.

The browser sends a second of sound at a time. Each gets an answer: a headline on the last ten
seconds, since the sum of two songs is neither. What was heard is kept until the recording ends, and
is then a clip like any other.
"""

import contextlib
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from genregenie.accounts.errors import GuestLimitError
from genregenie.audio import AudioError
from genregenie.audio.samples import as_wav
from genregenie.inference.headline import Headline
from genregenie.inference.live import (
    FIRST_S,
    HARDLY_ANYTHING,
    LiveClassifier,
    is_hardly_heard,
    peak_db,
)
from genregenie.inference.prediction import Prediction
from genregenie.web.guests import Admit
from genregenie.web.ui import downloads, events
from genregenie.web.views import live as views

STREAM_EVERY_S: Final = 1.0
ENOUGH_S: Final = 10.0
STOP_S: Final = 30.0
"""So long the page listens; then the script presses Stop."""
MAX_S: Final = 60.0
"""More than this is not taken, whatever a browser sends."""
_STATE_LIVES_S: Final = 600
_STREAM: Final[events.Options] = {
    "stream_every": STREAM_EVERY_S,
    "time_limit": round(MAX_S),
    "concurrency_limit": 20,
    "concurrency_id": "live",
}

_BEGUN: Final = ("Listening\N{HORIZONTAL ELLIPSIS}", "")
_NO_MUSIC: Final = ("I hear no music yet", "Talking and noise have no genre.")
_ENOUGH: Final = "That is enough, or let it run."


@dataclass
class Recording:
    """One tap on the button, until it stops.

    Attributes
    ----------
    rate : int
    live : LiveClassifier
    samples : list of arrays, shape (n, channels)
        All that was heard, as it came.
    peaks_db : list of float
        The peak of each second.
    past : list of str
        The likeliest genre each second, "" where there was none.
    said : tuple of str
        What the words say now.
    """

    rate: int
    live: LiveClassifier
    samples: list[NDArray[np.int16]] = field(default_factory=list)
    peaks_db: list[float] = field(default_factory=list)
    past: list[str] = field(default_factory=list)
    said: tuple[str, str] = ("", "")
    refused: bool = False

    @property
    def heard_s(self) -> float:
        """How much has come."""
        return sum(map(len, self.samples)) / self.rate

    def push(self, samples: NDArray[np.int16]) -> None:
        """The next samples, shape (n, channels)."""
        self.live.push(samples)
        self.samples.append(samples)
        self.peaks_db.append(peak_db(samples))

    def wav(self) -> bytes:
        """All of it as a file."""
        return as_wav(np.concatenate(self.samples), self.rate)


Chunk = tuple[int, NDArray[np.int16]]


def build(admit: Admit) -> tuple[gr.Audio, gr.State, gr.HTML, gr.HTML]:
    """The microphone, which needs no sight, what it has heard, and what is shown meanwhile."""
    mic = gr.Audio(
        sources=["microphone"],
        streaming=True,
        type="filepath",
        visible="hidden",
        elem_id="mic",
        waveform_options=gr.WaveformOptions(show_recording_waveform=False),
    )
    recording = gr.State(time_to_live=_STATE_LIVES_S)
    with gr.Column(elem_id="live"):
        words = gr.HTML(elem_id="live-words", padding=False)
        picture = gr.HTML(elem_id="live-picture", padding=False)
    mic.stream(
        hear_for(admit),
        [mic, recording],
        [recording, words, picture],
        **events.QUIET,
        **_STREAM,
    )
    return mic, recording, words, picture


def hear_for(admit: Admit) -> Callable[..., tuple[Any, ...]]:
    """What takes a second of sound; `admit` counts recordings of guests."""

    def hear(path: str | None, recording: Recording | None, request: gr.Request) -> tuple[Any, ...]:
        chunk = taken(path)
        if chunk is None or (recording is not None and recording.refused):
            return gr.skip(), gr.skip(), gr.skip()
        rate, samples = chunk
        if recording is None:
            recording = Recording(rate, LiveClassifier(rate))
            try:
                admit(request)
            except GuestLimitError as error:
                recording.refused = True
                words = views.words("No more as a guest", str(error))
                return recording, words, views.picture(0.0, is_over=True)
        if rate != recording.rate or recording.heard_s >= MAX_S:
            return gr.skip(), gr.skip(), views.picture(recording.heard_s, is_over=True)
        recording.push(samples)
        return recording, *shown(recording)

    return hear


def shown(recording: Recording) -> tuple[Any, Any]:
    """Words, where they change, and the picture of what was heard last."""
    recent = None
    if recording.heard_s >= FIRST_S:
        with contextlib.suppress(AudioError):  # of little sound there is nothing to say yet
            recent = recording.live.recent()
    genre = recent.genre if recent is not None else None
    recording.past.append(genre or "")
    now = _words(recording, recent)
    is_news, recording.said = now[0] != recording.said[0] or now[1] != recording.said[1], now
    picture = views.picture(
        recording.heard_s,
        recent.confidences if recent is not None and genre else None,
        recording.past,
        is_over=recording.heard_s >= STOP_S,
    )
    return views.words(*now) if is_news else gr.skip(), picture


def _words(recording: Recording, recent: Prediction | None) -> tuple[str, str]:
    if is_hardly_heard(recording.peaks_db):
        return HARDLY_ANYTHING
    if recent is None:
        return _BEGUN
    if recent.genre is None:
        return _NO_MUSIC
    lately = recording.past[-round(ENOUGH_S - FIRST_S) :]
    is_steady = recording.heard_s >= ENOUGH_S and set(lately) == {recent.genre}
    is_enough = is_steady and recent.verdict == "confident"
    return Headline.of(recent).title, _ENOUGH if is_enough else ""


def taken(path: str | None) -> Chunk | None:
    """The samples of a chunk, shape (n, channels); its file goes. None if there are none."""
    if path is None:
        return None
    file = Path(path)
    try:
        with wave.open(path, "rb") as wav:
            if wav.getsampwidth() != 2:
                return None
            rate, channels = wav.getframerate(), wav.getnchannels()
            # A browser writes the header before it knows how much comes, and claims 4 GB.
            data = wav.readframes(min(wav.getnframes(), round(MAX_S * rate)))
    except (OSError, EOFError, wave.Error):
        return None
    finally:
        with contextlib.suppress(OSError):
            # An older one is not the second that has just come, whoever says so.
            if time.time() - file.stat().st_mtime < MAX_S:
                file.unlink()
                file.parent.rmdir()
    samples = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], "<i2")
    return (rate, samples.reshape(-1, channels).astype(np.int16)) if len(samples) else None


def kept(recording: Recording | None) -> str | None:
    """What was heard, as a file of the name that recordings have; None if that is nothing."""
    if recording is None or not recording.samples or recording.refused:
        return None
    return downloads.as_file(f"{downloads.RECORDING}.wav", recording.wav())
