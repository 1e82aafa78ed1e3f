"""Making a rule of words, as Python, files and requests give them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesmtp.faults.rules import RULE_WORDS, Rule
from fakesmtp.faults.words import RuleError, suggest
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = ("fakesmtp", "pytest_fakesmtp", "contextlib")
#: What others call the words of a rule.
_OTHER_NAMES = {
    "recipient": "to",
    "recipients": "to",
    "rcpt_tos": "to",
    "from_": "sender",
    "mail_from": "sender",
    "count": "times",
}


def make_rule(words: Mapping[str, Any], *, origin: str = "") -> Rule:
    """Make a rule of words; raises `RuleError` that starts with `origin`."""
    prefix = f"{origin}: " if origin else ""
    unknown = next((word for word in words if word not in RULE_WORDS), None)
    if unknown is not None:
        other = _OTHER_NAMES.get(unknown)
        hint = f"did you mean {other!r}?" if other else suggest(unknown, RULE_WORDS)
        raise RuleError(f"{prefix}a fault has no word {quote(unknown)}; {hint}", unknown)
    if "where" not in words:
        raise RuleError(f"{prefix}a fault needs `where`", "where")
    try:
        return Rule(**words, origin=origin)
    except RuleError as error:
        raise RuleError(f"{prefix}{error}", error.word) from None


def locate_caller() -> str:
    """Say where the code outside of ours stands that makes a rule: `test_it.py:12`."""
    frame = sys._getframe(1)  # noqa: SLF001 - inspect.stack() reads the source of every frame
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _OURS:
            break
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
