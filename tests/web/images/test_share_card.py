"""The share card, read back pixel by pixel."""

import functools
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from genregenie.autotag.vocabulary import Autotag
from genregenie.common.colours import colour, contrast, shades
from genregenie.common.genres import GENRES
from genregenie.inference.prediction import Moment, Prediction, Verdict
from genregenie.web.images import cover, lettering
from genregenie.web.images.share_card import share_card
from genregenie.web.images.sheet import SIZES, Shape, Sheet
from tests.web.images.test_lettering import TITLES

SHAPES: tuple[Shape, ...] = ("landscape", "upright")
MARGINS = {"landscape": (24, 60), "upright": (80, 88)}
"""Pixels above and below, and at the sides, in which nothing is ever drawn."""
MAGENTA = (255, 0, 255)


def prediction(verdict: Verdict = "confident", **confidences: float) -> Prediction:
    rest = (1 - sum(confidences.values())) / (10 - len(confidences))
    everything = {genre: confidences.get(genre, rest) for genre in GENRES}
    best = max(everything, key=everything.__getitem__)
    return Prediction(
        genre=None if verdict == "not music" else best,
        verdict=verdict,
        confidence=everything[best],
        confidences=everything,
        timeline=(Moment(0.0, 30.0, everything),),
        duration_s=30.0,
        analysed_s=30.0,
        neighbours=(),
        title=None,
        artist=None,
        autotags=tuple(
            Autotag(name, group, 0.9, 1.0, heard=True)
            for name, group in (
                ("funk", "style"), ("ska", "style"), ("80s", "era"), ("mellow", "mood"),
                ("easy listening", "style"), ("female vocalists", "voice"),
            )
        ),
    )  # fmt: skip


def pixels(png: bytes) -> np.ndarray:
    """The picture as an array of shape (height, width, 3)."""
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


@functools.cache
def _blank(genre: str, shape: Shape) -> np.ndarray:
    return pixels(Sheet(shape, shades(colour(genre))).png())


def blank(heard: Prediction, shape: Shape) -> np.ndarray:
    """The same without anything on it."""
    return _blank(heard.genre or "", shape)


def a_cover(fill: Sequence[int] = MAGENTA) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), tuple(fill)).save(buffer, "PNG")
    found = cover.small(buffer.getvalue())
    assert found is not None
    return found


def rows_of(picture: np.ndarray, columns: slice, rgb: Sequence[int]) -> list[tuple[int, int]]:
    """Where a colour fills rows of these columns from the left: the row, and how many pixels."""
    part = (picture[:, columns] == rgb).all(axis=2)
    return [(int(y), int(row.sum())) for y, row in enumerate(part) if row.sum() > 6]


REGGAE = prediction(reggae=0.78, hiphop=0.12, pop=0.04)
UNSURE = prediction("unsure", rock=0.31, country=0.29, blues=0.14)
SHARED = prediction("unsure", classical=0.45, hiphop=0.44)
NOT_MUSIC = prediction("not music", classical=0.4, jazz=0.2)
OTHERS = [REGGAE, SHARED, NOT_MUSIC]


@pytest.mark.slow
def test_white_is_readable_on_every_genre() -> None:
    for name in (*GENRES, "of no colour"):
        lighter, deep = shades(colour(name))
        assert contrast("#ffffff", deep) > contrast("#ffffff", lighter) >= 4.5
        for shape in SHAPES:
            picture = pixels(Sheet(shape, (lighter, deep)).png())
            for row in (0, picture.shape[0] // 2, -1):
                there = "#" + "".join(f"{int(channel):02x}" for channel in picture[row, 0])
                assert contrast("#ffffff", there) >= 4.5
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("heard", "title"),
    [*((UNSURE, title) for title in TITLES.values()), *((h, TITLES["long"]) for h in OTHERS)],
)
def test_size_and_margins(heard: Prediction, shape: Shape, title: str | None) -> None:
    above, beside = MARGINS[shape]
    width, height = SIZES[shape]
    picture = pixels(share_card(heard, title, title, None, shape))
    assert picture.shape == (height, width, 3)
    drawn = (picture != blank(heard, shape)).any(axis=2)
    assert drawn[above : height - above, beside : width - beside].any()
    if shape == "landscape":  # between cover, words and foot is nothing, whatever they are
        assert not drawn[:556, 430:474].any()
        assert not drawn[548:558].any()
    drawn[above : height - above, beside : width - beside] = False
    assert not drawn.any(), "something is drawn in the margin"


@pytest.mark.parametrize("shape", SHAPES)
def test_long_genres_stay_on_the_picture(shape: Shape) -> None:
    names = {f"unbelievably_long_genre_{i}": p for i, p in enumerate((0.3, 0.3, 0.4))}
    heard = replace(REGGAE, genre="unbelievably_long_genre_2", confidences=names, timeline=())
    beside = MARGINS[shape][1]
    for verdict in ("confident", "unsure"):
        picture = pixels(share_card(replace(heard, verdict=verdict), "A", "B", None, shape))
        drawn = (picture != blank(heard, shape)).any(axis=2)
        assert not drawn[:, -beside:].any()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cover_is_a_rounded_square(shape: Shape) -> None:
    side = {"landscape": 360, "upright": 480}[shape]
    picture = pixels(share_card(REGGAE, "A title", "An artist", a_cover(), shape)).astype(int)
    there = (abs(picture - MAGENTA) < 12).all(axis=2)
    rows, columns = (np.flatnonzero(there.any(axis=axis)) for axis in (1, 0))
    assert rows[-1] - rows[0] + 1 == columns[-1] - columns[0] + 1 == side
    square = there[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert square[24:-24, :].all()
    assert square[:, 24:-24].all()
    # A corner of 24 px lacks (1 - pi / 4) of its square.
    lacking = 1 - square[:24, :24].mean()
    assert lacking == pytest.approx(1 - np.pi / 4, abs=0.04)  # its edge is blended


@pytest.mark.parametrize(
    ("heard", "shares"),
    [
        (REGGAE, [0.78, 0.12, 0.04]),
        (prediction(jazz=0.997), [0.997]),
        (prediction("unsure", rock=0.6, pop=0.393), [0.6, 0.393]),
        (NOT_MUSIC, []),
    ],
)
def test_three_bars_at_most_none_of_them_empty(heard: Prediction, shares: list[float]) -> None:
    picture = pixels(share_card(replace(heard, timeline=()), cover=a_cover((0, 0, 0))))
    columns = slice(64, 424)
    lines = rows_of(picture[424:556], columns, ImageColor.getrgb("#ffffff"))
    # A bar is a run of rows that are white from its left end on; letters are not.
    found = [
        max(length for y, length in lines if top <= y < top + 8)
        for top in bar_tops(picture[424:556, columns])
    ]
    assert len(found) == len(shares)
    for length, share in zip(found, shares, strict=True):
        assert length == pytest.approx(share * 360, abs=3)


def bar_tops(area: np.ndarray) -> list[int]:
    """Where a bar begins: its left end is white below the middle of six rows in turn."""
    solid = (area[:, 4:10] == 255).all(axis=(1, 2))
    return [y for y in range(1, len(solid) - 4) if solid[y : y + 4].all() and not solid[y - 1]]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_ribbon_has_the_genres_of_the_timeline(shape: Shape) -> None:
    first, then = ({genre: float(genre == name) for genre in GENRES} for name in ("jazz", "metal"))
    moments = (*(Moment(3.0 * i, 3.0 * i + 3, first if i < 5 else then) for i in range(10)),)
    heard = replace(REGGAE, timeline=moments)
    y = {"landscape": 582, "upright": 1730}[shape]
    row = pixels(share_card(heard, shape=shape))[y]
    jazz, metal = (np.flatnonzero((row == ImageColor.getrgb(colour(g))).all(axis=1))
                   for g in ("jazz", "metal"))  # fmt: skip
    assert len(jazz) == pytest.approx(len(metal), rel=0.02)
    assert jazz.max() < metal.min()
    assert len(jazz) > 0.3 * SIZES[shape][0]
    without = pixels(share_card(replace(heard, genre=None, verdict="not music"), shape=shape))
    assert not (without[y] == ImageColor.getrgb(colour("metal"))).all(axis=1).any()


def test_titles_artists_verdicts_and_chips_are_drawn() -> None:
    plain = share_card(REGGAE)
    assert share_card(REGGAE, TITLES["blank"], "") == plain
    different = {
        plain,
        share_card(REGGAE, "Redemption"),
        share_card(REGGAE, None, "Redemption"),
        share_card(REGGAE, "Redemption", "Song"),
        share_card(replace(REGGAE, autotags=())),
        share_card(UNSURE),
        share_card(SHARED),
        share_card(REGGAE, cover=a_cover()),
    }
    assert len(different) == 8


def test_missing_fonts_leave_a_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    caches = (lettering._font, lettering._has, lettering._face_of, lettering._drawable)
    monkeypatch.setattr(lettering, "FONT_DIR", tmp_path)
    for cached in caches:
        cached.cache_clear()
    try:
        drawn = pixels(share_card(REGGAE, "Night 夜")) != blank(REGGAE, "landscape")
        assert drawn[64:500, 480:1136].any()
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
