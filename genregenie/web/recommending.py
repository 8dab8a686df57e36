"""The part of the Gradio page that recommends, after the verdict and without holding it up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr

from genregenie import settings
from genregenie.accounts import Accounts
from genregenie.accounts.opinions import Said
from genregenie.audio import AudioError
from genregenie.classifier import Classifier, Prediction
from genregenie.genres import display_name
from genregenie.recommend.login import LoginError, shared_logins
from genregenie.recommend.queries import EARLIEST_YEAR, LATEST_YEAR, Depth, Wishes
from genregenie.recommend.recommender import (
    Recommendations,
    Recommender,
    SpotifyAnswer,
)
from genregenie.recommend.report import as_object
from genregenie.recommend.spotify import shared_spotify
from genregenie.recommend.taste import Opinion, Taste
from genregenie.web import cards
from genregenie.web.gate import who_is
from genregenie.web.isolation import NOBODY

_AT_ONCE: Final = 8  # they mostly wait for Spotify
_KEPT_S: Final = 6 * 3600
_HERE: Final = Path(__file__).parent
STYLE: Final = _HERE / "recommend.css"
_LOOK: Final = {
    "js_on_load": (_HERE / "recommend.js").read_text(encoding="utf-8"),
    "apply_default_css": False,
    "visible": False,
}


@dataclass(frozen=True)
class Shown:
    """What one browser tab is looking at."""

    prediction: Prediction
    recommendations: Recommendations
    asked: tuple[str, ...] = ()


Update = tuple[Shown | None, Any, Any, Any, Any, Any]
"""For the state, the neighbours, the wishes, Spotify's tracks, the exports, and a message."""


def recommending(
    heard: gr.State, after: Any, accounts: Accounts | None = None, place: str = ""
) -> None:
    """Add the section to the page that is being built.

    Parameters
    ----------
    heard : gr.State
        With the prediction, or None where there is nothing to recommend for.
    after : event
        What shows the verdict; recommendations are looked for when it is done.
    accounts : Accounts, optional
        Where opinions are kept; without, or with the gate off, they last as long as the tab.
    place : str, optional
        Begins the elements' names where the section is not the page's first. Programs are
        answered by the first alone.
    """
    section = _Section(accounts)
    shown = gr.State(None, time_to_live=_KEPT_S)
    said = gr.State([], time_to_live=_KEPT_S)
    sounds = gr.HTML(elem_id=f"{place}sounds-like", **_LOOK)
    with gr.Row(visible=False, elem_id=f"{place}wishes") as controls:
        first, last = (
            gr.Textbox(label=label, placeholder=like, max_length=4, min_width=110, scale=1)
            for label, like in (("From year", "1970"), ("To year", "1999"))
        )
        depth = gr.Radio(
            [(d.value.capitalize(), d.value) for d in Depth],
            value=Depth.ANY.value,
            label="How well known",
            min_width=240,
            scale=3,
        )
    tracks = gr.HTML(elem_id=f"{place}on-spotify", **_LOOK)
    along = gr.HTML(elem_id=f"{place}take-along", **_LOOK)
    message = gr.HTML(elem_id=f"{place}playlist-message")

    wishes = [first, last, depth]
    outputs = [shown, sounds, controls, tracks, along, message]
    quiet: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": _AT_ONCE}
    after.then(
        section.recommend,
        [heard, *wishes, said],
        outputs,
        api_visibility="private",
        trigger_mode="always_last",
        **quiet,
    )
    gr.on(
        [first.submit, first.blur, last.submit, last.blur, depth.input],
        section.again,
        [shown, *wishes, said],
        outputs,
        api_visibility="private",
        trigger_mode="always_last",
        **quiet,
    )
    for cards_ in (sounds, tracks):
        cards_.like(
            section.hear,
            [shown, *wishes, said],
            [said, *outputs],
            api_visibility="private",
            trigger_mode="multiple",
            **quiet,
        )
    along.submit(section.save, shown, message, api_visibility="private", **quiet)
    if not place:
        _build_endpoint(section)


def _build_endpoint(section: "_Section") -> None:
    """The same for programs: a file and wishes in, an object out."""
    file, answer = gr.File(visible=False), gr.JSON(visible=False)
    years = [gr.Textbox(label=label, visible=False) for label in ("From year", "To year")]
    depth = gr.Textbox(Depth.ANY.value, label="How well known", visible=False)
    gr.Button(visible=False).click(
        section.answer,
        [file, *years, depth],
        answer,
        api_name="recommend",
        concurrency_limit=_AT_ONCE,
    )


class _Section:
    """The handlers."""

    def __init__(self, accounts: Accounts | None) -> None:
        self._accounts = accounts

    def recommend(
        self,
        prediction: Prediction | None,
        first: str | None,
        last: str | None,
        depth: str,
        said: Sequence[Opinion],
        request: gr.Request,
    ) -> Iterator[Update]:
        """Neighbours at once, then Spotify; nothing for what is not music or not audio."""
        if prediction is None or prediction.genre is None:
            yield None, _hidden(), _hidden(), _hidden(), _hidden(), ""
            return
        yield from self._look(prediction, first, last, depth, self._opinions(said, request))

    def answer(
        self, path: str, first: str, last: str, depth: str, request: gr.Request
    ) -> dict[str, Any]:
        """Recommend for an audio file: the object that ``genregenie recommend --json`` prints."""
        name = Path(path).name
        try:
            wishes = _wishes(first, last, depth)
            prediction = Classifier.load().predict(path)
        except (AudioError, ValueError) as error:
            refused = Recommendations((), SpotifyAnswer("not asked", str(error)))
            return as_object(name, None, refused)
        recommender = Recommender.load(settings.library_index())
        opinions = self._opinions([], request)
        found = recommender.recommend(prediction, shared_spotify(), wishes, opinions)
        return as_object(name, prediction.genre, found)

    def again(
        self,
        shown: Shown | None,
        first: str | None,
        last: str | None,
        depth: str,
        said: Sequence[Opinion],
        request: gr.Request,
    ) -> Iterator[Update]:
        """The same clip with other wishes."""
        # Leaving a field that did not change must not wipe away what stands there.
        if shown is None or shown.asked == _asked(first, last, depth):
            yield shown, *[gr.skip()] * 5
        else:
            opinions = self._opinions(said, request)
            yield from self._look(shown.prediction, first, last, depth, opinions, shown)

    def hear(
        self,
        shown: Shown | None,
        first: str | None,
        last: str | None,
        depth: str,
        said: list[Opinion],
        request: gr.Request,
        event: gr.LikeData,
    ) -> Iterator[tuple[Any, ...]]:
        """Keep what the person said about a track that is shown, and look again."""
        opinion = _opinion(shown, str(event.index), liked=event.liked is True)
        if shown is None or opinion is None:
            yield said, shown, *[gr.skip()] * 4, ""
            return
        undo = bool(getattr(event, "undo", False))
        said = self._keep(said, opinion, undo=undo, request=request)
        opinions = self._opinions(said, request)
        for update in self._look(shown.prediction, first, last, depth, opinions, shown):
            yield said, *update

    def save(self, shown: Shown | None, request: gr.Request) -> str:
        """Make a playlist of what is shown."""
        logins = shared_logins()
        if shown is None or logins is None:
            return ""
        person_id = _person_id(request)
        genre = display_name(shown.prediction.genre or "")
        name = f"GenreGenie: {shown.prediction.title or genre}"
        try:
            return cards.saved(logins.save_playlist(person_id, name, shown.recommendations.songs))
        except LoginError as error:
            return cards.not_saved(str(error), connect=not logins.is_connected(person_id))

    def _look(
        self,
        prediction: Prediction,
        first: str | None,
        last: str | None,
        depth: str,
        opinions: Sequence[Opinion],
        before: Shown | None = None,
    ) -> Iterator[Update]:
        taste = Taste(opinions)
        liked = {opinion.key: opinion.liked for opinion in taste.opinions}
        recommender = Recommender.load(settings.library_index())
        neighbours = recommender.neighbours(prediction, taste)
        if before is None:
            waiting = SpotifyAnswer("", "")
            spotify = cards.waiting()
        else:  # what is there stays until there is something better
            kept = [
                s for s in before.recommendations.spotify.tracks if not taste.refuses(s.track.id)
            ]
            old = before.recommendations.spotify
            waiting = SpotifyAnswer(old.state, old.message, tuple(kept))
            spotify = cards.on_spotify(waiting, liked)
        asked = _asked(first, last, depth)
        shown = Shown(prediction, Recommendations(neighbours, waiting), asked)
        yield _update(shown, liked, spotify)
        try:
            wishes = _wishes(first, last, depth)
        except ValueError as error:
            found = Recommendations(neighbours, SpotifyAnswer("years", str(error)))
        else:
            found = recommender.on_spotify(prediction, neighbours, shared_spotify(), wishes, taste)
        yield _update(Shown(prediction, found, asked), liked)

    def _opinions(self, said: Sequence[Opinion], request: gr.Request) -> list[Opinion]:
        person_id = _person_id(request)
        if self._accounts is None or person_id == NOBODY:
            return list(said)
        return [
            Opinion(o.key, o.artist, o.genre, o.liked)
            for o in self._accounts.opinions.of(person_id)
        ]

    def _keep(
        self, said: list[Opinion], opinion: Opinion, *, undo: bool, request: gr.Request
    ) -> list[Opinion]:
        person_id = _person_id(request)
        if self._accounts is None or person_id == NOBODY:
            others = [o for o in said if o.key != opinion.key]
            return others if undo else [*others, opinion]
        if undo:
            self._accounts.opinions.take_back(person_id, opinion.key)
        else:
            kept = Said(opinion.key, opinion.artist, opinion.genre, opinion.liked)
            self._accounts.opinions.say(person_id, kept)
        return said


def _person_id(request: gr.Request) -> int:
    inner = request.request
    who = who_is(inner.scope) if inner is not None else None
    return who.id if who else NOBODY


def _wishes(first: str | None, last: str | None, depth: str) -> Wishes:
    """What was wished for; a ValueError is a sentence for the person."""
    years = None
    if (first or "").strip() or (last or "").strip():
        years = _year(first, EARLIEST_YEAR), _year(last, LATEST_YEAR)
    return Wishes(years, Depth(depth))


def _year(text: str | None, otherwise: int) -> int:
    text = (text or "").strip()
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a year. Write it like 1999, or leave it empty.")
    return int(text)


def _opinion(shown: Shown | None, key: str, *, liked: bool) -> Opinion | None:
    """An opinion about a track on the page; what the browser says of others is not believed."""
    if shown is None:
        return None
    for neighbour in shown.recommendations.neighbours:
        track = neighbour.track
        if track.key == key:
            return Opinion(key, track.artist, track.genre, liked)
    for suggestion in shown.recommendations.spotify.tracks:
        if suggestion.track.id == key:
            return Opinion(key, suggestion.track.artist, suggestion.genre, liked)
    return None


def _asked(first: str | None, last: str | None, depth: str) -> tuple[str, ...]:
    return (first or "").strip(), (last or "").strip(), depth


def _update(shown: Shown, liked: dict[str, bool], spotify: str | None = None) -> Update:
    found = shown.recommendations
    can_save = shared_logins() is not None
    return (
        shown,
        gr.update(value=cards.sounds_like(found.neighbours, liked), visible=True),
        gr.update(visible=cards.is_worth_showing(found.spotify)),
        gr.update(value=spotify or cards.on_spotify(found.spotify, liked), visible=True),
        gr.update(value=cards.take_along(found, can_save=can_save), visible=True),
        "",
    )


def _hidden() -> Any:
    return gr.update(visible=False)
