"""Idle time: closes the connections that have been silent for too long.

One timer for all connections of a server, set for the one that is due first. It is late by nothing
and costs a connection nothing but a comparison: where each has a timer of its own, a load test
leaves thousands behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fakesmtp.clock import monotonic

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable


#: When that is idle what waits on purpose.
NEVER = float("inf")


class MayBeIdle(Protocol):
    """What can be silent for too long."""

    #: When that would be so, by `clock.monotonic`; it moves with everything that is heard.
    idle_at: float

    def close_idle(self) -> None:
        """Close it, as it has been silent for too long."""


class IdleWatch:
    """Watches `connections`, in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: Iterable[MayBeIdle]) -> None:
        self._loop = loop
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None
        self._due = NEVER

    def watch(self, connection: MayBeIdle) -> None:
        """Watch one more of the connections."""
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
