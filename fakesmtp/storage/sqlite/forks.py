"""Keep threads out of SQLite while the process forks.

SQLite has locks of its own. Those that another thread holds at the moment of a fork are held for
ever in the child, which then waits for them as soon as it opens a file.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Condition, local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds after which a fork, or work, no longer waits for the other.
_LONGEST = 5.0


class _Own(local):
    """What a thread has begun and not ended."""

    depth = 0


class Gate:
    """Lets many threads work, or one thread fork. A thread that works may fork, too."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._working = self._forking = 0
        self._own = _Own()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Begin no work during a fork, and let no fork begin before its end. Reentrant."""
        with self._changed:
            if not self._own.depth:
                self._changed.wait_for(lambda: not self._forking, _LONGEST)
            self._working += 1
        self._own.depth += 1
        try:
            yield
        finally:
            self._own.depth -= 1
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wait until no other thread works, and keep the lock during the fork."""
        self._changed.acquire()
        self._forking += 1
        self._changed.wait_for(lambda: self._working == self._own.depth, _LONGEST)

    def open(self) -> None:
        """Let work go on after the fork."""
        self._forking -= 1
        self._changed.notify_all()
        self._changed.release()

    def open_in_child(self) -> None:
        """Let work go on: the other threads are in the parent."""
        self._working, self._forking = self._own.depth, 1
        self.open()


#: One for all files: the locks are the library's.
gate = Gate()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=gate.close, after_in_parent=gate.open, after_in_child=gate.open_in_child
    )
