"""Options of the command line and of the configuration file; `markers.py` has the marker's.

Precedence, highest first:

1. the command line: `--fakesmtp-sessions`, `--fakesmtp-sessions-dir`
2. the marker `@pytest.mark.fakesmtp(…)`: the function's, then its class's, then its module's
3. the fixture `fakesmtp_options`, and the configuration file
4. the defaults of `FakeSMTP`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from fakesmtp.findings.demand import Demand

#: Which tests' sessions are shown.
MODES = ("failed", "all", "none")


def sessions_mode(config: pytest.Config) -> str:
    """Return which tests' sessions are shown: one of `MODES`. Raises `pytest.UsageError`."""
    mode = config.getoption("fakesmtp_sessions") or config.getini("fakesmtp_sessions") or MODES[0]
    if mode not in MODES:
        message = f"fakesmtp_sessions must be one of {', '.join(MODES)}, not {mode!r}"
        raise pytest.UsageError(message)
    return str(mode)


def sessions_folder(config: pytest.Config) -> Path | None:
    """Return the folder that sessions are written to, None if none is set."""
    given: str = config.getoption("fakesmtp_sessions_dir") or ""
    if given:
        return config.invocation_params.dir / given
    configured: str = config.getini("fakesmtp_sessions_dir") or ""
    return config.rootpath / configured if configured else None


def findings_demand(config: pytest.Config) -> Demand | None:
    """Return what the configuration file demands of findings; raises `pytest.UsageError`."""
    text = config.getini("fakesmtp_findings")
    if not text:
        return None
    from fakesmtp import ConfigurationError  # noqa: PLC0415 - few runs demand anything
    from fakesmtp.findings.demand import read_demand  # noqa: PLC0415

    try:
        return read_demand(text)
    except ConfigurationError as error:
        raise pytest.UsageError(f"fakesmtp_findings: {error}") from error


def check_sessions_options(config: pytest.Config) -> None:
    """Raise `pytest.UsageError` for a wrong mode or a folder that cannot be written."""
    sessions_mode(config)
    folder = sessions_folder(config)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--fakesmtp-sessions-dir: cannot write to {folder}: {error.strerror}"
        raise pytest.UsageError(message) from error
