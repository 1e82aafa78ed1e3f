"""Idle time: closes connections whose idle limit has passed.

All connections of a server share one timer, set for the connection that is due first. The timer is
exact and costs each connection one comparison. With one timer for each connection, a load test
leaves thousands of cancelled timers in the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fakesmtp.clock import monotonic

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable


#: The `idle_at` of a connection that waits on purpose.
NEVER = float("inf")


class MayBeIdle(Protocol):
    """A connection with an idle limit."""

    #: When the idle limit passes, in seconds of `clock.monotonic`; activity moves it.
    idle_at: float

    def close_idle(self) -> None:
        """Close the connection, because its idle limit has passed."""


class IdleWatch:
    """Watches `connections`, in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: Iterable[MayBeIdle]) -> None:
        self._loop = loop
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None
        self._due = NEVER

    def watch(self, connection: MayBeIdle) -> None:
        """Watch one more connection."""
        if connection.idle_at < self._due:
            self._look_at(connection.idle_at)

    def _look_at(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_later(due - monotonic(), self._look)

    def _look(self) -> None:
        self._timer, self._due = None, NEVER
        now = monotonic()
        for connection in [each for each in self._connections if each.idle_at <= now]:
            connection.close_idle()
        due = min((each.idle_at for each in self._connections), default=NEVER)
        if due < NEVER:
            self._look_at(due)
