"""Codes in a text that a reader would copy: verification codes, one-time passwords."""

from __future__ import annotations

import re

#: Digits that stand alone: `482913`, `482-913`. Not a part of a date, an amount, a phone number.
_CODE = re.compile(r"(?<![\w.,:/+-])(?:\d{4,8}|\d{3}[ -]\d{3})(?![\w/:]|[.,-]\d)")
_NEAR = re.compile(
    r"code|otp|\bpin\b|passcode|password|verif|인증|번호|비밀|확인|코드", re.IGNORECASE
)
#: Characters before and after a code in which one of these words makes it a code.
_BEFORE, _AFTER = 80, 40
#: A line of digits alone is a code, unless it is a year.
_YEAR = re.compile(r"(?:19|20)\d\d")
#: Codes that are returned, and characters of a text that are read.
_MOST, _LONGEST = 5, 200_000


def find_codes(text: str) -> tuple[str, ...]:
    """Return at most five codes of a text, in order, each once."""
    text = text[:_LONGEST]
    found = (match for match in _CODE.finditer(text) if _is_code(text, match))
    return tuple(dict.fromkeys(match[0] for match in found))[:_MOST]


def _is_code(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    around = text[max(0, start - _BEFORE) : start], text[end : end + _AFTER]
    if any(map(_NEAR.search, around)):
        return not text[end:].startswith(("년", "원", "%"))
    before, after = (around[0].rpartition("\n")[2], around[1].partition("\n")[0])
    is_alone = not before.strip() and not after.strip()
    return is_alone and _YEAR.fullmatch(match[0]) is None
