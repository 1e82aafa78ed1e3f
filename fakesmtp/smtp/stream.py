"""The bytes of one connection: plaintext for the session, plaintext or TLS on the network."""

from __future__ import annotations

import socket
from contextlib import suppress
from struct import pack
from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic
from fakesmtp.sessions.causes import describe_handshake

if TYPE_CHECKING:
    import asyncio
    import ssl

    from fakesmtp.smtp.tls_layer import TlsLayer

#: On, and no time to send what is left: closing the socket resets the connection.
_NO_LINGER = pack("ii", 1, 0)
#: Linux: acknowledge at once what has arrived.
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Stream:
    """Reads and writes through the transport, with a `TlsLayer` between once TLS has begun.

    `accepted` is the transport's socket. All methods do nothing when the connection is over.
    """

    __slots__ = ("_began", "_socket", "_transport", "is_peer_closed", "tls")

    def __init__(self, transport: asyncio.Transport, accepted: socket.socket) -> None:
        self._transport = transport
        self._socket = accepted
        self.tls: TlsLayer | None = None
        #: Whether the client has ended TLS in order: nothing more comes.
        self.is_peer_closed = False
        self._began = 0.0

    # -- reading -----------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """Leave what arrives with the system."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # -- writing -----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes of the session."""
        if self.tls is not None:
            self.tls.send(data)
            self.send_tls_output()
        elif not self._transport.is_closing():
            self._transport.write(data)

    def decrypt(self, data: bytes) -> bytes:
        """Return the plaintext of what arrived, once TLS has begun; send what TLS has to send."""
        if self.tls is None:
            return data
        plaintext = self.tls.receive(data)
        self.is_peer_closed = self.tls.is_peer_closed
        self.send_tls_output()
        return plaintext

    def send_tls_output(self) -> None:
        """Send what TLS itself has to send: handshake messages, alerts."""
        output = self.tls.take_output() if self.tls is not None else b""
        if output and not self._transport.is_closing():
            self._transport.write(output)

    # -- TLS ---------------------------------------------------------------------------------------

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Take what arrives from now on as TLS."""
        # With the first TLS session: `ssl` takes long to load.
        from fakesmtp.smtp.tls_layer import TlsLayer  # noqa: PLC0415

        self.tls = TlsLayer(context)
        self._began = monotonic()

    def finish_handshake(self) -> float:
        """Return how many seconds the handshake took.

        Nothing that we send says that the client's last message has arrived. A client with Nagle's
        algorithm on, such as smtplib, would hold its next command back for 40 ms, so it is
        acknowledged at once.
        """
        if _QUICK_ACK is not None:
            self._set_option(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        return monotonic() - self._began

    def describe_handshake(self, *, implicit_tls: bool) -> str:
        """Say how far a handshake came that did not end, `""` when none began."""
        if self.tls is None:
            return ""
        return describe_handshake(
            self.tls.received, implicit_tls=implicit_tls, has_replied=self.tls.has_replied
        )

    # -- closing -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Send what is unsent, inside TLS also close_notify, then close."""
        if self.tls is not None:
            self.tls.close()
            self.send_tls_output()
        self._transport.close()

    def drop(self) -> None:
        """Close, without waiting for a client that does not read."""
        if self._transport.get_write_buffer_size():
            self.abort()
        else:
            self.close()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        self._transport.abort()

    def reset(self) -> None:
        """Reset the connection (RST)."""
        self._set_option(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def _set_option(self, level: int, option: int, value: int | bytes) -> None:
        with suppress(OSError):  # the client is gone
            self._socket.setsockopt(level, option, value)
