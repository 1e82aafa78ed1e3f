"""The values of search words: dates and sizes. Each reader raises ValueError with what is right."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

_DATE = re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})\.?(?:[T ](?P<rest>.+))?")
#: The American order, as Mailpit reads slashes.
_US_DATE = re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})(?:[T ](?P<rest>.+))?")
_SIZE = re.compile(r"(\d{1,15})\s*([kmg]?)b?", re.IGNORECASE)
_UNITS: Mapping[str, int] = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
#: The mail types, as values of `type:`.
TYPES: Mapping[str, str] = {"normal": "normal", "auth": "auth", "ad": "ad"}
_RIGHT_DATE = "examples: 2026-11-27, 2026-11-27T09:30, 2026-11-27T09:30+09:00 or 11/27/2026"


def read_date(text: str, zone: tzinfo | None = None) -> float:
    """Return seconds since the epoch of a date and perhaps a time.

    A date alone is its first moment. `zone` is that of a time without one; None: the machine's.
    """
    found = _DATE.fullmatch(text) or _US_DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{quote(text)} is not a date ({_RIGHT_DATE})")
    try:
        day = f"{int(found['y']):04}-{int(found['m']):02}-{int(found['d']):02}"
        moment = datetime.fromisoformat(f"{day}T{found['rest'] or '00:00'}")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment.timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{quote(text)} is not a date ({_RIGHT_DATE})") from None


def read_size(text: str) -> int:
    """Return a number of bytes; k, M and G are 1024 bytes and its powers."""
    found = _SIZE.fullmatch(text)
    if found is None or not int(found[1]):
        raise ValueError(f"{quote(text)} is not a size above 0 (examples: 500, 20k, 2MB)")
    return int(found[1]) * _UNITS[found[2].lower()]


def read_port(text: str) -> int:
    """Return the number of a port."""
    most = 65_535
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= most):  # noqa: PLR2004 - digits of a port
        raise ValueError(f"{quote(text)} is not a port (example: 587)")
    return int(text)


def one_of(choices: Mapping[str, str]) -> Callable[[str], str]:
    """Return the reader of a word that is one of the keys, in any case; it gives the value."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"{quote(text)} is not one of {', '.join(choices)}")
        return choices[text.lower()]

    return read
