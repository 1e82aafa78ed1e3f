"""Calls that other threads pass to the loop: many calls, one wake-up."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Handover:
    """Calls functions in the loop's thread, in the order of `put`.

    A store makes a group of messages durable at once, so their connections continue together.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: deque[Callable[[], None]] = deque()
        self._is_woken = False
        #: Whether reading from clients is paused because the store accepts no more.
        self.is_full = False

    def put(self, call: Callable[[], None]) -> None:
        """Schedule `call` in the loop's thread. Thread-safe; no-op if the loop is closed."""
        self._calls.append(call)
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._work)

    def _work(self) -> None:
        # First, because a call that is put during the last one needs another wake-up.
        self._is_woken = False
        while self._calls:
            self._calls.popleft()()
