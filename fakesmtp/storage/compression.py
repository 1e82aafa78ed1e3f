"""Compression of what a file keeps whole: messages and sessions (Zstandard, RFC 8878)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

#: Bytes that are not worth it, and the gain that is.
_SMALL = 512
_WORTH = 0.9
_LEVEL = 1


def pack(data: bytes) -> bytes | None:
    """Return data compressed, None where that gains less than a tenth."""
    if len(data) < _SMALL:
        return None
    packed = zstd.compress(data, _LEVEL)
    return packed if len(packed) < len(data) * _WORTH else None


def unpack(packed: bytes, size: int) -> bytes:
    """Return the `size` bytes that were compressed. Takes no more memory than these."""
    return zstd.ZstdDecompressor().decompress(packed, max_length=size)
