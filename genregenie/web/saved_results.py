"""Keeps results for whoever is logged in, and makes the links they share them by."""

import re
from pathlib import Path
from typing import Final

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.accounts.results import Audio
from genregenie.inference.prediction import Prediction
from genregenie.web import stored
from genregenie.web.config import WebConfig
from genregenie.web.paths import share_path
from genregenie.web.security.gate import who_asks

_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}")


class SavedResults:
    """What the page may do with results; each call finds out anew who is asking."""

    def __init__(self, accounts: Accounts, config: WebConfig) -> None:
        self.results = accounts.results
        self._shares = accounts.shares
        self._key = config.key
        self._public_url = config.public_url

    def person(self, request: gr.Request) -> int | None:
        """Who has a history here: a person with an account, so no guest."""
        who = who_asks(request)
        return who.id if who and not who.guest else None

    def keep(self, request: gr.Request, name: str | None, prediction: Prediction) -> int | None:
        """Keep a result and give its number; None where there is nobody to keep it for."""
        person_id = self.person(request)
        if person_id is None:
            return None
        result = stored.as_result(prediction, name)
        return self.results.keep(person_id, result)

    def keep_audio(self, request: gr.Request, number: int, path: str) -> bool:
        """Keep the clip with its result; whether both were there.

        Raises
        ------
        NoRoomError
            With a sentence for the person.
        """
        person_id, file = self.person(request), Path(path)
        if person_id is None or not file.is_file():
            return False
        suffix = file.suffix.lower()
        known = suffix if _SUFFIX.fullmatch(suffix) else ""
        return self.results.keep_audio(person_id, number, Audio(file.read_bytes(), known))

    def drop_audio(self, request: gr.Request, number: int) -> None:
        """Forget the clip, and keep the result."""
        if (person_id := self.person(request)) is not None:
            self.results.drop_audio(person_id, number)

    def share(self, request: gr.Request, number: int) -> str | None:
        """The address of a result's page for others, which is made if there is none yet.

        Raises
        ------
        NoRoomError
            With a sentence for the person.
        """
        person_id = self.person(request)
        made = None if person_id is None else self._shares.make(person_id, number, self._key)
        return self._address(request, made)

    def shared(self, request: gr.Request, number: int) -> str | None:
        """The address of a page for others that is there already."""
        person_id = self.person(request)
        made = None if person_id is None else self._shares.token(person_id, number, self._key)
        return self._address(request, made)

    def take_back(self, request: gr.Request, number: int) -> None:
        """From now on the page for others is not there."""
        if (person_id := self.person(request)) is not None:
            self._shares.take_back(person_id, number)

    def _address(self, request: gr.Request, token: str | None) -> str | None:
        inner = request.request
        if token is None or inner is None:
            return None
        here = f"{inner.url.scheme}://{inner.url.netloc}"
        return (self._public_url or here) + share_path(token)


def keeper_of(accounts: Accounts | None, config: WebConfig | None) -> SavedResults | None:
    """A keeper; None where there are no people: without accounts, or with the gate off."""
    if accounts is None or config is None or config.gate == "off":
        return None
    return SavedResults(accounts, config)
