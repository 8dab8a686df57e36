"""What is gathered of a clip while its samples pass by; a `Classifier` judges it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Self

from genregenie.audio import MIN_DURATION_S, Samples
from genregenie.autotag.listener import Heard, Listener
from genregenie.features.bandwidth import Spectrum
from genregenie.features.key import Key
from genregenie.features.mfcc import Framer, MelFrames
from genregenie.features.spectrogram import Spectrogram
from genregenie.features.statistics import Bins, MelStatistics
from genregenie.features.tempo import Tempo
from genregenie.features.temporal import Modulation

TIMELINE_STEP_S: Final = 3.0
TIMELINE_STEPS: Final = 2  # each moment looks at this many steps, so neighbours overlap by half
_MIN_MOMENT_FRAMES: Final = 100


@dataclass(frozen=True)
class Span:
    """A stretch of the clip, and what sums up its frames."""

    start_s: float
    end_s: float
    statistics: MelStatistics

    def __add__(self, later: "Span") -> "Span":
        return Span(self.start_s, later.end_s, self.statistics + later.statistics)


class Evidence:
    """Sums over the samples of a clip that are pushed, a stretch after the other.

    Memory does not grow but for a step of the timeline every 3 s. A copy by `copy.deepcopy` is a
    copy of what has been gathered so far, which can be ended and judged while the clip goes on.

    Parameters
    ----------
    listener : Listener, optional
        Hears the same samples with the network.

    Attributes
    ----------
    spectrum : Spectrum
    modulation : Modulation
    tempo : Tempo
    key : Key
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self.spectrum = Spectrum()
        self.modulation = Modulation()
        self.tempo, self.key = Tempo(), Key()
        self._columns = Spectrogram(self.tempo, self.key)
        self._stretches: list[list[Span]] = []
        self.begin(0.0)

    def begin(self, start_s: float) -> None:
        """A stretch begins there, in seconds from the start of the clip."""
        self._start_s = start_s
        self._framer, self._bins = Framer(), Bins(TIMELINE_STEP_S)
        self._steps: list[MelStatistics] = []
        if self._listener is not None:
            self._listener.begin(start_s)

    def push(self, block: Samples) -> None:
        """The next samples of the stretch, mono at 22 050 Hz, shape (n,)."""
        self.spectrum.push(block)
        self._columns.push(block)
        self._take(self._framer.push(block))
        if self._listener is not None:
            self._listener.push(block)

    def end(self) -> Self:
        """The stretch has ended. Returns the evidence itself."""
        self._columns.end()
        self._take(self._framer.end())
        steps = [*self._steps, self._bins.current] if self._bins.current.frames else self._steps
        spans = [
            Span(
                self._start_s + i * TIMELINE_STEP_S, self._start_s + (i + 1) * TIMELINE_STEP_S, step
            )
            for i, step in enumerate(steps)
        ]
        if len(spans) > 1 and spans[-1].statistics.frames < _MIN_MOMENT_FRAMES:
            spans[-2:] = [spans[-2] + spans[-1]]  # a scrap joins its neighbour
        self._stretches.append(spans)
        if self._listener is not None:
            self._listener.end()
        return self

    def _take(self, frames: MelFrames) -> None:
        self.modulation.push(frames)
        self._steps += self._bins.push(frames)

    def heard(self) -> Heard | None:
        """What the network makes of it; None where nobody listens, or to less than 1 s.

        Raises
        ------
        AutotagError
            If the network cannot be used.
        """
        if self._listener is None or self.whole.sounding_s < MIN_DURATION_S:
            return None
        return self._listener.heard()

    @property
    def whole(self) -> MelStatistics:
        """Of all that was heard."""
        spans = (span.statistics for stretch in self._stretches for span in stretch)
        return sum(spans, MelStatistics.empty())

    @property
    def moments(self) -> list[Span]:
        """The clip moment by moment, in overlapping stretches of `TIMELINE_STEPS` steps.

        Silence has no genre: a step without sound is in no moment.
        """
        return [moment for stretch in self._stretches for moment in _moments(stretch)]


def _moments(steps: Sequence[Span]) -> list[Span]:
    """Those of a stretch; one for a stretch shorter than that."""
    windows = [
        [step for step in steps[i : i + TIMELINE_STEPS] if step.statistics.count]
        for i in range(max(len(steps) - TIMELINE_STEPS + 1, 1))
    ]
    moments = [list(accumulate(window, Span.__add__))[-1] for window in windows if window]
    enough = [m for m in moments if m.statistics.count >= _MIN_MOMENT_FRAMES]
    return enough or moments
