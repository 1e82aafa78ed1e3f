"""Options of the marker, of the command line and of the configuration file.

What holds for a test, the first that says it wins:

1. the command line: `--fakesmtp-sessions`, `--fakesmtp-sessions-dir`
2. the marker `@pytest.mark.fakesmtp(…)`: the function's, then its class's, then its module's
3. the fixtures `fakesmtp_policy`, `fakesmtp_accounts` …, and the configuration file
4. the defaults of `FakeSMTP`
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pytest

from fakesmtp import ConfigurationError, Policy
from pytest_fakesmtp.faults import make_script

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Which tests' sessions are shown.
MODES = ("failed", "all", "none")


def marker_options() -> tuple[str, ...]:
    """Name the options that the marker has."""
    return ("accounts", "faults", "profile", "require_auth", *Policy.names())


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
        _reject(item, f"takes its options by name, not {marker.args[0]!r}")
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


def _reject(item: pytest.Item, what: str) -> None:
    raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.fakesmtp {what}")


def sessions_mode(config: pytest.Config) -> str:
    """Give which tests' sessions are shown; raises `pytest.UsageError`."""
    mode = config.getoption("fakesmtp_sessions") or config.getini("fakesmtp_sessions") or MODES[0]
    if mode not in MODES:
        message = f"fakesmtp_sessions cannot be {mode!r}: it is one of {', '.join(MODES)}"
        raise pytest.UsageError(message)
    return str(mode)


def sessions_folder(config: pytest.Config) -> Path | None:
    """Give where recordings are written, if anywhere."""
    given: str = config.getoption("fakesmtp_sessions_dir") or ""
    if given:
        return config.invocation_params.dir / given
    configured: str = config.getini("fakesmtp_sessions_dir") or ""
    return config.rootpath / configured if configured else None


def check_sessions_options(config: pytest.Config) -> None:
    """Raise `pytest.UsageError` if sessions cannot be shown or written as is asked for."""
    sessions_mode(config)
    folder = sessions_folder(config)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--fakesmtp-sessions-dir: cannot write to {folder}: {error.strerror}"
        raise pytest.UsageError(message) from error
