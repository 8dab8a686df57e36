"""Any audio file becomes blocks of mono float32 samples at 22 050 Hz.

Files up to ten minutes are read whole, longer ones on evenly spread stretches; a `Spread` says
otherwise. What is opened at all: `formats`. How, without trusting it: `decoding`.
"""

from genregenie.audio.file import MIN_DURATION_S, AudioFile
from genregenie.audio.formats import AUDIO_SUFFIXES, FORMATS, RATE_HZ, Samples, Source
from genregenie.audio.spread import SIX_STRETCHES, WHOLE, Spread, Stretch
from genregenie.common.errors import AudioError
from genregenie.common.formatting import format_duration

__all__ = [
    "AUDIO_SUFFIXES",
    "FORMATS",
    "MIN_DURATION_S",
    "RATE_HZ",
    "SIX_STRETCHES",
    "WHOLE",
    "AudioError",
    "AudioFile",
    "Samples",
    "Source",
    "Spread",
    "Stretch",
    "format_duration",
]
