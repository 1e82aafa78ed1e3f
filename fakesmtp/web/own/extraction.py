"""Codes in a message, by a pattern that a client sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from fakesmtp.errors import ConfigurationError
from fakesmtp.text import quote

if TYPE_CHECKING:
    from fakesmtp.messages import ReceivedMessage

#: Characters of a pattern, codes that are returned, and seconds that a search may take.
LONGEST = 500
_MOST = 100
_PATIENCE = 1.0
_EXAMPLE = r"example: \d{6}"


def find_codes(message: ReceivedMessage, pattern: str) -> list[str]:
    r"""Return the matches of a pattern in the text, else in the text of the HTML: `\d{6}`.

    If the pattern has groups, the first group of each. Raises `ConfigurationError` for a pattern
    that is invalid or takes too long.
    """
    compiled = _compile(pattern)
    try:
        found = (_search(compiled, text) for text in (message.text, message.html_text) if text)
        return next(filter(None, found), [])
    except TimeoutError:
        raise ConfigurationError(
            f"code must be a simple pattern: {quote(pattern)} took more than {_PATIENCE:g} s "
            f"({_EXAMPLE})"
        ) from None


def _compile(pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise ConfigurationError(
            f"code must be a regular expression, not {quote(pattern)}: {error} ({_EXAMPLE})"
        ) from None


def _search(pattern: regex.Pattern[str], text: str) -> list[str]:
    codes: dict[str, None] = {}
    # `concurrent` lets other threads run meanwhile.
    for match in pattern.finditer(text, timeout=_PATIENCE, concurrent=True):
        code = match[1] if pattern.groups and match[1] is not None else match[0]
        if code:
            codes[code] = None
        if len(codes) == _MOST:
            break
    return list(codes)
