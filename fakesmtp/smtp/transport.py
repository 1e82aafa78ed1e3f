"""A client's socket on the server's loop: reads, sends, and ends once.

It has of `asyncio.Transport` what our connections need and, for a TLS handshake, what asyncio's
`SSLProtocol` does. But it begins at once, where asyncio takes a task, a future and some turns.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fakesmtp.smtp.loop import Loop

#: Bytes of one read: for asyncio's 256 KiB the C library asks the system for memory each time.
_READ_SIZE = 64 * 1024
#: Bytes that wait to be sent: with the first the protocol is asked to pause, with the second it
#: may go on.
_HIGH_WATER, _LOW_WATER = 64 * 1024, 16 * 1024
_NOT_NOW = (BlockingIOError, InterruptedError)
_NOTHING = b""
#: What follows is held back for more to send (Linux).
_MORE: int = getattr(socket, "MSG_MORE", 0)
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Transport(Protocol):
    """What a connection needs of its transport, in clear or inside TLS."""

    def write(self, data: bytes, /) -> None:
        """Send, at once or as soon as the client takes more; nothing when it is closed."""

    def pause_reading(self) -> None:
        """Leave with the system what comes, until `resume_reading`."""

    def resume_reading(self) -> None:
        """Read on, if it was paused."""

    def close(self) -> None:
        """Read no more, send what is unsent, then close."""

    def abort(self) -> None:
        """Close at once; what is unsent is lost."""


class Receiver(Protocol):
    """Who is told what happens to a transport: as an `asyncio.Protocol` is."""

    def data_received(self, data: bytes, /) -> None:
        """Take what the client sent, in any cutting."""

    def eof_received(self) -> bool | None:
        """Know that no more comes; say whether to stay open nevertheless."""

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
        "_flags",
        "_has_paused_writing",
        "_is_closing",
        "_is_lent",
        "_loop",
        "_paused",
        "_readiness",
        "_receiver",
        "_socket",
        "_unsent",
    )

    def __init__(self, loop: Loop, accepted: socket.socket, receiver: Receiver) -> None:
        """Take the socket over. Nothing is read before `resume_reading`."""
        accepted.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self._loop = loop
        self._readiness = loop.readiness
        self._socket = accepted
        self._fd = accepted.fileno()
        self._flags = 0
        self._unsent = _NOTHING
        self._is_closing = self._has_paused_writing = False
        # `SSLProtocol` of Python 3.10 asks for it by this name.
        self._paused = True
        #: A `Receiver`; while it is lent, an `asyncio.BufferedProtocol`; at the end None.
        self._receiver: Any = receiver
        self._is_lent = False

    def set_protocol(self, protocol: object) -> None:
        """Lend it to asyncio's `SSLProtocol`, for the handshake; it has asked for no pause."""
        self._receiver, self._is_lent = protocol, True
        self._paused = self._has_paused_writing = False
        self._listen()

    def set_receiver(self, receiver: Receiver) -> None:
        """Hand what is read from now on to another receiver."""
        self._receiver, self._is_lent = receiver, False
        self._listen()

    def _listen(self) -> None:
        if self.is_reading():
            reads_into = hasattr(self._receiver, "get_buffer")
            self._readiness.add_reader(self._fd, self._read_into if reads_into else self._read)

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
        return not self._paused and not self._is_closing

    def pause_reading(self) -> None:
        """See `Transport`."""
        if not self._paused:
            self._paused = True
            self._readiness.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """See `Transport`."""
        if self._paused:
            self._paused = False
            self._listen()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_SIZE)
        except _NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._receiver.data_received(data)
        else:
            self._read_end()

    def _read_into(self) -> None:
        """Read as `SSLProtocol` wants it from Python 3.11 on: into a buffer of its own."""
        try:
            size = self._socket.recv_into(self._receiver.get_buffer(-1), _READ_SIZE)
        except _NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        if size:
            self._receiver.buffer_updated(size)
        else:
            self._read_end()

    def _read_end(self) -> None:
        if self._receiver.eof_received():
            self.pause_reading()
        else:
            self.close()

    # -- writing -------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See `Transport`."""
        if self._is_closing:
            return
        if not self._unsent:
            try:
                sent = self._socket.send(data, self._flags)
            except _NOT_NOW:
                sent = 0
            except OSError as error:
                self._lose(error)
                return
            self._flags = 0
            if sent == len(data):
                return
            data = data[sent:]
            self._readiness.add_writer(self._fd, self._write_on)
        self._unsent += bytes(data)
        self._control_writing()

    def _write_on(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except _NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        self._unsent = self._unsent[sent:]
        self._control_writing()
        if not self._unsent and self._socket.fileno() >= 0:
            self._readiness.remove_writer(self._fd)
            if self._is_closing:
                self._lose(None)

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
        """Have what is written next sent with what follows, the end or TLS's own, in one packet.

        Where the system can (Linux), and only for a client that has asked for the end: what another
        one sends meanwhile could make the system reset the connection, and drop what is held back.
        """
        self._flags = _MORE

    def acknowledge(self) -> None:
        """Tell the client's system at once that all has come, where ours can be told to (Linux).

        At the end of a TLS handshake, nothing that we send does so: a client with Nagle's algorithm
        on, such as smtplib, would hold its next command back until our delayed ACK, for 40 ms.
        """
        if _QUICK_ACK is not None:
            self.set_option(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        """See `Transport`."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._unsent:
            self._readiness.remove_reader(self._fd)
        else:
            self._lose(None)

    def abort(self) -> None:
        """See `Transport`."""
        self._lose(None)

    # `SSLProtocol` asks for it by this name.
    def _force_close(self, error: Exception | None) -> None:
        self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        """Close the socket and tell the receiver, asyncio's in the next turn, as it expects."""
        if self._socket.fileno() < 0:
            return
        self._is_closing = True
        self._readiness.remove_reader(self._fd)
        self._readiness.remove_writer(self._fd)
        self._socket.close()
        receiver, self._receiver = self._receiver, None
        if self._is_lent:
            self._loop.call_soon(receiver.connection_lost, error)
        else:
            receiver.connection_lost(error)
