"""Replies are sent together, at the end of a round of the loop.

To wake a client costs the system about as much as all else about a reply. The first reply of a
round wakes the clients' process; the others, sent right after it, find it awake. With ten clients
that saves a tenth of the server's time; one client alone waits 2 us longer for each reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio


class HasReplies(Protocol):
    """A connection that has replies to send."""

    def send_replies(self) -> None:
        """Send them; does not raise."""


class Outbox:
    """The connections of one server that have replies to send, in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[HasReplies] = []

    def add(self, connection: HasReplies) -> None:
        """Have the connection send its replies when all that has arrived by now is read."""
        if not self._waiting:
            self._loop.call_soon(self._run)
        self._waiting.append(connection)

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.send_replies()
