"""An audio file: its stretches, its tags, how long it is."""

import re
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

import av
import numpy as np

from genregenie.audio import ending, ogg, riff
from genregenie.audio.decoding import DAMAGED, audio_errors, open_source
from genregenie.audio.formats import RATE_HZ, Samples, Source
from genregenie.audio.offset import without_offset
from genregenie.audio.resampling import resampled
from genregenie.audio.spread import WHOLE, Spread, Stretch
from genregenie.audio.stream import AudioStream
from genregenie.common.errors import AudioError

MIN_DURATION_S: Final = 1.0
"""Less than this cannot be judged."""

_OGG: Final = b"OggS"
_YEAR: Final = re.compile(r"(?<!\d)(1[89]|20)\d\d(?!\d)")
_FIRST_RELEASE: Final = ("originaldate", "originalyear", "tdor", "tory", "wm/originalreleaseyear")
_MORE_S: Final = 0.1  # what a resampler holds back


class AudioFile:
    """An audio file opened for reading; use it as a context manager.

    Parameters
    ----------
    source : path, bytes, seekable binary file, or (samples, rate)

    Attributes
    ----------
    title, album, track_artist, album_artist : str or None
        The file's own tags.
    artist : str or None
        The track's, else the album's.
    year : str or None
        Four digits, from the file's own date.
    first_year : str or None
        That of the first release, where the tags tell it from that of this one; else `year`.
    duration_s : float
        What the header says, or what was counted where it is silent; once the stretches have been
        read, what was found.
    analysed_s : float
        Seconds handed out so far.
    is_lossless : bool
        Whether its format, of each part, gives back all that was put in.

    Raises
    ------
    AudioError
        If the file is missing, empty, not audio, or its header cannot be believed; if the samples
        are none.
    TypeError
        If the source is something else.
    """

    def __init__(self, source: Source) -> None:
        self._file, self._owned = open_source(source)
        self._stream: AudioStream | None = None
        self._packets = self._broken_packets = 0
        self.is_lossless = True
        self._step = self._end_s = self.analysed_s = 0.0
        tags: dict[str, str] = {}
        lengths: list[float] = []
        self._parts: list[BinaryIO] = []
        try:
            with audio_errors():
                for part, stream in self._opened_parts():
                    self._parts.append(part)
                    lengths.append(stream.duration_s)
                    tags = stream.tags | tags
            self._open = len(self._parts) - 1
        except BaseException:
            self.close()
            raise
        self.title, self.album = _tag(tags, "title"), _tag(tags, "album")
        self.track_artist = _tag(tags, "artist")
        self.album_artist = _tag(tags, "album_artist")
        self.artist = self.track_artist or self.album_artist
        self.year = _year(tags, ("date", "originaldate", "year", "tyer", "tdrc"))
        self.first_year = _year(tags, _FIRST_RELEASE) or self.year
        *self._starts_s, self.duration_s = np.cumsum([0.0, *lengths]).tolist()

    def _opened_parts(self) -> Iterator[tuple[BinaryIO, AudioStream]]:
        """Each link of an Ogg file in its order, else the file itself; one is open at a time."""
        is_ogg = self._file.read(len(_OGG)) == _OGG
        self._file.seek(0)
        links = ogg.links(self._file) if is_ogg else []
        if len(links) < 2:
            yield self._file, self._opened(self._file)
            return
        refused: AudioError | None = None
        heard = False
        for start, end in links:
            section = cast("BinaryIO", ogg.Section(self._file, start, end))
            try:
                yield section, self._opened(section)
                heard = True
            except AudioError as error:
                refused = error  # the end of a recording that was cut off, say
        if refused is not None and not heard:
            raise refused

    def _opened(self, part: BinaryIO) -> AudioStream:
        """A part as a stream; what was open before is closed, and remembered in sums."""
        self._close_stream()
        self._stream = AudioStream(part)
        self.is_lossless &= self._stream.is_lossless
        return self._stream

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            self._packets += stream.packets
            self._broken_packets += stream.broken_packets
            self._step = max(self._step, stream.precision.step)
            stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Safe to call twice."""
        self._close_stream()
        if self._owned:
            self._file.close()

    @property
    def step(self) -> float:
        """Step between the values of the samples as stored, full scale being 1; 0 if unknown."""
        return max(self._step, self._stream.precision.step if self._stream else 0.0)

    @property
    def claimed_s(self) -> float:
        """What the header says, also where the file was cut off and holds less."""
        return self.duration_s * riff.stated_share(self._file)

    @property
    def broken_off(self) -> str | None:
        """How the file is sure to have been cut off, a few words; None where nothing says so."""
        with audio_errors():
            return ending.broken_off(self._file)

    def stretches(self, spread: Spread = WHOLE) -> Iterator[Stretch]:
        """Hand out the audio, whole or as evenly spread stretches.

        Yields
        ------
        Stretch
            Read each to its end before asking for the next.

        Raises
        ------
        AudioError
            When the audio turns out damaged, not finite, or shorter than `MIN_DURATION_S`.
        """
        claimed_s = self.duration_s
        if claimed_s <= spread.whole_file_s:
            yield Stretch(0.0, self._blocks(0.0, spread.whole_file_s))
            if self.analysed_s >= spread.whole_file_s:
                self._skim_to_end()  # the header promised less than there is
            self.duration_s = self._end_s
        else:
            length_s = spread.length_s
            starts = np.linspace(0.0, max(claimed_s - length_s, 0.0), spread.count)
            for start_s in starts.tolist():
                before_s = self.analysed_s
                yield Stretch(start_s, self._blocks(start_s, length_s))
                # A stretch that ends early has met the end of the file. The header's length
                # holds if that happened where it said; otherwise it was wrong.
                if self.analysed_s - before_s < length_s - 1.0:
                    self.duration_s = self._end_s
                    break
        self._check_enough()

    def frames(self) -> Iterator[av.AudioFrame]:
        """All of the audio as it is stored: rate, channels and format are the file's own.

        Raises
        ------
        AudioError
            When the audio turns out damaged.
        """
        with audio_errors():
            yield from self._frames(0.0, float("inf"))

    def _check_enough(self) -> None:
        self._close_stream()
        if 2 * self._broken_packets > self._packets:
            raise AudioError(DAMAGED)
        if self.analysed_s == 0:
            raise AudioError("There is no sound in this file. Export or download it again.")
        if self.analysed_s < MIN_DURATION_S:
            length_s = min(self.analysed_s, MIN_DURATION_S - 0.01)  # 0.996 must not read as 1.00
            raise AudioError(
                f"This clip is {length_s:.2f} s long. "
                f"GenreGenie needs at least {MIN_DURATION_S:.0f} s, and 10 s or more work best."
            )

    def _blocks(self, start_s: float, length_s: float) -> Iterator[Samples]:
        wanted = round(length_s * RATE_HZ)
        with audio_errors():
            for block in without_offset(resampled(self._frames(start_s, length_s))):
                samples = block[:wanted]
                wanted -= len(samples)
                self.analysed_s += len(samples) / RATE_HZ
                self._end_s = max(self._end_s, start_s + length_s - wanted / RATE_HZ)
                yield samples
                if wanted <= 0:
                    return

    def _frames(self, start_s: float, length_s: float) -> Iterator[av.AudioFrame]:
        """Decoded frames from about `start_s` on, for `length_s` and a little more."""
        left_s = length_s + _MORE_S
        ends = [*self._starts_s[1:], float("inf")]
        for i, (begin_s, end_s) in enumerate(zip(self._starts_s, ends, strict=True)):
            if end_s <= start_s:
                continue
            stream = self._part(i)
            for frame in stream.frames(max(start_s - begin_s, 0.0)):
                yield frame
                left_s -= frame.samples / max(frame.sample_rate, 1)
                if left_s <= 0:
                    return
            self._end_s = max(self._end_s, begin_s + stream.end_s)

    def _part(self, number: int) -> AudioStream:
        """A part that is open already, or opened now."""
        if self._stream is None or self._open != number:
            self._opened(self._parts[number])
            self._open = number
        assert self._stream is not None  # noqa: S101
        return self._stream

    def _skim_to_end(self) -> None:
        for number, begin_s in enumerate(self._starts_s):
            if number >= self._open:
                stream = self._part(number)
                stream.skim_to_end()
                self._end_s = max(self._end_s, begin_s + stream.end_s)


def _year(tags: dict[str, str], names: Sequence[str]) -> str | None:
    dates = (tags.get(name, "") for name in names)
    found = next(filter(None, (_YEAR.search(date) for date in dates)), None)
    return found[0] if found else None


def _tag(tags: dict[str, str], name: str) -> str | None:
    text = " ".join(tags.get(name, "").replace("\0", " ").split())
    return text[:300] or None
