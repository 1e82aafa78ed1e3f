"""Fairness: connections that sent much at once are served in turns, a little each.

Without it, 64 KiB of short lines from one client are obeyed in one go, and everybody else waits.
The turns of all such connections together are bounded, so that a client that sends one line at a
time hardly notices how many others flood the server.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

#: Turns in one round of the loop, whoever has them.
_TURNS_A_ROUND = 8


class Busy(Protocol):
    """A connection that has more to do than it may do at once."""

    def take_turn(self) -> bool:
        """Do a little; return whether there is more to do."""


class Backlog:
    """The busy connections of one server, in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._busy: deque[Busy] = deque()

    def add(self, connection: Busy) -> None:
        """Give the connection turns until it has nothing left to do."""
        self._busy.append(connection)
        if len(self._busy) == 1:
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        for _ in range(min(_TURNS_A_ROUND, len(self._busy))):
            # It stays the first while it has its turn: `add` must know that a round is under way.
            if self._busy[0].take_turn():
                self._busy.rotate(-1)
            else:
                self._busy.popleft()
        if self._busy:
            self._loop.call_soon(self._run)
