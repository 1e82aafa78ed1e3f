"""Compression of what a file keeps whole: messages and sessions (Zstandard, RFC 8878)."""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

#: Bytes that are not worth it, and the gain that is.
_SMALL = 512
_WORTH = 0.9
_LEVEL = 1
#: Bytes that Zstandard takes as a dictionary at least.
_LEAST_KNOWN = 8


def pack(data: bytes, known: bytes = b"") -> bytes | None:
    """Return data compressed, None where that gains less than a tenth.

    What the data has in common with `known` takes almost no space; `unpack` needs the same.
    """
    if len(data) < _SMALL and not known:
        return None
    packed = _compressor(known).compress(data, zstd.ZstdCompressor.FLUSH_FRAME)
    return packed if len(packed) < len(data) * _WORTH else None


def unpack(packed: bytes, size: int, known: bytes = b"") -> bytes:
    """Return the `size` bytes that were compressed. Takes no more memory than these."""
    decompressor = zstd.ZstdDecompressor(zstd_dict=_dictionary(known))
    return decompressor.decompress(packed, max_length=size)


@cache
def read_session_sample() -> bytes:
    """Return what most sessions have in common. Files are read with it, so it never changes."""
    return Path(__file__).with_name("session_sample.jsonl").read_bytes()


@lru_cache(maxsize=4)
def _compressor(known: bytes) -> zstd.ZstdCompressor:
    """Return a compressor for all threads: it takes longer to make one than to use it."""
    return zstd.ZstdCompressor(_LEVEL, zstd_dict=_dictionary(known))


@lru_cache(maxsize=4)
def _dictionary(known: bytes) -> zstd.ZstdDict | None:
    return zstd.ZstdDict(known, is_raw=True) if len(known) >= _LEAST_KNOWN else None
