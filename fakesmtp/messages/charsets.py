"""Decode bytes to text by the character sets of mail, as they are labelled in practice.

Nothing here raises. Text that cannot be decoded has a marker before it and U+FFFD inside.

The standard library reads `ks_c_5601-1987` and `euc-kr` as EUC-KR, which has no code for 똠 and 뷁.
Programs that use these labels write CP949, its superset. Japanese and Chinese labels have supersets
too. The WHATWG Encoding Standard reads all of these labels in the same way.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from fakesmtp.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A codec of Python, and the labels that mean it. A leading `x-` or `cs` is ignored.
_LABELS: Mapping[str, tuple[str, ...]] = {
    "cp949": (
        "5601",
        "cp20949",
        "cp51949",
        "euc-kr",
        "euckr",
        "ibm-970",
        "ibm970",
        "iso-ir-149",
        "korean",
        "ks-c-5601",
        "ks-c-5601-1987",
        "ks-c-5601-1989",
        "ks-x-1001",
        "ksc-5601",
        "ksc5601",
        "ksc5601-1987",
        "ksc5601-1992",
        "ksc56011987",
        "ksx1001",
        "mac-korean",
        "uhc",
        "windows-51949",
    ),
    "johab": ("ksc5601-1992-johab", "windows-johab"),
    "cp932": (
        "cp943c",
        "ibm-943c",
        "mac-japanese",
        "ms-kanji",
        "shift-jis",
        "shiftjis",
        "sjis",
        "windows-31j",
        "windows31j",
    ),
    "euc_jp": (
        "cp51932",
        "euc-jp-linux",
        "eucjp-open",
        "eucpkdfmtjapanese",
        "ibm33722",
        "windows-51932",
    ),
    "iso2022_jp_ext": (
        "cp50220",
        "cp50221",
        "windows-50220",
        "windows-50221",
        "windows-iso2022jp",
    ),
    "gb18030": (
        "chinese",
        "cn-gb",
        "euc-cn",
        "euccn",
        "gb-2312-80",
        "gb2312",
        "gb2312-80",
        "gbk",
        "iso-ir-58",
        "ms936",
        "windows-936",
    ),
    "big5hkscs": ("ms950-hkscs", "ms950-hkscs-xp"),
    "cp950": ("big5", "cn-big5"),
    "mac_roman": ("mac", "macroman"),
    "utf-8": ("unicode-1-1-utf-8", "unicode-2-0-utf-8", "utf8mb4"),
    "utf-16": ("utf-16le-bom",),
    "utf-7": ("unicode-1-1-utf-7",),
    "iso8859_6": ("iso-8859-6-e", "iso-8859-6-i", "iso88596e", "iso88596i"),
    "iso8859_8": ("iso-8859-8-e", "iso-8859-8-i", "iso88598e", "iso88598i"),
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels}
# Prefixes that Java, Windows and the IANA registry use.
_PREFIXES = ("", "x-", "cs")
# Python names the code pages of Windows and IBM by their number.
_CODE_PAGE = re.compile(r"(?:cp|ibm|ms|windows)[-_]?([0-9]+)")
# Codecs of Python that are not character sets of mail. punycode also takes quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
# Character sets that are tried for 8-bit text without a (correct) label.
_UNLABELLED = ("utf-8", "cp949")
#: The longest label of a known character set (characters), and more.
_LONGEST_LABEL = 60
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode_text(data: bytes, charset: str | None) -> str:
    """Decode bytes that are labelled `charset`; None or `us-ascii` counts as no label."""
    label = _label(charset)
    try:
        return decode_strictly(data, label)
    except (LookupError, ValueError) as error:
        reason = _describe(error)
    shown = data.decode(_codec_or(label, "utf-8"), "replace")
    return f"[cannot be decoded as {shorten(label)}: {reason}] {_SURROGATES.sub('�', shown)}"


def is_text(data: bytes, charset: str | None) -> bool:
    """Whether `decode_text` decodes the bytes without a marker."""
    try:
        decode_strictly(data, _label(charset))
    except (LookupError, ValueError):
        return False
    return True


def decode_strictly(data: bytes, label: str) -> str:
    """Decode, or raise LookupError for an unknown charset and ValueError for invalid bytes."""
    if label in {"us-ascii", "ascii"} and not data.isascii():
        return _guess(data)
    text = data.decode(_codec(label))
    if _SURROGATES.search(text):
        # UTF-7 can encode surrogates, which cannot be printed.
        raise ValueError("half a character")
    return text


def _label(charset: str | None) -> str:
    return (charset or "us-ascii").strip().lower()


def _guess(data: bytes) -> str:
    for charset in _UNLABELLED:
        with suppress(UnicodeDecodeError):
            return data.decode(charset)
    raise ValueError("8-bit bytes that are neither UTF-8 nor CP949")


def _codec(label: str) -> str:
    """Return Python's name of a character set; raise LookupError if there is none."""
    # A longer label is not one, and is not worth memory.
    return _known_codec(label) if len(label) <= _LONGEST_LABEL else _find_codec(label)


def _find_codec(label: str) -> str:
    bare = [label.removeprefix(prefix) for prefix in _PREFIXES if label.startswith(prefix)]
    for name in bare:
        codec = _CODECS.get(name.replace("_", "-"))
        if codec:
            return codec
    for name in bare:
        with suppress(LookupError):
            return _python_codec(_CODE_PAGE.sub(r"cp\1", name))
    raise LookupError(label)


_known_codec = lru_cache(maxsize=64)(_find_codec)


def _python_codec(label: str) -> str:
    try:
        name = codecs.lookup(label).name
    except ValueError as error:
        # A NUL or a letter beyond ASCII in the name.
        raise LookupError(label) from error
    if name in _NO_CHARSETS:
        raise LookupError(label)
    b"a".decode(
        name, "replace"
    )  # a LookupError for a codec that is not a text encoding, such as `hex`
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
