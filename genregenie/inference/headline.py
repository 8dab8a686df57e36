"""A `Prediction` in the words that people meet everywhere: page, list, picture, command line.

The words agree with the numbers: a genre that leads clearly is probable, two that share most of the
confidence are named both, and where nothing leads that is said.
"""

import re
from dataclasses import dataclass
from typing import Final

from genregenie.autotag.vocabulary import shown
from genregenie.common.genres import display_name
from genregenie.inference.prediction import Prediction

WORTH_NAMING: Final = 0.10
"""A second genre with less is not named beside a confident first."""

_CLAUSE_END: Final = re.compile(r"[.;](?: |$)")
_PROBABLE: Final = 0.50
_CLEAR_LEAD: Final = 0.25
_SHARED: Final = 0.60


@dataclass(frozen=True)
class Headline:
    """What is said of a clip.

    Attributes
    ----------
    title : str
        A few words: "Jazz", "Probably country", "Between jazz and classical", "Hard to place".
    line : str
        What stands under them: "88 % sure. Some blues in it."
    genres : tuple of str
        The genres that are put forward, the likeliest first; at most two.
    """

    title: str
    line: str
    genres: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Both in one line, such as "Hard to place: most like disco (38 %), then pop (23 %)."."""
        return f"{self.title}: {self.line[0].lower()}{self.line[1:]}"

    @property
    def short(self) -> str:
        """Without what comes second, such as "Jazz, 88 % sure"."""
        first = _CLAUSE_END.split(self.line, maxsplit=1)[0]
        return f"{self.title}, {first[0].lower()}{first[1:]}"

    @classmethod
    def of(cls, prediction: Prediction) -> "Headline":
        """What is said of a prediction.

        Examples
        --------
        >>> from genregenie import classify
        >>> print(Headline.of(classify("assets/examples/jazz.mp3")).title)
        Jazz
        """
        if prediction.genre is None:
            return _not_music(prediction)
        (first, p), *others = prediction.ranked
        best = display_name(first)
        second, q = others[0] if others else ("", 0.0)
        runner_up = display_name(second).lower()
        if prediction.beyond:
            styles = ", ".join(shown(name) for name in prediction.beyond)
            line = f"Sounds like {styles}. Of those it knows, nearest to {best.lower()}."
            return cls("None of the genres it knows", line, (first,))
        if prediction.verdict == "confident":
            more = f" Some {runner_up} in it." if q >= WORTH_NAMING else ""
            return cls(best, _sentence(f"{percent(p)} sure.{more}"), (first,))
        if p >= _PROBABLE and p - q >= _CLEAR_LEAD:
            more = f"; {runner_up} comes next with {percent(q)}" if q >= WORTH_NAMING else ""
            sure = _sentence(f"{percent(p)} sure{more}.")
            return cls(f"Probably {best.lower()}", sure, (first,))
        if p + q >= _SHARED:
            shares = f"{percent(p)} and {percent(q)}."
            return cls(
                f"Between {best.lower()} and {runner_up}", _sentence(shares), (first, second)
            )
        shares = f"{best.lower()} ({percent(p)}), then {runner_up} ({percent(q)})"
        return cls("Hard to place", f"Most like {shares}.", (first, second))


def tempo(prediction: Prediction) -> str | None:
    """A tempo in words, such as "about 118 BPM"; None where it is not sure."""
    bpm = prediction.tempo_bpm
    return f"about {bpm:.0f} BPM" if bpm is not None and prediction.is_tempo_sure else None


def tempo_and_key(prediction: Prediction) -> tuple[str, ...]:
    """Those of the two that are sure: ``("about 118 BPM", "A minor")``."""
    return tuple(
        filter(None, (tempo(prediction), prediction.key if prediction.is_key_sure else None))
    )


def percent(share: float) -> str:
    """A confidence in words: never 0 or 100 %, since nobody knows that.

    Examples
    --------
    >>> percent(0.884), percent(0.998), percent(0.001)
    ('88 %', 'more than 99 %', 'less than 1 %')
    """
    if share > 0.99:
        return "more than 99 %"
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _not_music(prediction: Prediction) -> Headline:
    if prediction.is_silent:
        return Headline("Silence", "There is next to no sound in it.")
    line = "Speech, noise and single tones are left without a genre."
    if prediction.quality != "full":
        line = "It is very thin sound: a better recording may help."
    return Headline("Not music, as far as I can hear", line)
