"""The changes that wait to be written: prepared in a thread, in the order in which they come.

Preparing a message takes Python's time, writing it mostly SQLite's and the disk's. So the next
changes are prepared while the last ones are written.
"""

from __future__ import annotations

import logging
from collections import deque
from queue import SimpleQueue
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp.storage.sql.changes import Change
    from fakesmtp.storage.sql.dialect import Dialect

log = logging.getLogger("fakesmtp")

#: Changes and bytes that one transaction takes.
_MOST_AT_ONCE = 500
_MOST_BYTES = 32 * 1024 * 1024
#: Bytes and changes that may wait; beyond that, clients are not read from.
_FULL_BYTES = 64 * 1024 * 1024
_FULL_CHANGES = 10_000


class Queue:
    """Changes that were submitted and not taken yet."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._changed = Condition()
        self._submitted: SimpleQueue[Change | None] = SimpleQueue()
        self._prepared: deque[Change] = deque()
        self._count = self._bytes = 0
        self._is_closed = False
        self._is_prepared = False
        self._thread = Thread(target=self._run, name="fakesmtp-prepare", daemon=True)
        self._thread.start()

    def submit(self, change: Change) -> bool:
        """Add a change; return False, and take nothing, when the queue is closed."""
        with self._changed:
            if not self._is_closed:
                self._count += 1
                self._bytes += change.size
                self._submitted.put(change)
            return not self._is_closed

    @property
    def is_over(self) -> bool:
        """Whether it is closed, and everything was taken."""
        return self._is_prepared and not self._prepared

    @property
    def accepts_more(self) -> bool:
        """Whether more may be submitted now."""
        return self._bytes < _FULL_BYTES and self._count < _FULL_CHANGES

    def take(self, seconds: float) -> list[Change]:
        """Return the changes of one transaction; wait up to `seconds` for the first."""
        group: list[Change] = []
        size = 0
        with self._changed:
            self._changed.wait_for(lambda: self._prepared or self.is_over, seconds)
            while self._prepared and len(group) < _MOST_AT_ONCE and size < _MOST_BYTES:
                group.append(self._prepared.popleft())
                size += group[-1].size
            self._forget(len(group), size)
        return group

    def close(self) -> None:
        """Take no more changes; those that were submitted are prepared. Idempotent."""
        with self._changed:
            if not self._is_closed:
                self._is_closed = True
                self._submitted.put(None)

    def leave_to_parent(self) -> None:
        """Take nothing more, in a forked child: the threads are in the parent."""
        self._changed = Condition()  # the parent's may have been held
        self._is_closed = True

    def _run(self) -> None:
        while (change := self._submitted.get()) is not None:
            is_right = _prepare(change, self._dialect)
            with self._changed:
                if is_right:
                    self._prepared.append(change)
                    self._changed.notify()
                else:
                    self._forget(1, change.size)
        with self._changed:
            self._is_prepared = True
            self._changed.notify()

    def _forget(self, count: int, size: int) -> None:
        self._count -= count
        self._bytes -= size


def _prepare(change: Change, dialect: Dialect) -> bool:
    """Prepare a change; return whether it can be written."""
    try:
        change.prepare(dialect)
    except Exception as error:
        log.exception("a bug in fakesmtp: a change could not be prepared")
        change.ticket.set_exception(error)
        return False
    return True
