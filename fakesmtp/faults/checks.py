"""What the value of each word of a rule may be.

Each check gives the value as the rule keeps it, or raises ValueError with half a sentence that goes
behind the word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.words import FLAWS, suggest
from fakesmtp.protocol.credentials import MailType
from fakesmtp.protocol.reply import Reply
from fakesmtp.text import quote

_HIGHEST_PORT = 65535
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_MINUTE, _HOUR = 60, 3600
#: The largest whole number, and what is least and most of seconds, or of bytes in one.
_MOST = 2**63 - 1
_LEAST_PART, _MOST_SECONDS = 0.000_001, 1_000_000_000


def check_pattern(value: object) -> str:
    """A glob, or a regular expression between slashes."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"is a text like '*@example.com' or '/regex/', not {quote(value)}")
    if is_regex(value):
        try:
            re.compile(value[1:-1])
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"is no regular expression: {quote(value)}, {error}") from None
    return value


def is_regex(pattern: str) -> bool:
    """Whether a pattern is a regular expression and no glob."""
    return len(pattern) > 1 and pattern[0] == pattern[-1] == "/"


def check_headers(value: object) -> tuple[tuple[str, str], ...]:
    """A table of header names and patterns."""
    pairs = tuple(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, tuple) or not pairs:
        raise ValueError(f"is a table like {{X-Campaign = 'spring*'}}, not {quote(value)}")
    return tuple((str(name), check_pattern(pattern)) for name, pattern in pairs)


def check_reply(value: object) -> str:
    """A reply by its text: `451 4.7.1 Try later`."""
    if isinstance(value, Reply):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"is a text like '451 4.7.1 Try later', not {quote(value)}")  # noqa: TRY004 - as below
    try:
        reply = Reply.parse(value)
    except ConfigurationError as error:
        raise ValueError(f"cannot be: {error}") from None
    enhanced = reply.enhanced
    if enhanced is not None and enhanced.status_class != reply.code // 100:
        raise ValueError(
            f"cannot be {quote(value)}: {enhanced} does not go with {reply.code} (RFC 2034 §4)"
        )
    return value


def check_truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"is true or false, not {quote(value)}")  # noqa: TRY004 - all raise the same
    return value


def check_count(value: object) -> int:
    """A whole number from 1."""
    return _check_integer(value, least=1)


def check_number(value: object) -> int:
    """A whole number from 0."""
    return _check_integer(value, least=0)


def check_port(value: object) -> int:
    """A port."""
    number = _check_integer(value, least=1)
    if number > _HIGHEST_PORT:
        raise ValueError(f"is a port of the endpoint, like 587, not {quote(value)}")
    return number


def _check_integer(value: object, *, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise ValueError(f"is a whole number from {least}, not {quote(value)}")
    return value


def check_positive(value: object) -> float:
    """A number over 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is a number over 0, like 1.5, not {quote(value)}")  # noqa: TRY004 - as above
    if not _LEAST_PART <= value <= _MOST_SECONDS:
        raise ValueError(
            f"is a number over 0, like 1.5, from {_LEAST_PART} to {_MOST_SECONDS}, "
            f"not {quote(value)}"
        )
    return float(value)


def check_probability(value: object) -> float:
    """A number over 0, at most 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"is a number over 0 and at most 1, not {quote(value)}")
    return float(value)


def check_seed(value: object) -> int | str:
    """What the luck is made of."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"is a whole number or a text, not {quote(value)}")  # noqa: TRY004 - as above
    return value if isinstance(value, str) else _check_integer(value, least=-_MOST)


def check_between(value: object) -> tuple[float, float] | tuple[str, str]:
    """Two numbers of seconds since the rules were loaded, or two times of the day."""
    if isinstance(value, Sequence) and len(value) == 2:  # noqa: PLR2004 - from, to
        begin, end = value
        if isinstance(begin, str) and isinstance(end, str):
            if _CLOCK.fullmatch(begin) and _CLOCK.fullmatch(end):
                return begin, end
        elif _is_time(begin) and _is_time(end) and begin < end:
            return float(begin), float(end)
    raise ValueError(
        "is two numbers of seconds since the rules were loaded, [0, 2.5], or two times of the day, "
        f"['02:00', '02:30'], not {quote(value)}"
    )


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _MOST_SECONDS


def seconds_of_day(text: str) -> int:
    """Read `14:30` or `14:30:05`."""
    hour, minute, *second = map(int, text.split(":"))
    return hour * _HOUR + minute * _MINUTE + sum(second)


def one_of(known: Sequence[str]) -> Callable[[object], str]:
    """Give the check of a word that is one of these."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"cannot be {quote(value)}; {suggest(value, known)}")
        return str(value)

    return check


#: What counters may be kept for.
COUNTED_PER = ("rule", "account", "recipient", "session")

#: Every word of a rule but `where` and `what`, in the order in which a rule is best read.
CHECKS: Mapping[str, Callable[[object], Any]] = {
    # who
    "app_key": check_pattern,
    "mail_type": one_of([str(mail_type) for mail_type in MailType]),
    "port": check_port,
    "tls": check_truth,
    "ehlo": check_pattern,
    "sender": check_pattern,
    "to": check_pattern,
    "subject": check_pattern,
    "headers": check_headers,
    # when
    "nth": check_count,
    "times": check_count,
    "every": check_count,
    "after": check_number,
    "between": check_between,
    "probability": check_probability,
    "seed": check_seed,
    "per": one_of(COUNTED_PER),
    "over_rate": check_count,
    "over_recipients": check_count,
    "over_connections": check_count,
    "over_size": check_count,
    "after_bytes": check_number,
    # what
    "reply": check_reply,
    "close": check_truth,
    "seconds": check_positive,
    "bytes_per_second": check_positive,
    "certificate": one_of(FLAWS),
}
