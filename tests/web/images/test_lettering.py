"""Lines of text in any script."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from genregenie.web.images import lettering
from genregenie.web.images.lettering import Style

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
    "hebrew": "שיר לשלום " * 20,
    "nowhere": "\U0001f9ff\u16a0\ue000\U000e0041\u0000",
    "control": "bright\x00side\u202ereversed\nsecond line",
}


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


def gaps(text: str) -> list[int]:
    """How wide the gaps between the words of a line are, in pixels, from the left."""
    image = Image.new("L", (900, 80))
    lettering.draw_line(ImageDraw.Draw(image), 10, 50, text, TITLE, "white")
    columns = np.flatnonzero(np.asarray(image).max(axis=0))
    apart = np.diff(columns)
    return sorted(int(gap) for gap in apart if gap > 4)


@pytest.mark.parametrize("text", ["One שיר שלום two", "שיר שלום One שיר שלום"])
def test_words_that_run_the_other_way_stand_apart_on_both_sides(text: str) -> None:
    """The space behind them would otherwise stand before them, and the next word touch them."""
    found = gaps(text)
    assert len(found) == len(text.split()) - 1
    assert max(found) < 2 * min(found)


def test_a_halo_is_drawn_around_the_letters() -> None:
    image = Image.new("RGB", (100, 60), "#808080")
    lettering.draw_line(ImageDraw.Draw(image), 10, 40, "Jazz", TITLE, "#ffffff", "#000000")
    shades = {colour for _, colour in image.getcolors(10_000) or []}
    assert {(255, 255, 255), (0, 0, 0), (128, 128, 128)} <= shades
