"""The songs that a person has heard, out of the results that are kept: what My music shows.

A song that was heard several times is one. What a result says never changes, so what was read of
its details is remembered; whose they are is asked of the database each time.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final

from genregenie.accounts.results import Filter, Results, ResultSummary
from genregenie.autotag.vocabulary import probabilities_of
from genregenie.common.names import artist_key, song_key
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Prediction
from genregenie.model.model import Model
from genregenie.web.saved_results import as_prediction
from genregenie.web.views import sentences
from genregenie.web.views.songs import Heard, Song

_REMEMBERED: Final = 20_000


class Songs:
    """Reads songs out of results. Safe to use from many threads."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._known: OrderedDict[int, Heard] = OrderedDict()
        self._lock = Lock()

    def of(self, person_id: int) -> list[Song]:
        """A person's songs, those heard last first."""
        lines = self._results.summaries(person_id)
        heard = self._heard(person_id, [line.id for line in lines])
        songs: dict[tuple[object, ...], list[ResultSummary]] = {}
        for line in lines:
            if line.id in heard:  # else it was deleted in between
                songs.setdefault(_key(line, heard[line.id]), []).append(line)
        return [Song(tuple(results), heard[results[0].id]) for results in songs.values()]

    def _heard(self, person_id: int, numbers: Sequence[int]) -> dict[int, Heard]:
        with self._lock:
            heard = {number: self._known[number] for number in numbers if number in self._known}
        missing = Filter(numbers=frozenset(numbers) - heard.keys())
        if missing.numbers:
            model = Classifier.load().model
            for kept in self._results.each(person_id, missing):
                prediction = as_prediction(kept.details, model.catalogue.space)
                heard[kept.summary.id] = told(prediction, kept.summary.name, model)
        with self._lock:
            self._known |= heard
            for number in heard:
                self._known.move_to_end(number)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return heard


def told(prediction: Prediction, name: str, model: Model) -> Heard:
    """What is told of a prediction, located in the model's space, of a clip called `name`."""
    place = None
    if prediction.genre is not None and prediction.vector.size:
        tags = probabilities_of(prediction.autotags)
        found = model.places(prediction.vector[None], tags[None])
        place = None if found is None else (float(found[0, 0]), float(found[0, 1]))
    artist = prediction.artist if prediction.title else None
    return Heard(prediction.title or name, artist, Headline.of(prediction), place)


def _key(line: ResultSummary, heard: Heard) -> tuple[object, ...]:
    """What results of one song have in common; a clip without a name is a song of its own."""
    if heard.artist:
        key = song_key(heard.title), artist_key(heard.artist)
        if all(key):
            return key
    if heard.title == sentences.NAMELESS:
        return (line.id,)
    return heard.title.casefold(), heard.artist, round(line.duration_s, 1)
