"""A song that somebody has heard, as My music shows it."""

from dataclasses import dataclass

from genregenie.accounts.results import Filter, ResultSummary
from genregenie.inference.headline import Headline


@dataclass(frozen=True)
class Heard:
    """What is told of a result beside its summary.

    Attributes
    ----------
    title : str
        Of the song, or what the clip is called.
    artist : str or None
    headline : Headline
        The verdict in words.
    place : (float, float) or None
        On the map, from 0 to 1; None for what is not music, where there is no map, and where
        nothing is left of the sound.
    """

    title: str
    artist: str | None
    headline: Headline
    place: tuple[float, float] | None

    @property
    def name(self) -> str:
        """Title and artist in a line."""
        return ", ".join(filter(None, (self.title, self.artist)))


@dataclass(frozen=True)
class Song:
    """A song, and the results of hearing it, the newest first; that one is told of."""

    results: tuple[ResultSummary, ...]
    heard: Heard

    @property
    def newest(self) -> ResultSummary:
        """The result that is shown."""
        return self.results[0]

    @property
    def genre(self) -> str | None:
        """As it was called last."""
        return self.newest.genre

    @property
    def numbers(self) -> list[int]:
        """Of all its results."""
        return [result.id for result in self.results]

    @property
    def shared(self) -> ResultSummary | None:
        """A result of it that has a link."""
        return next((result for result in self.results if result.shared_at), None)

    @property
    def has_audio(self) -> bool:
        """Whether a clip of it is kept."""
        return any(result.audio_bytes for result in self.results)

    def fits(self, wanted: Filter) -> bool:
        """Whether it is among those wanted."""
        only = {"shared": self.shared is not None, "audio": self.has_audio}
        return (
            wanted.genre in (None, self.genre)
            and wanted.verdict in (None, self.newest.verdict)
            and only.get(wanted.only or "", True)
        )
