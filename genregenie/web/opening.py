"""What a worker of `genregenie.web.analysis` does with a clip that it opens.

It loads all it needs before, since later it may open nothing.
"""

import faulthandler
import io
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from genregenie.audio import RATE_HZ, AudioFile, Source, Spread
from genregenie.audio.about import About, about, cover_of
from genregenie.audio.samples import as_wav
from genregenie.autotag.network import network
from genregenie.common import confinement, resources
from genregenie.common.steps import result_of
from genregenie.features import key, tempo
from genregenie.inference.classifier import Classifier
from genregenie.inference.prediction import Prediction
from genregenie.lab.hearing import hear as hear_for_system_a
from genregenie.lab.hearing import middle as hear_the_middle

MORE_BYTES: Final = 1 << 30
"""So much memory a worker may take beside what it has when it is ready."""

EXCERPT: Final = Spread(1, 10.0, 12.0)


def prepare() -> None:
    """Load all that work needs. It is tried once, since nothing can be loaded later."""
    faulthandler.enable(all_threads=False)
    try:
        if not Classifier.load().fast:
            network()
        tempo.shipped(), key.shipped()  # which only music needs
        _rehearse()
    finally:
        confinement.confine(MORE_BYTES)


def _rehearse() -> None:
    from PIL import Image

    from genregenie.web.images.cover import small

    clip = (resources.assets() / "examples" / "jazz.mp3").read_bytes()
    result_of(listen(clip))
    draw(clip)
    cut(clip)
    hear_for_system_a(clip)
    hear_the_middle(clip)
    Image.init()
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        picture = io.BytesIO()
        Image.new("RGB", (8, 8)).save(picture, kind)
        small(picture.getvalue())


def limited(
    cpu_s: float, function: Callable[[Source], Any], clip: Source
) -> Generator[Any, None, Any]:
    """What a function makes of a clip, with so much processor time and nothing else to open."""
    confinement.allow_cpu(cpu_s)
    with confinement.closed():
        found = function(clip)
        return (yield from found) if isinstance(found, Generator) else found


def listen(clip: Source) -> Generator[About | float, None, Prediction]:
    """`hear`, which gives first what the clip says of itself."""
    yield told_by(clip)
    return (yield from hear(clip))


def hear(clip: Source) -> Generator[float, None, Prediction]:
    """As `genregenie.inference.classifier.Classifier.hear`."""
    return Classifier.load().hear(clip)


def cover(clip: Source) -> bytes | None:
    """The cover in a file's tags, small enough to show; None where there is none."""
    from genregenie.web.images.cover import small

    found = cover_of(clip)
    return small(found) if found else None


def told_by(clip: Source) -> About:
    """What a clip says of itself, with a cover that is small enough to show."""
    from genregenie.web.images.cover import small

    found = about(clip)
    return replace(found, cover=small(found.cover)) if found.cover else found


def cut(clip: Source) -> bytes:
    """Ten seconds from the middle, as a WAV."""
    with AudioFile(clip) as audio:
        samples = np.concatenate([b for s in audio.stretches(EXCERPT) for b in s.blocks])
    return as_wav((np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16), RATE_HZ)


def draw(clip: Source) -> tuple[bytes, str]:
    """The spectrogram as a PNG, and a sentence that tells what it shows."""
    from genregenie.web.images.spectrogram import spectrogram

    with AudioFile(clip) as audio:
        sound = spectrogram(block for s in audio.stretches() for block in s.blocks)
    return sound.png(), sound.alt_text()
