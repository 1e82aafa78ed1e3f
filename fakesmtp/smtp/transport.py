"""A client's socket on the event loop: what a protocol needs of `asyncio.Transport`, and no more.

asyncio's own transport begins a connection with a task, a future and some turns of the loop, which
is a quarter of a session with one mail (benchmarks/README.md); this one begins at once.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakesmtp.smtp.readiness import Readiness

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


class SocketTransport(asyncio.Transport):
    """One accepted connection. All of it happens in the loop's thread."""

    __slots__ = (
        "_fd",
        "_flags",
        "_has_paused_writing",
        "_is_closing",
        "_is_handed_over",
        "_loop",
        "_paused",
        "_protocol",
        "_readiness",
        "_socket",
        "_unsent",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        readiness: Readiness,
        accepted: socket.socket,
        peername: tuple[str, int],
        protocol: asyncio.Protocol,
    ) -> None:
        super().__init__({"socket": accepted, "peername": peername})
        accepted.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self._loop = loop
        self._readiness = readiness
        self._socket = accepted
        self._fd = accepted.fileno()
        self._flags = 0
        self._unsent = _NOTHING
        self._is_closing = self._has_paused_writing = False
        # `SSLProtocol` of Python 3.10 asks for it by this name.
        self._paused = False
        #: An `asyncio.Protocol`, or an `asyncio.BufferedProtocol`.
        self._protocol: Any = protocol
        self._is_handed_over = False
        protocol.connection_made(self)
        self._listen()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what is read from now on to another protocol, which has asked for no pause."""
        self._protocol = protocol
        self._is_handed_over = True
        self._paused = self._has_paused_writing = False
        self._listen()

    def _listen(self) -> None:
        if self.is_reading():
            reads_into = isinstance(self._protocol, asyncio.BufferedProtocol)
            self._readiness.add(self._fd, self._read_into if reads_into else self._read)

    def is_closing(self) -> bool:
        """Whether it is closed, or will be when all is sent."""
        return self._is_closing

    # -- reading -------------------------------------------------------------------------------

    def is_reading(self) -> bool:
        """Whether bytes are taken when they come."""
        return not self._paused and not self._is_closing

    def pause_reading(self) -> None:
        """Leave with the system what comes, until `resume_reading`."""
        if not self._paused:
            self._paused = True
            self._readiness.remove(self._fd)

    def resume_reading(self) -> None:
        """Read on, if it was paused."""
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
        try:
            if data:
                self._protocol.data_received(data)
            else:
                self._read_end()
        except Exception as error:  # noqa: BLE001 - the protocol's, which is told of it
            self._fail(error)

    def _read_into(self) -> None:
        """Read as `SSLProtocol` wants it from Python 3.11 on: into a buffer of its own."""
        try:
            size = self._socket.recv_into(self._protocol.get_buffer(-1), _READ_SIZE)
        except _NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        try:
            if size:
                self._protocol.buffer_updated(size)
            else:
                self._read_end()
        except Exception as error:  # noqa: BLE001 - the protocol's, which is told of it
            self._fail(error)

    def _read_end(self) -> None:
        if self._protocol.eof_received():
            self.pause_reading()
        else:
            self.close()

    # -- writing -------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; what the system does not take now is sent when it does. Once closing, nothing."""
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
            self._loop.add_writer(self._fd, self._write_ready)
        self._unsent += bytes(data)
        self._control_writing()

    def _write_ready(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except _NOT_NOW:
            return
        except OSError as error:
            self._lose(error)
            return
        self._unsent = self._unsent[sent:]
        self._control_writing()
        if not self._unsent:
            self._loop.remove_writer(self._fd)
            if self._is_closing:
                self._lose(None)

    def _control_writing(self) -> None:
        """Ask the protocol to pause while much is unsent."""
        size = len(self._unsent)
        if size > _HIGH_WATER and not self._has_paused_writing:
            self._has_paused_writing = True
            self._protocol.pause_writing()
        elif size <= _LOW_WATER and self._has_paused_writing:
            self._has_paused_writing = False
            self._protocol.resume_writing()

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
            with suppress(OSError):  # it is closed by now
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        """Read no more, send what is unsent, then close."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._unsent:
            self._readiness.remove(self._fd)
        else:
            self._lose(None)

    def abort(self) -> None:
        """Close at once; what is unsent is lost."""
        self._lose(None)

    # `SSLProtocol` asks for it by this name.
    def _force_close(self, error: Exception | None) -> None:
        self._lose(error)

    def _fail(self, error: Exception) -> None:
        """Close, and let the loop tell of a bug in a protocol, as asyncio does."""
        message = "a protocol failed to take what was read"
        self._loop.call_exception_handler({"message": message, "exception": error})
        self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        """Close the socket and tell the protocol, asyncio's in the next turn, as it expects."""
        if self._socket.fileno() < 0:
            return
        self._is_closing = True
        self._readiness.remove(self._fd)
        if self._unsent:
            self._loop.remove_writer(self._fd)
        self._socket.close()
        if self._is_handed_over:
            self._loop.call_soon(self._protocol.connection_lost, error)
        else:
            self._protocol.connection_lost(error)
