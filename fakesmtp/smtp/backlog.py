"""Fairness: connections that sent much at once take short turns.

Without turns, the server processes 64 KiB of short lines from one client at once, while the other
clients wait. The turns of all such connections together are limited. So a client that sends one
line at a time is hardly slower when many others flood the server.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

#: Turns in one iteration of the loop, of all connections together.
_TURNS_A_ROUND = 8


class Busy(Protocol):
    """A connection that has received more than it may process at once."""

    def take_turn(self) -> bool:
        """Process a little; return whether there is more to process."""


class Backlog:
    """The busy connections of one server, in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._busy: deque[Busy] = deque()

    def add(self, connection: Busy) -> None:
        """Give the connection turns until it has processed everything."""
        self._busy.append(connection)
        if len(self._busy) == 1:
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        for _ in range(min(_TURNS_A_ROUND, len(self._busy))):
            # It stays first during its turn, so that `add` does not schedule a second call.
            if self._busy[0].take_turn():
                self._busy.rotate(-1)
            else:
                self._busy.popleft()
        if self._busy:
            self._loop.call_soon(self._run)
