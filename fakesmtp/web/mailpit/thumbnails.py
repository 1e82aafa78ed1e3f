"""Small pictures of attachments. Pictures are untrusted: their size is limited before decoding."""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

_SIZE = (180, 120)
_QUALITY = 70
#: Formats that are decoded; others have had more security bugs than use.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")
#: Largest picture (pixels): 100 MB decoded.
_MOST_PIXELS = 25_000_000


def make_thumbnail(content: bytes) -> bytes:
    """Return a JPEG of 180 x 120 pixels with the picture in it; white if it cannot be read."""
    picture = _open(content)
    canvas = Image.new("RGB", _SIZE, "white")
    if picture is not None:
        small = ImageOps.contain(picture, _SIZE) if _is_large(picture) else picture
        place = ((_SIZE[0] - small.width) // 2, (_SIZE[1] - small.height) // 2)
        canvas.paste(small, place, small)
    written = BytesIO()
    canvas.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()


def _is_large(picture: Image.Image) -> bool:
    return picture.width > _SIZE[0] or picture.height > _SIZE[1]


def _open(content: bytes) -> Image.Image | None:
    """Return the first frame with transparency; None if it is not a picture of a known format."""
    try:
        with warnings.catch_warnings(), Image.open(BytesIO(content), formats=_FORMATS) as picture:
            warnings.simplefilter("ignore")  # about odd files; sizes are checked below
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            picture.draft("RGB", _SIZE)
            return picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
