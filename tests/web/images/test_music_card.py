"""A person's music as a picture, read back pixel by pixel."""

import numpy as np
import pytest
from PIL import ImageColor

from genregenie.common.colours import colour, contrast
from genregenie.inference.classifier import Classifier
from genregenie.inference.headline import Headline
from genregenie.model.model import Model
from genregenie.web.images.music_card import BACKGROUND, music_card
from genregenie.web.images.sheet import SIZES, Shape, Sheet
from genregenie.web.views.song_map import Dot
from genregenie.web.views.songs import Heard
from tests.web.images.test_lettering import TITLES
from tests.web.images.test_share_card import SHAPES, pixels

CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))


@pytest.fixture(scope="module")
def model() -> Model:
    return Classifier.load().model


def dot(place: tuple[float, float], genre: str = "pop") -> Dot:
    return Dot(1, Heard("A song", None, Headline("Pop", "88 % sure."), place), genre)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_nothing_is_drawn_in_the_margin(model: Model, shape: Shape, title: str | None) -> None:
    told = f"53 songs. Mostly classical, then jazz and disco. Last: {title}."
    picture = pixels(music_card(model, [dot(place) for place in CORNERS], told, shape))
    width, height = SIZES[shape]
    assert picture.shape == (height, width, 3)
    drawn = (picture != pixels(Sheet(shape, BACKGROUND).png())).any(axis=2)
    assert drawn.any()
    drawn[30 : height - 30, 46 : width - 46] = False
    assert not drawn.any()
    assert all(contrast("#ffffff", shade) >= 4.5 for shade in BACKGROUND)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_songs_lie_where_the_map_has_them(model: Model, shape: Shape) -> None:
    """Each disc's middle is its place; the sheet of the map is inside the picture."""
    plain = pixels(music_card(model, [], "No songs.", shape))
    left, right = (
        middle_of(pixels(music_card(model, [dot((x, 0.5))], "No songs.", shape)), plain)
        for x in (0.0, 1.0)
    )
    top, foot = (
        middle_of(pixels(music_card(model, [dot((0.5, y))], "No songs.", shape)), plain)
        for y in (0.0, 1.0)
    )
    width, height = SIZES[shape]
    assert left[0] == pytest.approx(width - right[0], abs=1.5)
    assert left[1] == pytest.approx(right[1], abs=1.5)
    assert top[0] == pytest.approx(foot[0], abs=1.5)
    assert left[1] == pytest.approx((top[1] + foot[1]) / 2, abs=1.5)
    assert 0 < top[1] < foot[1] < height


def middle_of(picture: np.ndarray, plain: np.ndarray) -> tuple[float, float]:
    """The middle, across and down, of what one song has added."""
    added = (picture != plain).any(axis=2)
    pop = (picture == ImageColor.getrgb(colour("pop"))).all(axis=2)
    assert (added & pop).sum() > 150
    rows, columns = np.nonzero(added)
    return (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2


def test_the_line_and_the_tracks_are_there(model: Model) -> None:
    one, other = (music_card(model, [], f"{n} songs.") for n in (3, 4))
    assert one != other
    seen = {tuple(rgb) for rgb in pixels(one)[160:580, 60:1140].reshape(-1, 3).tolist()}
    assert len(seen) > 100
