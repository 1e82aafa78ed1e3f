"""A script of the rules in a file, which is read again when it has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp.faults.loading import read_file
from fakesmtp.faults.script import FaultScript

if TYPE_CHECKING:
    from collections.abc import Callable

_GONE = (0, 0, 0)


class WatchedScript(FaultScript):
    """The rules of a file.

    The file is checked when a session begins and when `look` is called. There is no timer, and a
    session never begins with rules that are older than the file. If the file becomes invalid, the
    old rules stay in force. `changed` is called with the script after the rules were read, `failed`
    with the reason if they could not be, each in the thread that checked. Raises
    `ConfigurationError` if the file is invalid at the start.
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

    def _begin_session(self) -> None:
        """Read the file again if it has changed."""
        self.look()

    def look(self) -> None:
        """Read the file again if it has changed."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self.replace(read_file(self._path))
        except Exception as error:  # noqa: BLE001 - no file may break a connection
            self._failed(f"the faults stay as they were: {error}")
        else:
            self._changed(self)

    def _stamp(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return _GONE
        return status.st_mtime_ns, status.st_size, status.st_ino
