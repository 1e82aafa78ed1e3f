"""Transfer encodings of bodies (RFC 2045 §6) and encoded words of headers (RFC 2047).

Nothing here raises. `charsets.py` decodes the text.
"""

from __future__ import annotations

import binascii
import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages.charsets import decode_strictly, decode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_DIGITS_OF_A_QUAD = 4
# Some characters that are not Base64 are ignored (RFC 2045 §6.8); plain text has more of them.
_FOREIGN = 2
_ONE_IN = 20

# RFC 2047 §2: =?charset?encoding?text?=, with an optional language (RFC 2231 §5).
_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_LINE_ENDS = re.compile(r"\r\n?|\n")


# -- transfer encodings ----------------------------------------------------------------------------


class Decoded(NamedTuple):
    """Bytes without their transfer encoding; `whole` is False if some input was not decoded."""

    data: bytes
    whole: bool = True


def decode_transfer(data: bytes, encoding: str) -> Decoded:
    """Undo a Content-Transfer-Encoding; bytes that cannot be decoded are returned unchanged."""
    decoder = _ENCODINGS.get(encoding)
    decoded = decoder(data) if decoder else Decoded(b"", whole=False)
    return decoded if decoded.data or decoded.whole else Decoded(data, whole=False)


def decode_base64(data: bytes) -> bytes | None:
    """Decode Base64, ignoring other characters and missing padding; None if that is impossible."""
    decoded = _read_base64(data)
    return decoded.data if decoded.whole else None


def _read_base64(data: bytes) -> Decoded:
    """Decode Base64 that may continue after its padding, as when encoded pieces were joined.

    A piece with one extra digit is decoded without it, and is not whole.
    """
    try:
        # What is as it should be takes a tenth of the time.
        return Decoded(binascii.a2b_base64(data.translate(None, b"\r\n"), strict_mode=True))
    except binascii.Error:
        return _repair_base64(data)


def _repair_base64(data: bytes) -> Decoded:
    digits = _NOT_BASE64.sub(b"", data)
    foreign = len(data) - len(digits) - data.count(b"\r") - data.count(b"\n")
    pieces = [piece for piece in digits.split(b"=") if piece]
    spare = [len(piece) % _DIGITS_OF_A_QUAD for piece in pieces]
    decoded = b"".join(
        binascii.a2b_base64(piece[:-1] if extra == 1 else piece + b"=" * (-extra % 4))
        for piece, extra in zip(pieces, spare, strict=True)
    )
    is_base64 = foreign <= max(_FOREIGN, len(data) // _ONE_IN)
    return Decoded(decoded, whole=is_base64 and 1 not in spare)


def _read_quoted_printable(data: bytes) -> Decoded:
    """Decode quoted-printable; blanks at the end of a line were added in transit (rule 3)."""
    lines = (_strip_blanks(line) for line in data.split(b"\n"))
    return Decoded(binascii.a2b_qp(b"\n".join(lines)))


def _strip_blanks(line: bytes) -> bytes:
    bare = line.removesuffix(b"\r")
    return bare.rstrip(b" \t") + line[len(bare) :]


_ENCODINGS: Mapping[str, Callable[[bytes], Decoded]] = {
    "base64": _read_base64,
    "quoted-printable": _read_quoted_printable,
    **dict.fromkeys(("", "7bit", "8bit", "binary", "7-bit", "8-bit"), Decoded),
}


# -- headers ---------------------------------------------------------------------------------------


class _Word(NamedTuple):
    """An encoded word after its Base64 or quoted-printable was decoded."""

    charset: str
    data: bytes


def header_bytes(value: str) -> bytes:
    """Return the bytes of a header from text in which surrogates stand for 8-bit bytes."""
    return value.encode("utf-8", "surrogateescape")


def unfold(value: str) -> str:
    """Join the lines of a header (RFC 5322 §2.2.3)."""
    # Most headers have one line.
    return _LINE_ENDS.sub("", value) if "\n" in value or "\r" in value else value


def plain_header(value: str) -> str:
    """Unfold a header and decode its 8-bit bytes; encoded words are kept."""
    text = unfold(value)
    return text if text.isascii() else decode_text(header_bytes(text), None)


def decode_header(value: str) -> str:
    """Unfold a header, and decode its encoded words (RFC 2047) and 8-bit bytes."""
    text = plain_header(value)
    return ("".join(_decode_words(text)) if "=?" in text else text).strip()


def _decode_words(text: str) -> Iterator[str]:
    """Yield the text between encoded words unchanged, and each run of encoded words decoded.

    White space between two encoded words is dropped (RFC 2047 §6.2).
    """
    run: list[_Word] = []
    end = 0
    for match in _WORD.finditer(text):
        word = _read_word(*match.groups())
        between = text[end : match.start()]
        if word is None:
            continue
        if not run or between.strip():
            yield _decode_run(run) + between
            run = []
        run.append(word)
        end = match.end()
    yield _decode_run(run) + text[end:]


def _read_word(charset: str, encoding: str, text: str) -> _Word | None:
    """Undo the transfer encoding of one word; None if it is invalid and remains unchanged."""
    if not text.isascii():
        return None
    if encoding in "qQ":
        return _Word(charset.lower(), binascii.a2b_qp(text, header=True))
    data = decode_base64(text.encode())
    return None if data is None else _Word(charset.lower(), data)


def _decode_run(run: list[_Word]) -> str:
    """Decode adjacent words, each by itself as RFC 2047 §5 requires.

    Many programs split words between the bytes of one character; such words are decoded together.
    """
    return "".join(
        _decode_same(list(words)) for _, words in groupby(run, lambda word: word.charset)
    )


def _decode_same(words: list[_Word]) -> str:
    charset = words[0].charset
    try:
        return "".join(decode_strictly(word.data, charset) for word in words)
    except (LookupError, ValueError):
        return decode_text(b"".join(word.data for word in words), charset)
