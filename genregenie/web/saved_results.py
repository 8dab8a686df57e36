"""Keeps, opens and shares results for whoever is logged in; a guest's go with the guest.

What is kept of a prediction is text: JSON, never pickle. It is what ``genregenie classify --json``
prints, with what spoke for the genre and the clip's MFCC statistics added: from these, what sounds
like it can be looked for again, with whatever model is there then.
"""

import json
import re
from pathlib import Path
from typing import Final

from genregenie.accounts import Accounts
from genregenie.accounts.results import Audio, Result, StoredResult
from genregenie.inference.prediction import Prediction, record
from genregenie.model.space import TangentSpace
from genregenie.web.config import WebConfig
from genregenie.web.identity import PageRequest, id_of, who_asks
from genregenie.web.paths import share_path
from genregenie.web.views import sentences

_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}")


class SavedResults:
    """What the page may do with results; each call finds out anew who is asking."""

    def __init__(self, accounts: Accounts, config: WebConfig) -> None:
        self.results = accounts.results
        self._shares = accounts.shares
        self._key = config.key
        self._kept_bytes = config.quotas.kept_bytes
        self._address = config.address

    def person(self, request: PageRequest) -> int | None:
        """Who has a history here."""
        return id_of(who_asks(request))

    def keep(self, request: PageRequest, name: str | None, prediction: Prediction) -> int | None:
        """Keep a result and give its number; None where there is nobody to keep it for."""
        person_id = self.person(request)
        if person_id is None:
            return None
        result = as_result(prediction, name)
        return self.results.keep(person_id, result)

    def last(self, request: PageRequest) -> StoredResult | None:
        """What whoever asks heard last."""
        person_id = self.person(request)
        newest = self.results.summaries(person_id, most=1) if person_id is not None else []
        return self.results.open(person_id, newest[0].id) if person_id and newest else None

    def keep_audio(self, request: PageRequest, number: int, path: str) -> bool:
        """Keep the clip with its result; whether both were there.

        Raises
        ------
        NoRoomError, AccountNeededError
            With a sentence for the person.
        """
        person_id, file = self.person(request), Path(path)
        if person_id is None or not file.is_file():
            return False
        suffix = file.suffix.lower()
        known = suffix if _SUFFIX.fullmatch(suffix) else ""
        return self.results.keep_audio(
            person_id, number, Audio(file.read_bytes(), known), self._kept_bytes
        )

    def drop_audio(self, request: PageRequest, number: int) -> None:
        """Forget the clip, and keep the result."""
        if (person_id := self.person(request)) is not None:
            self.results.drop_audio(person_id, number)

    def share(self, request: PageRequest, number: int) -> str | None:
        """The address of a result's page for others, which is made if there is none yet.

        Raises
        ------
        NoRoomError, AccountNeededError
            With a sentence for the person.
        """
        person_id = self.person(request)
        made = None if person_id is None else self._shares.make(person_id, number, self._key)
        return self._link(request, made)

    def shared(self, request: PageRequest, number: int) -> str | None:
        """The address of a page for others that is there already."""
        person_id = self.person(request)
        made = None if person_id is None else self._shares.token(person_id, number, self._key)
        return self._link(request, made)

    def show_cover(self, request: PageRequest, number: int, cover: bytes | None) -> None:
        """Show a cover to others behind the link of a result that has one; with None, no more."""
        if (person_id := self.person(request)) is not None:
            self._shares.show_cover(person_id, number, cover)

    def shows_cover(self, request: PageRequest, number: int) -> bool:
        """Whether others see a cover behind the link of a result."""
        person_id = self.person(request)
        return person_id is not None and self._shares.shows_cover(person_id, number)

    def take_back(self, request: PageRequest, number: int) -> None:
        """From now on the page for others is not there."""
        if (person_id := self.person(request)) is not None:
            self._shares.take_back(person_id, number)

    def _link(self, request: PageRequest, token: str | None) -> str | None:
        if token is None or request.request is None:
            return None
        return self._address(request.request.url) + share_path(token)


def saved_results(accounts: Accounts | None, config: WebConfig | None) -> SavedResults | None:
    """What is saved; None where there are no people: without accounts, or with the gate off."""
    if accounts is None or config is None or config.gate == "off":
        return None
    return SavedResults(accounts, config)


def as_result(prediction: Prediction, name: str | None = None) -> Result:
    """What is kept of a prediction; `name` is what the file is called, if anything."""
    details = record(name or "", prediction) | prediction.to_dict()
    return Result(
        name=sentences.clip_name(prediction, name) or sentences.NAMELESS,
        genre=prediction.genre,
        verdict=prediction.verdict,
        confidence=prediction.confidence,
        duration_s=prediction.duration_s,
        details=json.dumps(details, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
    )


def as_prediction(details: str, space: TangentSpace) -> Prediction:
    """The prediction again, with the place that its clip has in `space`."""
    return prediction_of(details).located(space)


def prediction_of(details: str) -> Prediction:
    """The prediction again, wherever it lies."""
    return Prediction.from_dict(json.loads(details))
