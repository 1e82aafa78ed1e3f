"""How much one server has received since it was made."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic
from fakesmtp.storage.updates import GONE

if TYPE_CHECKING:
    from fakesmtp.sessions import Session
    from fakesmtp.storage.updates import Update


class Counts:
    """Numbers of messages and sessions since the start. Thread-safe."""

    def __init__(self) -> None:
        #: Messages that were accepted, and their bytes.
        self.accepted = self.accepted_bytes = 0
        #: Ended sessions that were refused something and brought no message.
        self.refused = 0
        #: Messages that were deleted, or removed by a limit.
        self.removed = 0
        self._started = monotonic()
        self._lock = Lock()

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return monotonic() - self._started

    def add_message(self, size: int) -> None:
        """Count an accepted message of so many bytes."""
        with self._lock:
            self.accepted += 1
            self.accepted_bytes += size

    def add_session(self, session: Session) -> None:
        """Count a session that has ended."""
        if session.refused and not session.message_count:
            with self._lock:
                self.refused += 1

    def add_update(self, update: Update) -> None:
        """Count the messages that a change of the store removed."""
        if update.kind in GONE:
            with self._lock:
                self.removed += len(update.ids)
