"""People's clips are analysed in worker processes, never in the server's own.

A clip that kills its decoder, or keeps it for ever, ends one worker: whose clip it was gets a
sentence, nobody else notices, and another worker takes its place. The workers have the model
loaded, so the first clip waits no longer than the next.
"""

import atexit
import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, Final

from genregenie.audio import AudioError, AudioFile
from genregenie.audio.about import About, about
from genregenie.audio.parallel import CRASHED
from genregenie.autotag.network import network
from genregenie.common.parallel import Pool, cores
from genregenie.common.steps import Steps, result_of
from genregenie.common.worker import LostError
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction

WORKERS: Final = min(max(cores(), 2), 8)
"""Clips listened to at once in all; each takes a process of some 100 MB. The rest wait."""

MAX_LISTENING_S: Final = 120.0
"""So long a clip may take. Ten minutes of music, the most that is heard, take a few seconds."""

TOO_SLOW: Final = (
    f"GenreGenie stopped listening to this clip after {MAX_LISTENING_S / 60:.0f} minutes: it never "
    "came to an end. Export it again, as MP3 or WAV for instance."
)

TELL_EVERY_S: Final = 0.5

Clip = str | bytes


def hear(clip: Clip) -> Generator[float, None, Prediction]:
    """`Classifier.hear` in a worker. Closing the generator ends the work.

    Parameters
    ----------
    clip : str or bytes
        The path of a file, or what is in it.

    Yields
    ------
    float
        How much has been heard, in seconds, about every `TELL_EVERY_S`.

    Returns
    -------
    Prediction
        As the generator's value.

    Raises
    ------
    AudioError
        If the clip cannot be used as audio, killed its worker, or took too long.
    """
    steps: Steps[About | float, Prediction] = Steps(listen(clip))
    for told in steps:
        if isinstance(told, float):
            yield told
    return steps.result


def listen(clip: Clip) -> Generator[About | float, None, Prediction]:
    """`hear`, which tells first what the clip says of itself.

    Raises
    ------
    AudioError
        As `hear`.
    """
    steps: Steps[About | float | None, Prediction] = Steps(in_worker(_listen, clip))
    heard_s, due = 0.0, time.monotonic() + TELL_EVERY_S / 2
    for told in steps:
        if isinstance(told, About):
            yield told
        elif told is not None:
            heard_s = told
        if time.monotonic() >= due:
            yield heard_s
            due = time.monotonic() + TELL_EVERY_S / 2
    return steps.result


def predict(clip: Clip) -> Prediction:
    """`hear` for who cannot show how far it is.

    Raises
    ------
    AudioError
    """
    return result_of(hear(clip))


def picture(path: str) -> tuple[bytes, str]:
    """The spectrogram of a file, as a PNG, and a sentence that tells what it shows.

    Raises
    ------
    AudioError
    """
    drawn: tuple[bytes, str] = result_of(in_worker(_draw, path))
    return drawn


def in_worker(function: Callable[..., Any], *arguments: Any) -> Generator[Any, None, Any]:
    """Run what opens a clip in a worker; as `Pool.run`, with sentences for what goes wrong there.

    Raises
    ------
    AudioError
    """
    # Gradio's paths are strings of its own kind; unpickling one would import Gradio in the worker.
    plain = [str(a) if isinstance(a, str) else a for a in arguments]
    try:
        return (
            yield from _workers().run(
                function, *plain, limit_s=MAX_LISTENING_S, every_s=TELL_EVERY_S
            )
        )
    except (LostError, MemoryError) as error:
        raise AudioError(CRASHED) from error
    except TimeoutError as error:
        raise AudioError(TOO_SLOW) from error


# --- the workers -----------------------------------------------------------------------------

_lock = threading.Lock()
_pool: Pool | None = None
_servers = 0


def _workers() -> Pool:
    global _pool
    with _lock:
        if _pool is None:
            _pool = Pool(WORKERS, _prepare)
            atexit.register(_pool.close)
        return _pool


@contextlib.contextmanager
def workers_for_a_server() -> Iterator[None]:
    """Workers are there within; when the last server of this process leaves, they end."""
    global _pool, _servers
    _workers()
    with _lock:
        _servers += 1
    try:
        yield
    finally:
        with _lock:
            _servers -= 1
            ending, _pool = (None, _pool) if _servers else (_pool, None)
        if ending is not None:
            ending.close()


# --- in a worker -----------------------------------------------------------------------------


def _prepare() -> None:
    if not Classifier.load().fast:
        network()


def _listen(clip: Clip) -> Generator[About | float, None, Prediction]:
    yield _about(clip)
    return (yield from Classifier.load().hear(clip))


def _about(clip: Clip) -> About:
    from genregenie.web.images.cover import small

    found = about(clip)
    return replace(found, cover=small(found.cover)) if found.cover else found


def _draw(path: str) -> tuple[bytes, str]:
    from genregenie.web.images.spectrogram import spectrogram

    with AudioFile(path) as audio:
        sound = spectrogram(block for s in audio.stretches() for block in s.blocks)
    return sound.png(), sound.alt_text()
