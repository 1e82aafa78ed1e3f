"""The bytes of one connection: plaintext to the session, plaintext or TLS on the network."""

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

#: SO_LINGER with 0 seconds: closing the socket resets the connection.
_NO_LINGER = pack("ii", 1, 0)
#: Linux: send the ACK at once.
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Stream:
    """Reads and writes through the transport, and through a `TlsLayer` after TLS has begun.

    `accepted` is the transport's socket. All methods are no-ops after the connection has ended.
    """

    __slots__ = ("_began", "_socket", "_transport", "is_peer_closed", "tls")

    def __init__(self, transport: asyncio.Transport, accepted: socket.socket) -> None:
        self._transport = transport
        self._socket = accepted
        self.tls: TlsLayer | None = None
        #: Whether the client has sent close_notify: it sends nothing more.
        self.is_peer_closed = False
        self._began = 0.0

    # -- reading -----------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """Stop reading from the socket."""
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
        """Return the plaintext of received bytes; send handshake messages and alerts."""
        if self.tls is None:
            return data
        plaintext = self.tls.receive(data)
        self.is_peer_closed = self.tls.is_peer_closed
        self.send_tls_output()
        return plaintext

    def send_tls_output(self) -> None:
        """Send the output of the TLS layer: records, handshake messages, alerts."""
        output = self.tls.take_output() if self.tls is not None else b""
        if output and not self._transport.is_closing():
            self._transport.write(output)

    # -- TLS ---------------------------------------------------------------------------------------

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Expect TLS from now on."""
        # Imported with the first TLS session, because `ssl` takes long to load.
        from fakesmtp.smtp.tls_layer import TlsLayer  # noqa: PLC0415

        self.tls = TlsLayer(context)
        self._began = monotonic()

    def finish_handshake(self) -> float:
        """Send an ACK at once; return how many seconds the handshake took.

        The server has nothing to send after the client's last handshake message. A client with
        Nagle's algorithm, such as smtplib, would wait 40 ms for a delayed ACK before its next
        command.
        """
        if _QUICK_ACK is not None:
            self._set_option(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        return monotonic() - self._began

    def describe_handshake(self, *, implicit_tls: bool) -> str:
        """Describe how far an unfinished handshake came, `""` if none began."""
        if self.tls is None:
            return ""
        return describe_handshake(
            self.tls.received, implicit_tls=implicit_tls, has_replied=self.tls.has_replied
        )

    # -- closing -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Send unsent bytes, inside TLS also close_notify, then close."""
        if self.tls is not None:
            self.tls.close()
            self.send_tls_output()
        self._transport.close()

    def drop(self) -> None:
        """Close without waiting for a client that does not read."""
        if self._transport.get_write_buffer_size():
            self.abort()
        else:
            self.close()

    def abort(self) -> None:
        """Close at once and discard unsent bytes."""
        self._transport.abort()

    def reset(self) -> None:
        """Reset the connection (RST)."""
        self._set_option(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def _set_option(self, level: int, option: int, value: int | bytes) -> None:
        with suppress(OSError):  # the client is gone
            self._socket.setsockopt(level, option, value)
