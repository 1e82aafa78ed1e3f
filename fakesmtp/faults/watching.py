"""A script that is a file, read again when the file has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp.faults.reading import read_file
from fakesmtp.faults.script import FaultScript

if TYPE_CHECKING:
    from collections.abc import Callable

_GONE = (0, 0, 0)


class WatchedScript(FaultScript):
    """The rules of a file.

    The file is looked at when a session begins, and when `look` is called: no timer runs, and a
    session never begins on older rules than were written before it. A file that has become wrong
    keeps the old rules in force. `changed` is told of the rules that were read, `failed` of why
    they were not, each in the thread that looked. Raises `ConfigurationError` for a file that is
    wrong from the start.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        changed: Callable[[FaultScript], object],
        failed: Callable[[str], object],
    ) -> None:
        self._path = Path(path)
        self._seen = self._stamp()
        self._changed = changed
        self._failed = failed
        super().__init__(read_file(self._path))

    def begin_session(self) -> None:
        """Look at the file."""
        self.look()

    def look(self) -> None:
        """Read the file again if it has changed."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self.replace(read_file(self._path))
        except Exception as error:  # noqa: BLE001 - no file may cost a client its connection
            self._failed(f"the faults stay as they were: {error}")
        else:
            self._changed(self)

    def _stamp(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return _GONE
        return status.st_mtime_ns, status.st_size, status.st_ino
