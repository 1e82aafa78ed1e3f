"""Times and sizes as the reader's language writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from babel.dates import format_datetime, format_time
from babel.numbers import format_decimal

from fakesmtp.clock import now
from fakesmtp.web.pages.reader import Reader

#: An address after a name.
_ADDRESS = re.compile(r"(?<=[^\s,])\s*<[^<>]*>")
_UNIT = 1024
_UNITS = ("kB", "MB", "GB")
#: A day without the year, as each language orders it.
_DAY: Mapping[str, str] = {"en": "MMM d", "ko": "M월 d일"}


def format_moment(seconds: float, reader: Reader) -> str:
    """Return a date and time in full: the reader's zone, with seconds."""
    moment = datetime.fromtimestamp(seconds, reader.zone)
    return str(format_datetime(moment, "medium", locale=reader.language))


def format_brief(seconds: float, reader: Reader) -> str:
    """Return the time for today, the day for this year, else the date."""
    moment = datetime.fromtimestamp(seconds, reader.zone)
    today = datetime.fromtimestamp(now(), reader.zone)
    if moment.date() == today.date():
        return str(format_time(moment, "HH:mm:ss", locale=reader.language))
    form = _DAY[reader.language] if moment.year == today.year else "yyyy-MM-dd"
    return str(format_datetime(moment, form, locale=reader.language))


def format_iso(seconds: float, reader: Reader) -> str:
    """Return a time for machines: the attribute `datetime` of HTML."""
    return datetime.fromtimestamp(seconds, reader.zone).isoformat(timespec="milliseconds")


def format_names(people: str) -> str:
    """Return the names of people; the address of one that has no name."""
    return _ADDRESS.sub("", people).replace('"', "").strip() or people


def format_size(size: int, reader: Reader) -> str:
    """Return a number of bytes: `12 B`, `4.5 kB`."""
    amount, unit = float(size), "B"
    for larger in _UNITS:
        if amount < _UNIT:
            break
        amount, unit = amount / _UNIT, larger
    form = "#,##0" if unit == "B" else "#,##0.0"
    return f"{format_decimal(amount, form, locale=reader.language)} {unit}"


def format_number(number: int, reader: Reader) -> str:
    """Return a whole number."""
    return str(format_decimal(number, locale=reader.language))


def format_milliseconds(microseconds: float, reader: Reader) -> str:
    """Return a duration: `12.3 ms`, `1,234 ms`."""
    milliseconds = microseconds / 1000
    form = "#,##0" if milliseconds >= 100 else "0.0"  # noqa: PLR2004 - three digits tell enough
    return f"{format_decimal(milliseconds, form, locale=reader.language)} ms"


FILTERS: Mapping[str, Any] = {
    "moment": format_moment,
    "brief": format_brief,
    "iso": format_iso,
    "size": format_size,
    "number": format_number,
    "milliseconds": format_milliseconds,
}
