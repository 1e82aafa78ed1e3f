"""From bytes to text: character sets, headers and their parameters, as they are sent in Korea.

Nothing here raises. What cannot be decoded is shown with a marker in front and U+FFFD inside.

The standard library reads `ks_c_5601-1987` and `euc-kr` as EUC-KR, where 똠 and 뷁 have no code;
programs that use these labels write CP949, its superset. So headers are decoded here.
"""

from __future__ import annotations

import binascii
import codecs
import re
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_CP949_LABELS = frozenset(
    {
        "euc-kr",
        "euckr",
        "euc_kr",
        "ks_c_5601-1987",
        "ks_c_5601_1987",
        "ks_c_5601",
        "ks_c_5601-1989",
        "ksc5601",
        "ksc_5601",
        "ks_x_1001",
        "ksx1001",
        "korean",
        "iso-ir-149",
        "csksc56011987",
        "cp949",
        "ms949",
        "uhc",
        "windows-949",
    }
)
# Codecs of Python that are no character sets of mail; punycode's time is quadratic as well.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
# What 8-bit text without a (true) label is tried as.
_UNLABELLED = ("utf-8", "cp949")
_SURROGATES = re.compile("[\ud800-\udfff]")

# RFC 2047 §2: =?charset?encoding?text?=, the charset perhaps with a language (RFC 2231 §5).
_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_LINE_ENDS = re.compile(r"\r\n?|\n")

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
# RFC 2231 §3 and §4: `name*`, `name*0`, `name*0*`.
_PARAMETER_NAME = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TYPE = re.compile(r"[^\s/;]+/[^\s/;]+")


def decode_text(data: bytes, charset: str | None) -> str:
    """Decode bytes that are labelled `charset`; None or `us-ascii` is no label at all."""
    label = (charset or "us-ascii").strip().lower()
    try:
        return _strictly(data, label)
    except (LookupError, ValueError) as error:
        reason = _describe(error)
    shown = data.decode(_codec_or(label, "utf-8"), "replace")
    return f"[cannot be decoded as {shorten(label)}: {reason}] {_SURROGATES.sub('�', shown)}"


def shorten(text: str, limit: int = 60) -> str:
    """Cut a text to `limit` characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _strictly(data: bytes, label: str) -> str:
    """Decode, or raise LookupError for an unknown charset and ValueError for unfit bytes."""
    if label in {"us-ascii", "ascii"} and not data.isascii():
        return _guess(data)
    text = data.decode(_codec(label))
    if _SURROGATES.search(text):
        # UTF-7 can spell them; they cannot be printed.
        raise ValueError("half a character")
    return text


def _guess(data: bytes) -> str:
    for charset in _UNLABELLED:
        with suppress(UnicodeDecodeError):
            return data.decode(charset)
    raise ValueError("8-bit bytes that are neither UTF-8 nor CP949")


def _codec(label: str) -> str:
    """Give Python's name of a character set; raises LookupError if there is none."""
    if label in _CP949_LABELS:
        return "cp949"
    try:
        name = codecs.lookup(label).name
    except ValueError as error:
        # A NUL or a letter beyond ASCII in the name.
        raise LookupError(label) from error
    if name in _NO_CHARSETS:
        raise LookupError(label)
    b"a".decode(name, "replace")  # a LookupError for what is no text encoding, as `hex`
    return name


def _codec_or(label: str, other: str) -> str:
    try:
        return _codec(label)
    except LookupError:
        return other


def _describe(error: LookupError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{error.reason} at byte {error.start}"
    return "no such character set" if isinstance(error, LookupError) else str(error)


# -- headers ---------------------------------------------------------------------------------------


class _Word(NamedTuple):
    """An encoded word without its Base64 or quoted-printable."""

    charset: str
    data: bytes


def header_bytes(value: str) -> bytes:
    """Give a header's bytes back from the standard library's text, where 8-bit is surrogates."""
    return value.encode("utf-8", "surrogateescape")


def plain_header(value: str) -> str:
    """Unfold a header (RFC 5322 §2.2.3) and read its 8-bit bytes; encoded words stay."""
    return decode_text(header_bytes(_LINE_ENDS.sub("", value)), None)


def decode_header(value: str) -> str:
    """Unfold a header, and decode its encoded words (RFC 2047) and 8-bit bytes."""
    return "".join(_decode_words(plain_header(value))).strip()


def _decode_words(text: str) -> Iterator[str]:
    """Yield the text between encoded words as it is, and each run of them decoded.

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
    """Undo the transfer encoding of one word; None if it is none, and stands as it is."""
    if not text.isascii():
        return None
    if encoding in "qQ":
        return _Word(charset.lower(), binascii.a2b_qp(text, header=True))
    data = decode_base64(text.encode())
    return None if data is None else _Word(charset.lower(), data)


def _decode_run(run: list[_Word]) -> str:
    """Decode neighbouring words, each by itself as RFC 2047 §5 says.

    Many programs cut between the bytes of one character; such words are decoded as one.
    """
    return "".join(
        _decode_same(list(words)) for _, words in groupby(run, lambda word: word.charset)
    )


def _decode_same(words: list[_Word]) -> str:
    charset = words[0].charset
    try:
        return "".join(_strictly(word.data, charset) for word in words)
    except (LookupError, ValueError):
        return decode_text(b"".join(word.data for word in words), charset)


def decode_base64(data: bytes) -> bytes | None:
    """Decode Base64, forgiving what else is in it and missing padding; None if it cannot be."""
    for padding in (b"", b"=="):
        with suppress(binascii.Error):
            return binascii.a2b_base64(data + padding)
    return None


# -- parameters ------------------------------------------------------------------------------------


def content_type(value: str) -> str:
    """Give the type of a Content-Type header in lower case; `text/plain` if it is none."""
    name = value.partition(";")[0].strip().lower()
    return name if _TYPE.fullmatch(name) and name.isascii() else "text/plain"


def parameter(value: str, name: str) -> str | None:
    """Give a parameter of a Content-Type or Content-Disposition header, decoded.

    RFC 2231 is read, and RFC 2047 too, though RFC 2047 §5 forbids it there: it is common.
    """
    plain: list[str] = []
    sections: dict[int, tuple[bool, str]] = {}
    for key, text in _PARAMETER.findall(_LINE_ENDS.sub("", value)):
        match = _PARAMETER_NAME.fullmatch(key)
        if match is None or match[1].lower() != name:
            continue
        if match[2] is None and match[3] is None:
            plain.append(_unquote(text))
        else:
            sections.setdefault(int(match[2] or 0), (match[3] is not None, _unquote(text)))
    if sections:
        return _join_sections([sections[number] for number in sorted(sections)])
    return decode_header(plain[0]) if plain else None


def _unquote(text: str) -> str:
    text = text.strip()
    return _QUOTED_PAIR.sub(r"\1", text[1:-1]) if text[:1] == '"' == text[1:][-1:] else text


def _join_sections(sections: list[tuple[bool, str]]) -> str:
    if not any(extended for extended, _ in sections):
        return decode_header("".join(text for _, text in sections))
    charset, quote, rest = sections[0][1].partition("'")
    if quote:
        _language, _, rest = rest.partition("'")
        sections = [(True, rest), *sections[1:]]
    joined = b"".join(
        unquote_to_bytes(header_bytes(text)) if extended else header_bytes(text)
        for extended, text in sections
    )
    return decode_text(joined, charset if quote else None)
