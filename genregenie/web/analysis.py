"""People's clips are analysed in worker processes, or on a cluster, never in the server's own.

A clip that kills its decoder, or keeps it for ever, ends one worker: whose clip it was gets a
sentence, nobody else notices, and another worker takes its place. The workers have the model
loaded, so the first clip waits no longer than the next. They are handed a clip that is open, or its
bytes, and never a name; once they are ready `genregenie.common.confinement` lets them open nothing.
"""

import atexit
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from genregenie.audio import AudioError, Source
from genregenie.audio.about import About
from genregenie.audio.decoding import open_source
from genregenie.audio.parallel import CRASHED
from genregenie.common import replicas
from genregenie.common.parallel import Pool, cores
from genregenie.common.steps import Steps, result_of
from genregenie.common.worker import LostError
from genregenie.inference.cluster_service import ClusterService
from genregenie.inference.cluster_tasks import ClusterError
from genregenie.inference.prediction import Prediction
from genregenie.lab.hearing import Middle, Sound
from genregenie.lab.hearing import hear as hear_for_system_a
from genregenie.lab.hearing import middle as hear_the_middle
from genregenie.web import opening
from genregenie.web.serving import metrics

WORKERS: Final = min(max(cores(), 2), 8)
"""Clips listened to at once in all; each takes a process of some 100 MB. The rest wait."""

MAX_LISTENING_S: Final = 120.0
"""So long a clip may take. Ten minutes of music, the most that is heard, take a few seconds."""

TOO_SLOW: Final = (
    f"GenreGenie stopped listening to this clip after {MAX_LISTENING_S / 60:.0f} minutes: it never "
    "came to an end. Export it again, as MP3 or WAV for instance."
)

MAX_CPU_S: Final = 90.0
"""So long its worker may compute; the kernel ends one that the server has lost sight of."""

TELL_EVERY_S: Final = 0.5

Clip = str | bytes | BinaryIO
"""The path of a file, what is in it, or the file itself, open and with a descriptor."""

log = logging.getLogger("genregenie.web")


def hear(clip: Clip) -> Generator[float, None, Prediction]:
    """`Classifier.hear` in a worker. Closing the generator ends the work.

    Parameters
    ----------
    clip : str, bytes or open file
        The path of a file, what is in it, or the file.

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
    steps: Steps[About | float | None, Prediction] = Steps(_told_and_heard(clip))
    heard_s, due = 0.0, time.monotonic() + TELL_EVERY_S / 2
    with metrics.clip() as counted:
        for told in steps:
            if isinstance(told, About):
                yield told
            elif told is not None:
                heard_s = told
            if time.monotonic() >= due:
                yield heard_s
                due = time.monotonic() + TELL_EVERY_S / 2
        counted.verdict = steps.result.verdict
    return steps.result


def _told_and_heard(clip: Clip) -> Generator[About | float | None, None, Prediction]:
    """Listen in a worker or, where there is one, on the cluster."""
    cluster = _cluster()
    if cluster is None:
        return (yield from in_worker(opening.listen, clip))
    # What a clip says of itself is shown before anything is heard.
    yield result_of(in_worker(opening.told_by, clip))
    try:
        return (yield from cluster.listen(_whole(clip), MAX_LISTENING_S))
    except TimeoutError as error:
        raise AudioError(TOO_SLOW) from error
    except ClusterError as error:
        log.warning("a clip is heard here instead: %s", error)
    return (yield from in_worker(opening.hear, clip))


def _whole(clip: Clip) -> Path | bytes:
    if isinstance(clip, (str, bytes)):
        return Path(clip) if isinstance(clip, str) else clip
    clip.seek(0)
    return clip.read()


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
    drawn: tuple[bytes, str] = result_of(in_worker(opening.draw, path))
    return drawn


def excerpt(path: str) -> bytes:
    """Ten seconds from the middle of a file, as a WAV.

    Raises
    ------
    AudioError
    """
    cut: bytes = result_of(in_worker(opening.cut, path))
    return cut


def cover(path: str) -> bytes | None:
    """The cover in a file's tags as a small JPEG; None where there is none.

    Raises
    ------
    AudioError
    """
    found: bytes | None = result_of(in_worker(opening.cover, path))
    return found


def sound(path: str) -> Sound:
    """What system A of the lab hears of a file.

    Raises
    ------
    AudioError
    """
    heard: Sound = result_of(in_worker(hear_for_system_a, path))
    return heard


def middle(path: str) -> Middle:
    """What the lab's other systems hear of a file.

    Raises
    ------
    AudioError
    """
    heard: Middle = result_of(in_worker(hear_the_middle, path))
    return heard


def beside(function: Callable[..., Any], *arguments: Any) -> Generator[Any, None, Any]:
    """Run what takes long and opens no clip in a process that may load what it needs.

    There is one, started when it is needed first.

    Raises
    ------
    AudioError
        If it took too long, or ended its process.
    """
    with _told_in_words():
        return (yield from _helper().run(function, *arguments, limit_s=MAX_LISTENING_S))


def in_worker(function: Callable[[Source], Any], clip: Clip) -> Generator[Any, None, Any]:
    """Run what opens a clip in a worker; as `Pool.run`, with sentences for what goes wrong there.

    Raises
    ------
    AudioError
    """
    run = partial(
        _workers().run,
        opening.limited,
        MAX_CPU_S,
        function,
        limit_s=MAX_LISTENING_S,
        every_s=TELL_EVERY_S,
    )
    with _told_in_words():
        if isinstance(clip, bytes):
            return (yield from run(clip))
        file, owned = open_source(clip)
        with file if owned else contextlib.nullcontext():
            return (yield from run(file=file))


@contextlib.contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except (LostError, MemoryError) as error:
        log.warning("a clip ended the process that listened to it (%s)", type(error).__name__)
        raise AudioError(CRASHED) from error
    except TimeoutError as error:
        raise AudioError(TOO_SLOW) from error


# --- the workers -----------------------------------------------------------------------------

_lock = threading.Lock()
_pool: Pool | None = None
_beside: Pool | None = None
_service: ClusterService | None = None
_servers = 0


def _workers() -> Pool:
    global _pool
    with _lock:
        if _pool is None:
            _pool = Pool(WORKERS, opening.prepare)
            atexit.register(_pool.close)
        return _pool


def _helper() -> Pool:
    global _beside
    with _lock:
        if _beside is None:
            _beside = Pool(1)
            atexit.register(_beside.close)
        return _beside


def _cluster() -> ClusterService | None:
    global _service
    address = replicas.cluster()
    with _lock:
        if _service is None and address is not None:
            _service = ClusterService(address)
        return _service


@contextlib.contextmanager
def workers_for_a_server() -> Iterator[None]:
    """Workers are there within; when the last server of this process leaves, they end."""
    global _pool, _beside, _service, _servers
    _workers(), _cluster()
    with _lock:
        _servers += 1
    try:
        yield
    finally:
        with _lock:
            _servers -= 1
            ending = () if _servers else (_pool, _beside, _service)
            if not _servers:
                _pool = _beside = _service = None
        for pool in ending:
            if pool is not None:
                pool.close()
