"""What may be wrong with files: how they sound, how long they are, what their tags say."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final, Literal

from genregenie.audio import SIX_STRETCHES, AudioError
from genregenie.audio.inspection import SILENT_DB, Inspection, inspect
from genregenie.audio.scan import AudioPath
from genregenie.common.formatting import format_duration
from genregenie.common.genres import GENRES, display_name
from genregenie.inference.classifier import Classifier
from genregenie.library.measuring import Measurement, measured
from genregenie.tagging.tags import TagError, read_genres

Kind = Literal["unreadable", "truncated", "silent", "clipped", "mono as stereo", "genre"]
KINDS: Final[tuple[Kind, ...]] = (
    *("unreadable", "truncated", "silent", "clipped", "mono as stereo", "genre"),
)

MAX_MISSING_S: Final = 1.0
"""So much less than the header says may come out, where nothing else shows a cut: encoders add and
drop up to a packet, and headers are rounded to a second in some formats."""
MAX_MISSING: Final = 0.01
MAX_SILENT: Final = 0.5
"""A file that is silent for more than half of its length: pauses and fades are not that long."""
MAX_FLAT: Final = 0.1
"""Share of seconds with flat tops: one drum that is too loud is no matter. Of 199 real songs and
clips none has any; overdriven by 6 dB, 40 of 44 have more than this, by 12 dB all."""
MAX_OVER: Final = 0.001
"""Share of samples beyond full scale: lossy coding of loud music overshoots now and then."""
MAX_SIDE_DB: Final = -70.0
"""Two channels that differ less than this: dither is 90 dB down, and of 49 stereo songs the one
with the least to tell apart has -30."""
MIN_SURE: Final = 0.9
"""From here on a genre stands, whatever else is heard, as for verdicts."""
MAX_TAGGED: Final = 0.01
"""A tag whose genre has at most this confidence is doubted: genres border on each other, and what
is called blues may sound like rock. Of 42 labelled songs from elsewhere the model is this sure
of 12, and contradicts no label."""

_ALIASES: Final = {
    "rap": "hiphop",
    "hiphoprap": "hiphop",
    "raphiphop": "hiphop",
    "heavymetal": "metal",
    "deathmetal": "metal",
    "blackmetal": "metal",
    "thrashmetal": "metal",
    "countrymusic": "country",
    "classicalmusic": "classical",
    "baroque": "classical",
    "opera": "classical",
    "bebop": "jazz",
    "swing": "jazz",
    "dub": "reggae",
    "rocknroll": "rock",
    "classicrock": "rock",
    "hardrock": "rock",
}
"""Names that cannot mean anything else, without capitals and signs."""


@dataclass(frozen=True)
class Oddity:
    """Something that may be wrong with a file.

    Attributes
    ----------
    path : str
    kind : Kind
    detail : str
        What was found, a few words.
    """

    path: str
    kind: Kind
    detail: str

    def to_dict(self) -> dict[str, str]:
        """As JSON can hold it."""
        return asdict(self)


def check_files(
    files: Sequence[AudioPath],
    *,
    genres: bool = True,
    jobs: int = -1,
    progress: Callable[[], None] = lambda: None,
    cluster: str | None = None,
) -> Iterator[Oddity]:
    """What may be wrong with files. Nothing is changed.

    Parameters
    ----------
    files : sequence of AudioPath
    genres : bool
        Whether to name genres too, and doubt tags that say another.
    jobs : int
        Processes; -1 takes one per core.
    progress : callable
        Called after each file.
    cluster : str, optional
        Address of a Dask scheduler that has the files measured.

    Yields
    ------
    Oddity
        In the order of `files`, each as soon as it is known.

    Raises
    ------
    ModelError, AutotagError, MeasuredError, ClusterError
    """
    of = Measurement(
        f"check 2 {Classifier.load().version if genres else ''}",
        partial(_measure, genres=genres),
        lambda found: json.dumps(found).encode(),
        json.loads,
    )
    for file, result in measured(files, of, jobs, cluster):
        if isinstance(result, AudioError):
            yield Oddity(file.path, "unreadable", str(result))
        else:
            yield from oddities(file.path, result)
        progress()


def _measure(path: str, *, genres: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"sound": inspect(path).to_dict()}
    if not genres:
        return found
    try:
        tagged = [genre for genre in map(_known, read_genres(path)) if genre]
    except TagError:
        tagged = []
    if tagged:  # without one there is nothing to doubt
        found["tagged"] = tagged
        try:
            prediction = Classifier.load().predict(path, SIX_STRETCHES)
        except AudioError:  # too short to be judged
            return found
        if prediction.verdict == "confident":
            found["confidences"] = prediction.confidences
    return found


def _known(name: str) -> str | None:
    """The genre of the shipped model that a tag names, if it is one."""
    key = "".join(filter(str.isalnum, name.casefold()))
    return key if key in GENRES else _ALIASES.get(key)


def oddities(path: str, found: dict[str, Any]) -> Iterator[Oddity]:
    """What is odd about the measurements of a file."""
    sound = Inspection.from_dict(found["sound"])
    missing_s, holds = (
        sound.claimed_s - sound.decoded_s,
        f"holds {format_duration(sound.decoded_s)}",
    )
    if missing_s > max(MAX_MISSING_S, MAX_MISSING * sound.claimed_s):
        yield Oddity(path, "truncated", f"says {format_duration(sound.claimed_s)}, {holds}")
    elif sound.broken_off is not None:
        yield Oddity(path, "truncated", f"{holds}, {sound.broken_off}")
    if sound.silent_s > MAX_SILENT * sound.decoded_s:
        share = sound.silent_s / sound.decoded_s
        yield Oddity(path, "silent", f"{share:.0%} of it is below {SILENT_DB:.0f} dB")
    elif sound.flat > MAX_FLAT:
        yield Oddity(path, "clipped", f"flat tops in {sound.flat:.0%} of its seconds")
    elif sound.over > MAX_OVER:
        yield Oddity(path, "clipped", f"{sound.over:.1%} of it is louder than full scale")
    if sound.side_db is not None and sound.side_db < MAX_SIDE_DB:
        yield Oddity(path, "mono as stereo", "left and right are the same")
    yield from _doubted(path, found.get("tagged", ()), found.get("confidences"))


def _doubted(
    path: str, tagged: Sequence[str], confidences: dict[str, float] | None
) -> Iterator[Oddity]:
    if not tagged or not confidences:
        return
    best = max(confidences, key=lambda genre: confidences[genre])
    if confidences[best] < MIN_SURE:
        return
    if all(confidences.get(genre, 1.0) <= MAX_TAGGED for genre in tagged):
        names = ", ".join(display_name(genre) for genre in tagged)
        yield Oddity(
            path, "genre", f"tagged {names}, heard {display_name(best)}, {confidences[best]:.0%}"
        )
