"""What other threads hand over to the loop: many calls, one wake-up."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Handover:
    """Calls functions in the loop's thread, in the order in which they were put.

    A store makes a group of messages durable at once: their connections go on together.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: deque[Callable[[], None]] = deque()
        self._is_woken = False
        #: Whether clients are not read from, because the store has no room.
        self.is_full = False

    def put(self, call: Callable[[], None]) -> None:
        """Have a function called soon, from any thread; never when the loop is closed."""
        self._calls.append(call)
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._work)

    def _work(self) -> None:
        # First: what is put from now on may come too late for this round.
        self._is_woken = False
        while self._calls:
            self._calls.popleft()()
