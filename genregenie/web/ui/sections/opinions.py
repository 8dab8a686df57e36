"""What people like: kept with their accounts, or as long as their tab is open."""

from collections.abc import Sequence

import gradio as gr

from genregenie.accounts import Accounts
from genregenie.accounts.opinions import StoredOpinion
from genregenie.recommend.preferences import Opinion
from genregenie.recommend.recommender import Recommendations
from genregenie.web.identity import id_of, who_asks


class Opinions:
    """Reads and keeps opinions for whoever asks.

    Parameters
    ----------
    accounts : Accounts, optional
        Without, or where nobody is logged in, opinions are in the list that a tab has.
    """

    def __init__(self, accounts: Accounts | None) -> None:
        self._accounts = accounts

    def of(self, request: gr.Request, in_tab: Sequence[Opinion] = ()) -> list[Opinion]:
        """All that whoever asks has said so far."""
        asking = id_of(who_asks(request))
        if self._accounts is None or asking is None:
            return list(in_tab)
        return [
            Opinion(o.key, o.artist, o.genre, o.liked) for o in self._accounts.opinions.of(asking)
        ]

    def keep(self, request: gr.Request, in_tab: list[Opinion], opinion: Opinion) -> None:
        """Keep an opinion, in place of what was said of the same track before."""
        asking = id_of(who_asks(request))
        if self._accounts is None or asking is None:
            in_tab[:] = [*(o for o in in_tab if o.key != opinion.key), opinion]
        else:
            stored = StoredOpinion(opinion.key, opinion.artist, opinion.genre, opinion.liked)
            self._accounts.opinions.say(asking, stored)

    def take_back(self, request: gr.Request, in_tab: list[Opinion], key: str) -> None:
        """Forget what was said of a track."""
        asking = id_of(who_asks(request))
        if self._accounts is None or asking is None:
            in_tab[:] = [o for o in in_tab if o.key != key]
        else:
            self._accounts.opinions.take_back(asking, key)


def opinion_on(shown: Recommendations, key: str, *, liked: bool) -> Opinion | None:
    """An opinion about a track on the page; what the browser says of others is not believed."""
    for neighbour in shown.neighbours:
        track = neighbour.track
        if track.key == key:
            return Opinion(key, track.artist, track.genre, liked)
    for suggestion in shown.spotify.tracks:
        if suggestion.track.id == key:
            return Opinion(key, suggestion.track.artist, suggestion.genre, liked)
    return None
