"""Ends a session: by the server's decision, by the idle limit, or because the server stops."""

from __future__ import annotations

from asyncio import Task
from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.smtp.conversing import describe_unfinished
from fakesmtp.smtp.hold import Hold
from fakesmtp.smtp.idling import NEVER

if TYPE_CHECKING:
    import asyncio

    from fakesmtp.protocol.actions import Actions
    from fakesmtp.protocol.conversation import Conversation
    from fakesmtp.sessions.recorder import Recorder
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.services import Services, Terms
    from fakesmtp.smtp.stream import Stream


class Ending:
    """The part of a connection that ends it."""

    idle_at: float
    recorder: Recorder
    _services: Services
    _terms: Terms
    _listener: Listener
    _conversation: Conversation
    _stream: Stream | None
    _hold: Hold | None
    _pending: asyncio.TimerHandle | Task[None] | None
    #: Whether a message is being stored, and the end of the session that came meanwhile.
    _is_storing: bool
    _late_end: tuple[ClosedBy, str] | None

    def hang_up(self, closed_by: ClosedBy) -> None:
        """Close the connection when all replies are sent."""
        self._hold = Hold.CLOSING
        self._end(closed_by)

    def reset(self) -> None:
        """Send all replies, then reset the connection (RST)."""
        self._flush()
        self.hang_up(ClosedBy.SERVER)
        if self._stream is not None:
            self._stream.reset()

    def leave(self, quiet: float) -> None:
        """Close, because the server drains, where possible with the reply 421 (RFC 5321 §3.8).

        No-op inside a transaction, and if the client has sent a line in the last `quiet` seconds. A
        planned stall ends at once, because it may have no end.
        """
        last_line = self.idle_at - self._terms.policy.idle_timeout
        if self._hold is Hold.STALL:
            self.stop()
        elif last_line + quiet > monotonic():
            return
        elif self._hold is Hold.HANDSHAKE:
            self.stop()
        elif self._hold is None and self._conversation.is_idle:
            self._perform(self._terms.profile.shutting_down_actions)
            self.hang_up(ClosedBy.STOP)
            self._flush()

    def stop(self) -> None:
        """Close the connection, because the server stops."""
        self._end(ClosedBy.STOP)
        self._drop()

    def close_idle(self) -> None:
        """Close the connection without a reply, because the idle limit has passed."""
        self._end(ClosedBy.IDLE, self._unfinished())
        self._drop()

    def abort(self) -> None:
        """Close at once; discard unsent bytes, and wait for no store."""
        self._is_storing = False
        self._finish_late()
        if self._stream is not None:
            self._stream.abort()

    def _drop(self) -> None:
        self._flush()
        self._hold, self.idle_at = Hold.CLOSING, NEVER
        if self._stream is not None:
            self._stream.drop()

    def _end(self, closed_by: ClosedBy, detail: str = "") -> None:
        """End the session, once, after the outcome of a message that is being stored."""
        if self._is_storing:
            self._late_end = self._late_end or (closed_by, detail)
        elif self.recorder.session.end is None:
            if self._pending is not None:
                self._pending.cancel()  # only once: it may be cleaning up
            self.recorder.record_end(closed_by, detail)
            self._services.ended(self.recorder.session)

    def _finish_late(self) -> None:
        """Do what waited for the outcome of a message."""
        if self._late_end is not None:
            self._end(*self._late_end)
        self._leave_server()

    def _leave_server(self) -> None:
        """Leave the server's connections, which it waits for when it stops."""
        if self._stream is None and not self._is_storing:
            self._services.connections.discard(self)

    def _unfinished(self) -> str:
        """Describe what the client left unfinished, `""` if nothing."""
        if self._hold is Hold.HANDSHAKE and self._stream is not None:
            far = self._stream.describe_handshake(implicit_tls=self._listener.implicit_tls)
            return f"in the middle of the TLS handshake, {far}"
        if isinstance(self._pending, Task):
            return f"while {self._pending.get_name()} was running"
        return describe_unfinished(self._conversation)

    def _perform(self, actions: Actions) -> None:
        raise NotImplementedError

    def _flush(self) -> None:
        raise NotImplementedError
