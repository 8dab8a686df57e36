"""What people share by a link: a read-only page, and the picture that previews show of it.

Open to everybody who has the link. There is no audio here, no name of a person, no script.
"""

from threading import Lock
from typing import Any, Final

from cachetools import TTLCache
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from genregenie.accounts.results import StoredResult
from genregenie.audio.about import About
from genregenie.common import settings
from genregenie.common.genres import display_name
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Prediction
from genregenie.recommend.recommender import Recommender
from genregenie.web.images.share_card import share_card
from genregenie.web.images.sheet import SIZES
from genregenie.web.paths import share_path
from genregenie.web.portal.context import PortalContext
from genregenie.web.portal.dependencies import Portal
from genregenie.web.saved_results import as_prediction
from genregenie.web.views import result, sentences

_READ: Final = ["GET", "HEAD"]
_UNLISTED: Final = {"x-robots-tag": "noindex, nofollow"}
_CARDS_AT_HAND: Final = 64
_cards: TTLCache[tuple[str, str, bytes | None], bytes] = TTLCache(_CARDS_AT_HAND, ttl=600)
_cards_lock: Final = Lock()


router = APIRouter()


@router.api_route(share_path("{token}"), methods=_READ)
async def show(request: Request, portal: Portal, token: str) -> Response:
    """The page behind a link."""
    kept = await portal.workers.look_up(portal.accounts.shares.find, token)
    if kept is None:
        return _missing(request, portal)
    cover = await portal.workers.look_up(portal.accounts.shares.cover, token)
    content = await portal.workers.quick(_content, kept, cover)
    address = portal.config.address(request.url) + share_path(token)
    return portal.open_page(
        request,
        "share.html",
        headers=_UNLISTED,
        address=address,
        card=f"{address}/card.png",
        card_size=SIZES["landscape"],
        **content,
    )


@router.api_route(share_path("{token}") + "/card.png", methods=_READ)
async def card(request: Request, portal: Portal, token: str) -> Response:
    """Its picture."""
    kept = await portal.workers.look_up(portal.accounts.shares.find, token)
    if kept is None:
        return _missing(request, portal)
    cover = await portal.workers.look_up(portal.accounts.shares.cover, token)
    picture = await portal.workers.quick(_card, kept.summary.name, kept.details, cover)
    # Chats show the picture on pages of their own.
    headers = {**_UNLISTED, "cross-origin-resource-policy": "cross-origin"}
    return Response(picture, media_type="image/png", headers=headers)


def _missing(request: Request, portal: PortalContext) -> Response:
    # The same for a link taken back, one that expired with its result, and one made up.
    return portal.open_page(request, "share_missing.html", 404, _UNLISTED)


def _prediction(details: str) -> Prediction:
    return as_prediction(details, Classifier.load().model.catalogue.space)


def _content(kept: StoredResult, cover: bytes | None) -> dict[str, Any]:
    prediction = _prediction(kept.details)
    recommender = Recommender.load(settings.library_index())
    neighbours = [
        (n.track.title, n.track.artist, display_name(n.track.genre), n.track.search_url)
        for n in recommender.neighbours(prediction)
    ]
    sentence = Headline.of(prediction).sentence
    is_music = prediction.genre is not None
    return {
        "name": kept.summary.name,
        "sentence": sentence,
        "verdict": result.verdict(prediction, kept.summary.name, _about(prediction, cover)),
        "bars": result.bars(prediction) if is_music else "",
        "timeline": result.ribbon(prediction) if is_music else "",
        "told": sentences.timeline_sentence(prediction) if is_music else "",
        "neighbours": neighbours,
    }


def _card(name: str, details: str, cover: bytes | None) -> bytes:
    key = (name, details, cover)
    with _cards_lock:
        drawn = _cards.get(key)
    if drawn is None:
        prediction = _prediction(details)
        about = _about(prediction, cover)
        drawn = share_card(prediction, about.title or name, about.artist, cover)
        with _cards_lock:
            _cards[key] = drawn
    return drawn


def forget_cards() -> None:
    """Forget pictures that were drawn a while ago: what they show may be deleted."""
    with _cards_lock:
        _cards.expire()


def _about(prediction: Prediction, cover: bytes | None) -> About:
    """Title and artist where both are meant: a name that is shown instead holds the artist."""
    artist = prediction.artist if prediction.title else None
    return About(prediction.title, artist, cover=cover)
