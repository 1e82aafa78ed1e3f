"""Options of the marker `@pytest.mark.fakesmtp(…)`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pytest

from fakesmtp import ConfigurationError, Policy
from pytest_fakesmtp.faults import make_script

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Characters; a piece of a SecretKey that is shorter does not give it away.
_SHORT = 8


def marker_options() -> tuple[str, ...]:
    """Name the options that the marker has."""
    return ("accounts", "faults", "handler", "profile", "require_auth", *Policy.names())


def read_markers(item: pytest.Item) -> dict[str, Any]:
    """Give the options of a test's markers, the nearest one's first of all.

    Raises `pytest.UsageError` for an option that there is not, or a value that cannot be.
    """
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("fakesmtp"))):
        options.update(_read_marker(item, marker))
    return options


def check_markers(items: Iterable[pytest.Item]) -> None:
    """Raise `pytest.UsageError` before any test has run, if a marker is wrong."""
    for item in items:
        read_markers(item)


def _read_marker(item: pytest.Item, marker: pytest.Mark) -> dict[str, Any]:
    known, options = marker_options(), dict(marker.kwargs)
    unknown = next((name for name in options if name not in known), None)
    if marker.args:
        _reject(item, f"takes its options by name, not {_show(marker.args[0])}")
    if unknown:
        near = get_close_matches(unknown, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        _reject(item, f"has no option {unknown!r}{hint} Known are: {', '.join(known)}")
    if "require_auth" in options:
        # Under its full name, so that a nearer marker can win over it.
        options["auth_required_at"] = "rcpt" if options.pop("require_auth") else "never"
    try:
        Policy(**{name: value for name, value in options.items() if name in Policy.names()})
        if "faults" in options:
            options["faults"] = make_script(options["faults"], item.path.parent)
    except ConfigurationError as error:
        _reject(item, f"cannot be: {error}")
    return options


def _show(value: object) -> str:
    """Show a short text; of anything else only the type, because it may hold a SecretKey."""
    is_short = isinstance(value, str) and len(value) < _SHORT
    return repr(value) if is_short else f"a value of type {type(value).__name__}"


def _reject(item: pytest.Item, what: str) -> None:
    raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.fakesmtp {what}")
