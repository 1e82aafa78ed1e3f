"""Planned faults of one test by the marker's option `faults`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fakesmtp import ConfigurationError, FaultScript


def make_script(faults: object, folder: Path) -> FaultScript:
    """Return the script of the marker's option: a file beside the test, or a list of rules.

    Raises `ConfigurationError`.
    """
    script = FaultScript()
    if isinstance(faults, str | Path):
        script.load(folder / faults)
    elif isinstance(faults, Iterable):
        script.read({"fault": list(faults)})
    else:
        raise ConfigurationError(f"faults must be a file or a list of rules, not {faults!r}")
    return script
