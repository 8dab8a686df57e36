"""What system A hears of a file and reads in its tags, without any of what it is trained with."""

from dataclasses import dataclass

from genregenie.audio import AudioFile, Source
from genregenie.common.arrays import Array
from genregenie.features.statistics import Statistics, statistics
from genregenie.features.tangent import as_row


@dataclass(frozen=True)
class Sound:
    """A file, as far as system A is concerned.

    Attributes
    ----------
    row : array, shape (n,)
        The statistics of its timbre.
    text : str
        Artist and title from its own tags; empty if it has none.
    """

    row: Array
    text: str


def hear(source: Source) -> Sound:
    """Listen to a file and read its tags.

    Raises
    ------
    AudioError
        If the file cannot be used as audio.
    """
    with AudioFile(source) as audio:
        stats = sum((statistics(s.blocks) for s in audio.stretches()), Statistics.empty())
        text = " ".join(part for part in (audio.artist, audio.title) if part)
    return Sound(as_row(stats), text)
