"""Thumbnails of untrusted pictures."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from fakesmtp.web.mailpit.thumbnails import make_thumbnail

WHITE = (255, 255, 255)


def read(jpeg: bytes) -> Image.Image:
    """Return a thumbnail as a picture."""
    return Image.open(BytesIO(jpeg)).convert("RGB")


def draw(size: tuple[int, int], colour: str, kind: str) -> bytes:
    """Return a picture of one colour."""
    written = BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


#: A PNG that says it has 10,000,000,000 pixels.
BOMB = b"\x89PNG\r\n\x1a\n" + chunk(
    b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_a_large_picture_is_made_smaller(kind: str) -> None:
    """A picture of a known format fills the height or the width, and is in the middle."""
    thumbnail = read(make_thumbnail(draw((1200, 400), "blue", kind)))
    red, _, blue = thumbnail.getpixel((90, 60))  # type: ignore[misc]

    assert thumbnail.size == (180, 120)
    assert (red < 60, blue > 200) == (True, True)
    assert thumbnail.getpixel((90, 5)) == WHITE


def test_a_small_picture_keeps_its_size() -> None:
    """A small picture is not made larger."""
    thumbnail = read(make_thumbnail(draw((40, 40), "blue", "PNG")))

    assert thumbnail.getpixel((20, 60)) == WHITE
    assert thumbnail.getpixel((90, 60)) != WHITE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        draw((500, 500), "blue", "PNG")[:60],
        draw((500, 500), "blue", "TIFF"),
        BOMB,
        BOMB + chunk(b"IDAT", zlib.compress(b"\0" * 1000)),
    ],
    ids=["empty", "text", "svg", "cut", "tiff", "bomb", "bomb with data"],
)
def test_what_is_not_a_picture_is_white(content: bytes) -> None:
    """What cannot be read, or would be huge, gives a white picture."""
    assert read(make_thumbnail(content)).getextrema() == ((255, 255),) * 3
