"""The changes that wait to be written: prepared in a thread, in the order in which they come.

Preparing a message takes Python's time, writing it mostly SQLite's and the disk's. So the next
changes are prepared while the last ones are written.

Clients that waited for one transaction send their next messages at about the same time. So the
thread waits a moment for as many changes as it had the last time: a large transaction takes less
time than many small ones.
"""

from __future__ import annotations

import logging
from collections import deque
from threading import Condition, Lock, Thread
from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.storage.sql.changes import Change
    from fakesmtp.storage.sql.dialect import Dialect

log = logging.getLogger("fakesmtp")

#: Changes and bytes that are prepared at once, or written in one transaction.
_MOST_AT_ONCE = 500
_MOST_BYTES = 32 * 1024 * 1024
#: Seconds to wait for as many changes as there were the last time.
_GATHERING = 0.002
#: Seconds after which what is prepared is given to the writer.
_HANDING = 0.005
#: Bytes and changes that may wait; beyond that, clients are not read from.
_FULL_BYTES = 64 * 1024 * 1024
_FULL_CHANGES = 10_000


class Queue:
    """Changes that were submitted and not taken yet."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._submitted: deque[Change] = deque()
        self._prepared: deque[Change] = deque()
        self._count = self._bytes = 0
        self._is_closed = self._is_prepared = False
        #: How many changes came the last time, and how many must be there to wake the thread.
        self._expected = self._wanted = 1
        self._make_locks()
        self._thread = Thread(target=self._run, name="fakesmtp-prepare", daemon=True)
        self._thread.start()

    def _make_locks(self) -> None:
        self._lock = Lock()
        self._has_submitted, self._has_prepared = Condition(self._lock), Condition(self._lock)

    # -- for the store and its writer ----------------------------------------------------------

    def submit(self, change: Change) -> bool:
        """Add a change; return False, and take nothing, when the queue is closed."""
        with self._lock:
            if not self._is_closed:
                self._count += 1
                self._bytes += change.size
                self._submitted.append(change)
                if len(self._submitted) >= self._wanted:
                    self._has_submitted.notify()
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
        with self._lock:
            self._has_prepared.wait_for(lambda: self._prepared or self.is_over, seconds)
            group = _take_from(self._prepared)
            self._forget(group)
        return group

    def close(self) -> None:
        """Take no more changes; those that were submitted are prepared. Idempotent."""
        with self._lock:
            self._is_closed = True
            self._has_submitted.notify()

    def leave_to_parent(self) -> None:
        """Take nothing more, in a forked child: the threads are in the parent."""
        self._make_locks()  # the parent's may have been held
        self._is_closed = True

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while group := self._gather():
            for prepared in self._prepare(group):
                with self._lock:
                    self._prepared.extend(prepared)
                    self._has_prepared.notify()
        with self._lock:
            self._is_prepared = True
            self._has_prepared.notify()

    def _prepare(self, group: list[Change]) -> Iterator[list[Change]]:
        """Prepare changes; yield those that are ready, so that none waits long for a large one."""
        ready: list[Change] = []
        begun = monotonic()
        for change in group:
            if _try_to_prepare(change, self._dialect):
                ready.append(change)
            else:
                with self._lock:
                    self._forget([change])
            if monotonic() - begun > _HANDING:
                yield ready
                ready, begun = [], monotonic()
        yield ready

    def _gather(self) -> list[Change]:
        """Wait for changes, and a moment for as many as the last time; none at the end."""
        with self._lock:
            self._wait_for(1, None)
            self._wait_for(self._expected, _GATHERING)
            group = _take_from(self._submitted)
            self._expected = len(group)
        return group

    def _wait_for(self, count: int, seconds: float | None) -> None:
        self._wanted = count
        self._has_submitted.wait_for(
            lambda: len(self._submitted) >= count or self._is_closed, seconds
        )

    def _forget(self, group: list[Change]) -> None:
        self._count -= len(group)
        self._bytes -= sum(change.size for change in group)


def _take_from(changes: deque[Change]) -> list[Change]:
    """Remove and return as many changes as are handled at once."""
    group: list[Change] = []
    size = 0
    while changes and len(group) < _MOST_AT_ONCE and size < _MOST_BYTES:
        group.append(changes.popleft())
        size += group[-1].size
    return group


def _try_to_prepare(change: Change, dialect: Dialect) -> bool:
    """Prepare a change; return whether it can be written."""
    try:
        change.prepare(dialect)
    except Exception as error:
        log.exception("a bug in fakesmtp: a change could not be prepared")
        change.ticket.set_exception(error)
        return False
    return True
