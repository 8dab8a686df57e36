"""Covers from files, which are anybody's."""

import io

import numpy as np
import pytest
from PIL import Image

from genregenie.web.images import cover


def picture(form: str, size: tuple[int, int], seed: int | None = None) -> bytes:
    """A picture of one colour, or noise, which is what compresses least."""
    values = np.full((size[1], size[0], 3), (200, 30, 60), np.uint8)
    if seed is not None:
        values = np.random.default_rng(seed).integers(0, 256, values.shape, np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("seed", [None, 1])
def test_every_cover_becomes_a_small_square(form: str, seed: int | None) -> None:
    small = cover.small(picture(form, (500, 320), seed))
    assert small is not None
    assert len(small) <= cover.SMALL_BYTES
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (320, 320), "RGB")


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"\x89PNG\r\n\x1a\n", picture("PNG", (40, 40))[:60]]
)
def test_what_is_no_picture_is_none(content: bytes) -> None:
    assert cover.small(content) is None


@pytest.mark.slow
def test_what_is_far_too_large_is_not_opened() -> None:
    assert cover.small(bytes(cover.MAX_BYTES + 1)) is None
    assert cover.small(picture("GIF", (8_000, 6_000))) is None


def test_nothing_shines_through() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(buffer, "PNG")
    small = cover.small(buffer.getvalue())
    assert small is not None
    with Image.open(io.BytesIO(small)) as image:
        assert image.getpixel((50, 50)) == (255, 255, 255)
