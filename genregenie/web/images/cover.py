"""The cover that a file brings along, small enough for a page."""

import io
import warnings
from typing import Final

from PIL import Image, ImageOps

SIDE: Final = 320
MAX_BYTES: Final = 4 << 20
_MAX_PIXELS: Final = 40_000_000
_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
SMALL_BYTES: Final = 40_000
_QUALITIES: Final = (82, 65, 45, 25, 10)


def small(picture: bytes) -> bytes | None:
    """A cover as a JPEG of 320 x 320 pixels and 40 kB, cut to a square around its middle.

    Returns
    -------
    bytes or None
        None of what is no picture, or larger than 4 MB or 40 megapixels.
    """
    if len(picture) > MAX_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with a picture is nobody's concern here
            with Image.open(io.BytesIO(picture), formats=_FORMATS) as image:
                if image.width * image.height > _MAX_PIXELS:
                    return None
                image.draft("RGB", (2 * SIDE, 2 * SIDE))  # JPEGs are decoded smaller, and faster
                square = ImageOps.fit(_opaque(ImageOps.exif_transpose(image)), (SIDE, SIDE))
                written = (_as_jpeg(square, quality) for quality in _QUALITIES)
                return next((jpeg for jpeg in written if len(jpeg) <= SMALL_BYTES), None)
    except (OSError, ValueError, SyntaxError, ArithmeticError, MemoryError, IndexError, KeyError):
        return None  # all that damaged pictures have been seen to raise in Pillow


def _as_jpeg(image: Image.Image, quality: int) -> bytes:
    found = io.BytesIO()
    image.save(found, "JPEG", quality=quality)
    return found.getvalue()


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in ("RGB", "L"):
        return image.convert("RGB")
    with_alpha = image.convert("RGBA")
    white = Image.new("RGBA", with_alpha.size, "white")
    return Image.alpha_composite(white, with_alpha).convert("RGB")
