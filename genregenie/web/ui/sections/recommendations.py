"""The part of the Gradio page that recommends, after the verdict and without holding it up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.audio import AudioError
from genregenie.common import resources, services, settings
from genregenie.common.genres import display_name
from genregenie.inference.prediction import Prediction
from genregenie.recommend.export import record
from genregenie.recommend.preferences import Opinion
from genregenie.recommend.recommender import (
    Recommendations,
    Recommender,
    SoundsLike,
    SpotifyAnswer,
)
from genregenie.spotify.client import shared_spotify
from genregenie.spotify.oauth import LoginError, shared_logins
from genregenie.spotify.queries import Depth, SearchOptions
from genregenie.web import analysis
from genregenie.web.guests import Admit
from genregenie.web.identity import id_of, is_guest, who_asks
from genregenie.web.serving import metrics
from genregenie.web.ui import events
from genregenie.web.ui.sections.opinions import Opinions, opinion_on
from genregenie.web.views import page
from genregenie.web.views import recommendations as views

_STATE_LIVES_S: Final = 6 * 3600
_STATIC: Final = resources.static("web/ui")
STYLE: Final = _STATIC / "recommend.css"
_NOTHING: Final = Recommendations((), SpotifyAnswer("", ""))
_LOOK: Final = {
    "js_on_load": (_STATIC / "recommend.js").read_text(encoding="utf-8"),
    "apply_default_css": False,
    "visible": False,
}


@dataclass
class Listener:
    """What one browser tab is looking at, and what was said there.

    All its events share this one object and change it in place: a handler that has waited for
    Spotify sees in it that a later one has overtaken it, and then keeps quiet.

    Attributes
    ----------
    prediction : Prediction or None
    recommendations : Recommendations
        What is on the page, so what can be liked.
    asked : tuple of str
        The search options they follow.
    said : list of Opinion
        Where there is no account to keep them.
    turn : int
        Counts what has been asked for.
    """

    prediction: Prediction | None = None
    recommendations: Recommendations = _NOTHING
    asked: tuple[str, ...] = ()
    said: list[Opinion] = field(default_factory=list)
    turn: int = 0


Update = tuple[Listener, Any, Any, Any, Any, Any]
"""For the state, the neighbours, the search options, Spotify's tracks, the exports, a message."""


def build(heard: gr.State, after: Any, accounts: Accounts | None = None, place: str = "") -> None:
    """All of the section, where it stands by itself; parameters as for `Section`."""
    neighbours = neighbours_html(place)
    Section(accounts, neighbours, place).connect(heard, after)


def neighbours_html(place: str = "") -> gr.HTML:
    """Where what sounds alike will stand; `place` as for `Section`."""
    return gr.HTML(elem_id=f"{place}sounds-like", **_LOOK)


class Section:
    """What recommends: the neighbours, which may stand elsewhere, and what Spotify has.

    Build it where it is to stand, then say with `connect` what brings a prediction.

    Parameters
    ----------
    accounts : Accounts, optional
        Where opinions are kept; without, or with the gate off, they last as long as the tab.
    neighbours : gr.HTML
        From `neighbours_html`.
    place : str, optional
        Begins the elements' names where the section is not the page's first.
    """

    def __init__(self, accounts: Accounts | None, neighbours: gr.HTML, place: str = "") -> None:
        self._handlers = Handlers(accounts)
        self._neighbours = neighbours
        self._listener = gr.State(Listener(), time_to_live=_STATE_LIVES_S)
        with gr.Row(visible=False, elem_id=f"{place}wishes") as self._controls:
            self._first, self._last = (
                gr.Textbox(label=label, placeholder=like, max_length=4, min_width=110, scale=1)
                for label, like in (("From year", "1970"), ("To year", "1999"))
            )
            self._depth = gr.Radio(
                [(d.value.capitalize(), d.value) for d in Depth],
                value=Depth.ANY.value,
                label="How well known",
                min_width=240,
                scale=3,
            )
        self._tracks = gr.HTML(elem_id=f"{place}on-spotify", **_LOOK)
        self._exports = gr.HTML(elem_id=f"{place}take-along", **_LOOK)
        self._message = gr.HTML(elem_id=f"{place}playlist-message")

    def connect(self, heard: gr.State, after: Any) -> None:
        """Make it work.

        Parameters
        ----------
        heard : gr.State
            With the prediction, or None where there is nothing to recommend for.
        after : event
            What shows the verdict; recommendations are looked for when it is done.
        """
        handlers, listener = self._handlers, self._listener
        options = [self._first, self._last, self._depth]
        outputs = [
            listener,
            self._neighbours,
            self._controls,
            self._tracks,
            self._exports,
            self._message,
        ]
        quiet = {**events.QUIET, **events.SPOTIFY}
        after.then(
            handlers.begin,
            [listener, heard, *options],
            outputs,
            trigger_mode="always_last",
            **quiet,
        )
        first, last, depth = options
        gr.on(
            [first.submit, first.blur, last.submit, last.blur, depth.input],
            handlers.again,
            [listener, *options],
            outputs,
            trigger_mode="always_last",
            **quiet,
        )
        for cards in (self._neighbours, self._tracks):
            cards.like(
                handlers.rate, [listener, *options], outputs, trigger_mode="multiple", **quiet
            )
        self._exports.submit(handlers.save, listener, self._message, **quiet)


def build_endpoint(accounts: Accounts | None, admit: Admit) -> None:
    """The same for programs: a file and search options in, an object out.

    `admit` counts the clips of guests.
    """
    handlers = Handlers(accounts)

    def answer_for(
        path: str, first: str, last: str, depth: str, request: gr.Request
    ) -> dict[str, Any]:
        admit(request)
        return handlers.answer(path, first, last, depth, request)

    file, answer = gr.File(visible=False), gr.JSON(visible=False)
    years = [gr.Textbox(label=label, visible=False) for label in ("From year", "To year")]
    depth = gr.Textbox(Depth.ANY.value, label="How well known", visible=False)
    gr.Button(visible=False).click(
        answer_for, [file, *years, depth], answer, api_name="recommend", **events.ANALYSIS
    )


class Handlers:
    """What the section's events do; `accounts` keep opinions."""

    def __init__(self, accounts: Accounts | None) -> None:
        self._opinions = Opinions(accounts)

    def begin(
        self,
        listener: Listener,
        prediction: Prediction | None,
        first: str | None,
        last: str | None,
        depth: str,
        request: gr.Request,
    ) -> Iterator[Update]:
        """Neighbours at once, then Spotify; nothing for what is not music or not audio."""
        listener.prediction, listener.recommendations = prediction, _NOTHING
        if prediction is None or prediction.genre is None:
            listener.prediction = None
            listener.turn += 1
            yield listener, *[gr.update(visible=False)] * 4, ""
            return
        yield from self._look(listener, first, last, depth, request)

    def answer(
        self, path: str, first: str, last: str, depth: str, request: gr.Request
    ) -> dict[str, Any]:
        """Recommend for an audio file: the object that ``genregenie recommend --json`` prints."""
        name = Path(path).name
        try:
            options = SearchOptions.from_form(first, last, depth)
            prediction = analysis.predict(path)
        except (AudioError, ValueError) as error:
            refused = Recommendations((), SpotifyAnswer("not asked", str(error)))
            return record(name, None, refused)
        recommender = Recommender.load(settings.library_index())
        opinions = self._opinions.of(request)
        found = recommender.recommend(prediction, shared_spotify(), options, opinions)
        return record(name, prediction.genre, found)

    def again(
        self,
        listener: Listener,
        first: str | None,
        last: str | None,
        depth: str,
        request: gr.Request,
    ) -> Iterator[Update]:
        """The same clip with other search options."""
        # Leaving a field that did not change must not wipe away what stands there.
        if listener.prediction is None or listener.asked == _asked(first, last, depth):
            yield listener, *[gr.skip()] * 5
        else:
            yield from self._look(listener, first, last, depth, request)

    def rate(
        self,
        listener: Listener,
        first: str | None,
        last: str | None,
        depth: str,
        request: gr.Request,
        event: gr.LikeData,
    ) -> Iterator[Update]:
        """Keep what the person said about a track that is shown, and look again."""
        key, liked = str(event.index), event.liked is True
        opinion = opinion_on(listener.recommendations, key, liked=liked)
        if opinion is None:
            yield listener, *[gr.skip()] * 4, ""
            return
        if getattr(event, "undo", False):
            self._opinions.take_back(request, listener.said, key)
        else:
            self._opinions.keep(request, listener.said, opinion)
        yield from self._look(listener, first, last, depth, request)

    def save(self, listener: Listener, request: gr.Request) -> str:
        """Make a playlist of what is shown."""
        logins = shared_logins()
        prediction, songs = listener.prediction, listener.recommendations.songs
        if prediction is None or logins is None:
            return ""
        if is_guest(request):
            return page.for_an_account("A playlist on Spotify needs an account.")
        asking = id_of(who_asks(request))
        name = f"GenreGenie: {prediction.title or display_name(prediction.genre or '')}"
        try:
            return views.saved(logins.save_playlist(asking, name, songs))
        except LoginError as error:
            return views.not_saved(str(error), connect=not logins.is_connected(asking))

    def _look(
        self,
        listener: Listener,
        first: str | None,
        last: str | None,
        depth: str,
        request: gr.Request,
    ) -> Iterator[Update]:
        prediction, before = listener.prediction, listener.recommendations
        if prediction is None:
            return
        listener.turn += 1
        turn = listener.turn
        listener.asked = _asked(first, last, depth)
        recommender = Recommender.load(settings.library_index())
        preferences = recommender.preferences(self._opinions.of(request, listener.said))
        liked = {opinion.key: opinion.liked for opinion in preferences.opinions}
        # What is there stays until there is something better.
        neighbours = _with_songs(recommender.neighbours(prediction, preferences), before)
        staying = tuple(s for s in before.spotify.tracks if not preferences.refuses(s.track.id))
        waiting = Recommendations(neighbours, replace(before.spotify, tracks=staying))
        if listener.turn != turn:  # something was said meanwhile, which these cards do not know
            yield listener, *[gr.skip()] * 5
            return
        listener.recommendations = waiting
        sounds = views.sounds_like(neighbours, liked)
        tracks = views.on_spotify(waiting.spotify, liked) if before.spotify.state else None
        yield _update(listener, sounds, tracks or views.waiting())
        try:
            options = SearchOptions.from_form(first, last, depth)
        except ValueError as error:
            found = Recommendations(neighbours, SpotifyAnswer("years", str(error)))
        else:
            found = recommender.on_spotify(
                prediction, neighbours, shared_spotify(), options, preferences
            )
        metrics.SPOTIFY.labels(str(found.spotify.state)).inc()
        if listener.turn != turn:
            return
        listener.recommendations = found
        again = views.sounds_like(found.neighbours, liked)
        # Cards are not laid anew where nothing changed: a click might just be on its way to one.
        yield _update(
            listener, again if again != sounds else None, views.on_spotify(found.spotify, liked)
        )


def _asked(first: str | None, last: str | None, depth: str) -> tuple[str, ...]:
    return (first or "").strip(), (last or "").strip(), depth


def _with_songs(
    neighbours: Sequence[SoundsLike], before: Recommendations
) -> tuple[SoundsLike, ...]:
    """The neighbours, with the pages on Spotify that were already found for them."""
    songs = {n.track.key: n.song for n in before.neighbours}
    return tuple(replace(n, song=songs.get(n.track.key)) for n in neighbours)


def _update(listener: Listener, sounds: str | None, tracks: str) -> Update:
    found = listener.recommendations
    can_save = shared_logins() is not None
    # Without keys nothing of Spotify stands there, not even for a moment.
    is_there = services.spotify_keys() is not None and views.is_worth_showing(found.spotify)
    return (
        listener,
        gr.update(value=sounds, visible=True) if sounds is not None else gr.skip(),
        gr.update(visible=is_there),
        gr.update(value=tracks, visible=is_there),
        gr.update(value=views.exports(found, can_save=can_save), visible=True),
        "",
    )
