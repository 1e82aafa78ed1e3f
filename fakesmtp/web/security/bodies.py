"""Limits of a request's body: its size, and the time it takes."""

from __future__ import annotations

from asyncio import timeout
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from fakesmtp.web.paths import SEND

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Maximum size of a body (bytes): of a message that is sent over HTTP, and of any other.
MOST_SENT = 64 * 1024 * 1024
MOST = 5 * 1024 * 1024
#: Maximum time until a body is complete (seconds).
PATIENCE = 30.0


class BodyLimit:
    """Refuse bodies that are too large (413) or too slow (408), while they arrive."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            receive = _Body(receive, MOST_SENT if scope["path"] == SEND else MOST).receive
        await self._app(scope, receive, send)


class _Body:
    """The body of one request."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0
        self._is_complete = False

    async def receive(self) -> Message:
        """Return the next part of the body; raises `HTTPException`."""
        if self._is_complete:  # what follows is the end of the connection, at any time
            return await self._receive()
        message = await self._receive_in_time()
        self._size += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._size > self._most:
            raise HTTPException(413, f"the body is larger than {self._most} bytes")
        return message

    async def _receive_in_time(self) -> Message:
        try:
            async with timeout(PATIENCE):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"no more of the body came in {PATIENCE:g} s") from None
