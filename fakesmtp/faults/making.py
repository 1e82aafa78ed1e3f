"""Making rules of options, as Python, files and requests give them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesmtp.faults.rules import Rule
from fakesmtp.faults.values import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = ("fakesmtp", "pytest_fakesmtp", "contextlib")


def make_rule(options: Mapping[str, Any], *, origin: str = "") -> Rule:
    """Return the rule of these options, `where` and `what` included.

    Raises `RuleError`, whose message starts with `origin`.
    """
    prefix = f"{origin}: " if origin else ""
    if "where" not in options:
        raise RuleError(f"{prefix}a fault needs the option where, the stage", "where")
    try:
        return Rule(**{**options, "origin": origin})
    except RuleError as error:
        raise RuleError(f"{prefix}{error}", error.option) from None


def locate_caller() -> str:
    """Return the file and line of the first caller that is not our own code: `test_it.py:12`."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _OURS:
            break
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
