"""Let no thread of a store be inside a database's library while the process forks.

SQLite has locks of its own. Those that another thread holds at the moment of a fork are held for
ever in the child, which then waits for them as soon as it opens a file.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds after which a fork, or work, no longer waits for the other.
_LONGEST = 5.0


class Gate:
    """Lets many threads work, or one thread fork."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._working = 0
        self._is_forking = False

    @contextmanager
    def working(self) -> Iterator[None]:
        """Begin no work during a fork, and let no fork begin before its end."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_forking, _LONGEST)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wait until nobody works, and keep the lock during the fork."""
        self._changed.acquire()
        self._is_forking = True
        self._changed.wait_for(lambda: not self._working, _LONGEST)

    def open(self) -> None:
        """Let work go on after the fork."""
        self._is_forking = False
        self._changed.notify_all()
        self._changed.release()

    def open_in_child(self) -> None:
        """Let work begin: whoever worked is in the parent."""
        self._working = 0
        self.open()


#: One for all stores: a library's locks are the process's.
gate = Gate()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=gate.close, after_in_parent=gate.open, after_in_child=gate.open_in_child
    )
