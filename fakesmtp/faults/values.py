"""Checks of the values of a rule's options.

Each check returns the value as the rule keeps it, or raises `ValueError` with the rest of a
sentence that starts with the option's name: "must be true or false, not 'yes'".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeGuard

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.nhn import ENDPOINT_PORTS
from fakesmtp.protocol.reply import Reply
from fakesmtp.text import is_whole, quote

Check = Callable[[object], object]

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_MINUTE, _HOUR = 60, 3600
#: The largest whole number; the smallest and the largest number of seconds or of bytes per second.
_LARGEST = 2**63 - 1
_SMALLEST_PART, _MOST_SECONDS = 0.000_001, 1_000_000_000
_LONGEST_NAME = 200


class RuleError(ConfigurationError):
    """An invalid rule; `option` names the option that is wrong, if it is one."""

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


def check_name(value: object) -> str:
    """Check a rule's name: it is written into a session each time its rule applies."""
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise ValueError(
            f"must be a text of at most {_LONGEST_NAME} characters, not {quote(value)}"
        )
    if not is_whole(value):
        raise ValueError(f"must be a text without half of a character, not {quote(value)}")
    return value


def check_pattern(value: object) -> str:
    """Check a glob, or a regular expression between slashes."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be a text like '*@example.com' or '/regex/', not {quote(value)}")
    if is_regex(value):
        try:
            re.compile(value[1:-1])
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(
                f"must be a valid regular expression between the slashes, not {quote(value)}: "
                f"{error}"
            ) from None
    return value


def is_regex(pattern: str) -> bool:
    """Whether a pattern is a regular expression and not a glob."""
    return len(pattern) > 1 and pattern[0] == pattern[-1] == "/"


def check_headers(value: object) -> tuple[tuple[str, str], ...]:
    """Check a table of header names and patterns; return it as pairs."""
    pairs = tuple(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, tuple) or not pairs:
        raise ValueError(f"must be a table like {{X-Campaign = 'spring*'}}, not {quote(value)}")
    return tuple((str(name), check_pattern(pattern)) for name, pattern in pairs)


def check_reply(value: object) -> str:
    """Check the text of a reply, `451 4.7.1 Try later`, or a `Reply`; return the text."""
    text = str(value) if isinstance(value, Reply) else value
    if not isinstance(text, str):
        raise ValueError(f"must be a text like '451 4.7.1 Try later', not {quote(value)}")  # noqa: TRY004 - all checks raise the same
    try:
        reply = Reply.parse(text)
    except ConfigurationError:
        raise ValueError(
            f"must be a code and an ASCII text like '451 4.7.1 Try later', not {quote(text)}"
        ) from None
    enhanced = reply.enhanced
    if enhanced is not None and enhanced.status_class != reply.code // 100:
        raise ValueError(
            f"must have an enhanced status code that starts with the first digit of {reply.code}, "
            f"not {enhanced} (RFC 2034 §4)"
        )
    return text


def check_flag(value: object) -> bool:
    """Check a truth value."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {quote(value)}")  # noqa: TRY004 - all checks raise the same
    return value


def whole_number(*, least: int, most: int = _LARGEST) -> Check:
    """Return the check of a whole number from `least` to `most`."""
    limits = f"from {least} to {most}" if most < _LARGEST else f"of at least {least}"

    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise ValueError(f"must be a whole number {limits}, not {quote(value)}")

    return check


def number(*, most: float, example: str) -> Check:
    """Return the check of a number above 0 and at most `most`."""
    limits = f"from {_SMALLEST_PART:f} to {most:,.0f} (example: {example})"

    def check(value: object) -> float:
        if _is_number(value) and _SMALLEST_PART <= value <= most:
            return float(value)
        raise ValueError(f"must be a number {limits}, not {quote(value)}")

    return check


def check_port(value: object) -> int:
    """Check a port of the endpoint; a session has no other, whatever the local port."""
    if isinstance(value, int) and value in ENDPOINT_PORTS:
        return value
    known = ", ".join(map(str, ENDPOINT_PORTS))
    raise ValueError(f"must be a port of the endpoint ({known}), not {quote(value)}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


check_count = whole_number(least=1)
check_size = whole_number(least=0)
check_seconds = number(most=_MOST_SECONDS, example="1.5")
check_rate = number(most=_MOST_SECONDS, example="1000")
check_probability = number(most=1, example="0.25")


def check_seed(value: object) -> int | str:
    """Check a seed of random numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    raise ValueError(f"must be a whole number or a text, not {quote(value)}")


def check_between(value: object) -> tuple[float, float] | tuple[str, str]:
    """Check two numbers of seconds since the rule was loaded, or two times of day."""
    if isinstance(value, Sequence) and len(value) == 2:  # noqa: PLR2004 - from, to
        begin, end = value
        if isinstance(begin, str) and isinstance(end, str):
            if _CLOCK.fullmatch(begin) and _CLOCK.fullmatch(end):
                _check_times_differ(begin, end)
                return begin, end
        elif _is_number(begin) and _is_number(end) and 0 <= begin < end <= _MOST_SECONDS:
            return float(begin), float(end)
    raise ValueError(
        "must be two numbers of seconds since the rule was loaded, like [0, 2.5], or two times of "
        f"day, like ['02:00', '02:30'], not {quote(value)}"
    )


def _check_times_differ(begin: str, end: str) -> None:
    if seconds_of_day(begin) == seconds_of_day(end):
        raise ValueError(
            "must begin and end at different times of day, or be left out for the whole day, not "
            f"{quote([begin, end])}"
        )


def seconds_of_day(text: str) -> int:
    """Return the seconds since midnight of `14:30` or `14:30:05`."""
    hour, minute, *second = map(int, text.split(":"))
    return hour * _HOUR + minute * _MINUTE + sum(second)


def one_of(known: Sequence[str]) -> Check:
    """Return the check of a text that is one of `known`."""

    def check(value: object) -> str:
        if isinstance(value, str) and value in known:
            return str(value)
        raise ValueError(f"must be one of {', '.join(known)}, not {quote(value)}")

    return check
