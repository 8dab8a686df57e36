"""The share card, read back pixel by pixel."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from genregenie.common.genres import GENRES
from genregenie.inference.prediction import Prediction, Verdict
from genregenie.web.images import lettering
from genregenie.web.images import share_card as card
from genregenie.web.images.lettering import Style
from genregenie.web.images.share_card import bars, share_card

TITLE = Style("medium", 30)
TITLES = {
    "none": None,
    "blank": " \t\n ",
    "short": "Hey",
    "long": "Symphony No. 5 in C minor, Op. 67: I. Allegro con brio (Live, 1977, remastered) " * 9,
    "one word": "a" * 5000,
    "emoji": "🎵👩🏽‍🎤🔥" * 40,
    "chinese": "夜に駆ける、사랑의 노래 " * 20,
    "arabic": "أغنية الصباح Live 2024 " * 10,
    "nowhere": "\U0001f9ff\u16a0\ue000\U000e0041\u0000",
    "control": "bright\x00side\u202ereversed\nsecond line",
}


def prediction(verdict: Verdict = "confident", **confidences: float) -> Prediction:
    rest = (1 - sum(confidences.values())) / (10 - len(confidences))
    everything = {genre: confidences.get(genre, rest) for genre in GENRES}
    best = max(everything, key=everything.__getitem__)
    return Prediction(
        genre=None if verdict == "not music" else best,
        verdict=verdict,
        confidence=everything[best],
        confidences=everything,
        timeline=(),
        duration_s=30.0,
        analysed_s=30.0,
        neighbours=(),
        title=None,
        artist=None,
    )


def pixels(png: bytes) -> np.ndarray:
    """The picture as an array of shape (630, 1200, 3)."""
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def lit(picture: np.ndarray) -> np.ndarray:
    """Which pixels are not background, shape (630, 1200)."""
    return (picture != ImageColor.getrgb(card.BACKGROUND)).any(axis=2)


REGGAE = prediction(reggae=0.78, hiphop=0.12, pop=0.04)
UNSURE = prediction("unsure", rock=0.31, country=0.29, blues=0.14)
NOT_MUSIC = prediction("not music", classical=0.4, jazz=0.2)


@pytest.mark.parametrize("heard", [REGGAE, UNSURE, NOT_MUSIC], ids=lambda p: p.verdict)
@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_size_and_margins(heard: Prediction, title: str | None) -> None:
    picture = pixels(share_card(heard, title))
    assert picture.shape == (630, 1200, 3)
    drawn = lit(picture)
    assert drawn[64:566, 64:1136].any()
    drawn[60:570, 60:1140] = False
    assert not drawn.any(), "something is drawn in the margin"


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_words_never_touch_the_bars(title: str | None) -> None:
    drawn = lit(pixels(share_card(UNSURE, title)))
    assert not drawn[:, 590:640].any()


def test_long_verdicts_stay_in_their_column() -> None:
    names = {f"unbelievably_long_genre_{i}": p for i, p in enumerate((0.3, 0.3, 0.4))}
    heard = Prediction("x", "unsure", 0.4, names, (), 9.0, 9.0, (), None, None)
    drawn = lit(pixels(share_card(heard, "A title")))
    assert not drawn[:, 590:640].any()
    assert not drawn[:, 1140:].any()


@pytest.mark.parametrize("heard", [REGGAE, UNSURE, NOT_MUSIC], ids=lambda p: p.verdict)
def test_bars_are_as_long_as_the_confidences(heard: Prediction) -> None:
    picture = pixels(share_card(heard))
    ordered = sorted(heard.confidences.values(), reverse=True)
    colours = [ImageColor.getrgb(c) for c in (*card.STRONG, card.FAINT)]
    for confidence, bar in zip(ordered, bars(ordered), strict=True):
        row = picture[bar.y + bar.height // 2, bar.x : bar.x + bar.room]
        filled = sum((row == colour).all(axis=1).sum() for colour in colours)
        # The rounded end of the bar blends into the background for a pixel.
        assert filled / bar.room == pytest.approx(confidence, abs=2 / bar.room)


def test_only_what_is_worth_naming_stands_out() -> None:
    def strong_rows(heard: Prediction) -> list[bool]:
        picture = pixels(share_card(heard))
        ordered = sorted(heard.confidences.values(), reverse=True)
        strong = [ImageColor.getrgb(c) for c in card.STRONG]
        return [
            any((picture[b.y + 12, b.x : b.x + b.room] == c).all(axis=1).any() for c in strong)
            for b in bars(ordered)
        ]

    assert strong_rows(REGGAE) == [True, True] + [False] * 8
    assert strong_rows(UNSURE) == [True, True, True] + [False] * 7
    assert not any(strong_rows(NOT_MUSIC))


def test_titles_and_verdicts_are_drawn() -> None:
    plain = pixels(share_card(REGGAE))
    titled = pixels(share_card(REGGAE, "Redemption"))
    assert (plain != titled).any()
    assert (plain != pixels(share_card(UNSURE)))[:, :590].any()
    np.testing.assert_array_equal(plain, pixels(share_card(REGGAE, TITLES["blank"])))


@pytest.mark.parametrize(
    "script", ["Größe Ночь Ελλάς", "夜に駆ける", "사랑", "أغنية", "שיר", "हिन्दी", "เพลง", "🎵🔥"]
)
def test_every_script_has_letters(script: str) -> None:
    assert lettering.clean(script) == script
    assert lettering.width(script, TITLE) > 0


def test_titles_are_cleaned() -> None:
    assert lettering.clean(" a\n\tb  c\x00 ") == "a b c"
    assert lettering.clean("safe\u202egpj.exe") == "safegpj.exe"
    assert lettering.clean("e\u0301") == "é"
    assert lettering.clean("\ue000\U000e0041") == ""


@pytest.mark.parametrize("title", [t for t in TITLES.values() if t])
def test_ellipsised_fits_and_says_so(title: str) -> None:
    text = lettering.clean(title)
    for room in (60, 300, 520):
        shown = lettering.ellipsised(text, TITLE, room)
        assert lettering.width(shown, TITLE) <= room
        assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


def test_ellipsis_keeps_letters_whole() -> None:
    singer = "👩🏽\u200d🎤"
    text = singer * 8
    for room in range(60, 200, 7):
        shown = lettering.ellipsised(text, TITLE, room)
        assert shown == text or len(shown[:-1]) % len(singer) == 0


def test_missing_fonts_leave_a_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    caches = (lettering._font, lettering._has, lettering._face_of, lettering._drawable)
    monkeypatch.setattr(lettering, "FONT_DIR", tmp_path)
    for cached in caches:
        cached.cache_clear()
    try:
        drawn = lit(pixels(share_card(REGGAE, "Night 夜")))
        assert drawn[64:566, 64:590].any()
        assert not drawn[:, 1140:].any()
    finally:
        for cached in caches:
            cached.cache_clear()


@pytest.mark.slow
def test_threads_draw_the_same_card() -> None:
    expected = [share_card(REGGAE, title) for title in TITLES.values()]
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda t: share_card(REGGAE, t), [*TITLES.values()] * 4))
    assert drawn == expected * 4
