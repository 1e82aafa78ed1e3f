"""`serve --faults`: the file of planned faults that a server obeys."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fakesmtp.cli.console import warn
from fakesmtp.faults.script import FaultScript

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def choose_faults(path: Path | None) -> FaultScript:
    """Give the script of a file, read again when it changes; without a file an empty one."""
    if path is None:
        return FaultScript()
    from fakesmtp.faults.watching import WatchedScript  # noqa: PLC0415 - lazily: few files are named

    return WatchedScript(path, changed=_tell, failed=warn)


def _tell(script: FaultScript) -> None:
    warn(f"the file of faults was read again: it has {len(script.rules)} rules")


@contextmanager
def heeding_hangup(script: FaultScript) -> Iterator[None]:
    """Let SIGHUP be a reason to look at the file at once, where there are both."""
    number, look = getattr(signal, "SIGHUP", None), getattr(script, "look", None)
    if number is None or look is None:
        yield
        return
    before = signal.signal(number, lambda *_: look())
    try:
        yield
    finally:
        signal.signal(number, before)
