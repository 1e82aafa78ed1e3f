"""A client's socket on the server's loop: reads, sends, and ends once.

In clear; `tls_transport.py` has the same inside TLS.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.smtp.readiness import Readiness

#: Bytes that wait to be sent: with the first the protocol is asked to pause, with the second it
#: may go on.
_HIGH_WATER, _LOW_WATER = 64 * 1024, 16 * 1024
_NOTHING = b""
_CORK: int | None = getattr(socket, "TCP_CORK", None)


class Receiver(Protocol):
    """Who is told what happens to a transport."""

    def data_received(self, data: bytes, /) -> None:
        """Take what the client sent, in any cutting."""

    def pause_writing(self) -> None:
        """Know that much is unsent."""

    def resume_writing(self) -> None:
        """Know that most of it is sent."""

    def connection_lost(self, error: Exception | None, /) -> None:
        """Know that it has ended, and by which error if one ended it."""


class SocketTransport:
    """One accepted connection. All of it happens in the loop's thread."""

    __slots__ = (
        "_fd",
        "_has_paused_writing",
        "_is_closing",
        "_is_paused",
        "_readiness",
        "_receiver",
        "_socket",
        "_unsent",
        "_when_sent",
    )
    #: Bytes of one read: for much more the C library asks the system for memory each time.
    _READ_SIZE: ClassVar = 64 * 1024
    #: How the socket says that it would have to wait.
    _NOT_NOW: ClassVar[tuple[type[OSError], ...]] = (BlockingIOError, InterruptedError)

    def __init__(self, readiness: Readiness, accepted: socket.socket, receiver: Receiver) -> None:
        """Take the socket over. Nothing is read before `resume_reading`."""
        accepted.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self._readiness = readiness
        self._socket = accepted
        self._fd = accepted.fileno()
        self._receiver = receiver
        self._unsent = _NOTHING
        self._when_sent: Callable[[], object] | None = None
        self._is_closing = self._has_paused_writing = False
        self._is_paused = True

    def is_closing(self) -> bool:
        """Whether it is closed, or will be when all is sent."""
        return self._is_closing

    def set_option(self, level: int, option: int, value: int | bytes) -> None:
        """Set an option of the socket; nothing when it is closed."""
        with suppress(OSError):
            self._socket.setsockopt(level, option, value)

    # -- reading -------------------------------------------------------------------------------

    def is_reading(self) -> bool:
        """Whether bytes are taken when they come."""
        return not self._is_paused and not self._is_closing

    def pause_reading(self) -> None:
        """Leave with the system what comes, until `resume_reading`."""
        if not self._is_paused:
            self._is_paused = True
            self._readiness.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Read on, if it was paused."""
        if self._is_paused and not self._is_closing:
            self._is_paused = False
            self._readiness.add_reader(self._fd, self._read)

    def _read(self) -> None:
        try:
            data = self._socket.recv(self._READ_SIZE)
        except self._NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._receiver.data_received(data)
        else:
            self.close()

    # -- writing -------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send, at once or as soon as the client takes more; nothing when it is closed."""
        if self._is_closing:
            return
        if not self._unsent:
            try:
                sent = self._socket.send(data)
            except self._NOT_NOW:
                sent = 0
            except OSError as error:
                self._lose(error)
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._readiness.add_writer(self._fd, self._write_on)
        self._unsent += data
        self._control_writing()

    def _write_on(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except self._NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        self._unsent = self._unsent[sent:]
        self._control_writing()
        if not self._unsent and self._socket.fileno() >= 0:
            self._readiness.remove_writer(self._fd)
            self._all_is_sent()

    def _all_is_sent(self) -> None:
        if self._is_closing:
            self._end()
        elif self._when_sent is not None:
            call, self._when_sent = self._when_sent, None
            call()

    def when_sent(self, callback: Callable[[], object]) -> None:
        """Call back when nothing is unsent, at once if that is so; never when it ends before."""
        self._when_sent = callback
        if not self._unsent:
            self._all_is_sent()

    def _control_writing(self) -> None:
        """Ask the receiver to pause while much is unsent."""
        size = len(self._unsent)
        if size > _HIGH_WATER and not self._has_paused_writing:
            self._has_paused_writing = True
            self._receiver.pause_writing()
        elif size <= _LOW_WATER and self._has_paused_writing:
            self._has_paused_writing = False
            self._receiver.resume_writing()

    def cork(self) -> None:
        """Have what is written next sent with the end, and TLS's own, in one packet.

        Where the system can (Linux), and only for a client that has asked for the end: what another
        one sends meanwhile could make the system reset the connection, and drop what is held back.
        """
        if _CORK is not None:
            self.set_option(socket.IPPROTO_TCP, _CORK, 1)

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        """Read no more, send what is unsent, then close."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._unsent:
            self._readiness.remove_reader(self._fd)
        else:
            self._end()

    def abort(self) -> None:
        """Close at once; what is unsent is lost."""
        self._lose(None)

    def _end(self) -> None:
        self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        """Close the socket and tell the receiver, once."""
        if self._socket.fileno() < 0:
            return
        self._is_closing = True
        self._readiness.remove_reader(self._fd)
        self._readiness.remove_writer(self._fd)
        self._socket.close()
        self._receiver.connection_lost(error)
