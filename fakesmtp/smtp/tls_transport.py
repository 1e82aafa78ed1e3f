"""What is inside TLS on one connection, once the handshake is done."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.smtp.transport import Receiver, SocketTransport

#: Bytes of one read, which are those of a record (RFC 8446 §5.1): OpenSSL gives no more at a time.
_RECORD_SIZE = 16 * 1024


class Tunnel:
    """OpenSSL in memory: the bytes that come and go, and what they mean.

    In the place of a context, it lets who makes the handshake wrap the two buffers, and keeps them.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.incoming: ssl.MemoryBIO
        self.outgoing: ssl.MemoryBIO
        self.tls: ssl.SSLObject

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        *,
        server_side: bool,
        server_hostname: str | None,
    ) -> ssl.SSLObject:
        """See `ssl.SSLContext.wrap_bio`."""
        self.incoming, self.outgoing = incoming, outgoing
        self.tls = self._context.wrap_bio(
            incoming, outgoing, server_side=server_side, server_hostname=server_hostname
        )
        return self.tls


class TlsTransport:
    """A `Transport` inside TLS, and the `Receiver` of the one outside.

    The end is told to the client inside TLS, too (RFC 8446 §6.1); its own word is not waited for.
    """

    __slots__ = (
        "_at_end",
        "_incoming",
        "_is_closing",
        "_outgoing",
        "_outside",
        "_receiver",
        "_tls",
    )

    def __init__(
        self,
        outside: SocketTransport,
        tunnel: Tunnel,
        receiver: Receiver,
        at_end: Callable[[], object],
    ) -> None:
        """Take what is read from now on, tell the receiver what is in it, and call at the end."""
        self._outside = outside
        self._incoming, self._outgoing, self._tls = tunnel.incoming, tunnel.outgoing, tunnel.tls
        self._receiver = receiver
        self._at_end = at_end
        self._is_closing = False
        outside.set_receiver(self)

    # -- the transport inside ------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """See `Transport`."""
        if self._is_closing:
            return
        try:
            self._tls.write(data)
        except ssl.SSLError:  # commands came in the middle of a second handshake, as from nobody
            self.abort()
        else:
            self._send()

    def pause_reading(self) -> None:
        """See `Transport`."""
        self._outside.pause_reading()

    def resume_reading(self) -> None:
        """See `Transport`."""
        self._outside.resume_reading()

    def close(self) -> None:
        """See `Transport`."""
        if self._is_closing:
            return
        self._is_closing = True
        with suppress(ssl.SSLError):  # for want of the client's word
            self._tls.unwrap()
        self._send()
        self._outside.close()

    def abort(self) -> None:
        """See `Transport`."""
        self._is_closing = True
        self._outside.abort()

    def _send(self) -> None:
        if self._outgoing.pending:
            self._outside.write(self._outgoing.read())

    # -- the receiver of the one outside -------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """See `Receiver`."""
        self._incoming.write(data)
        try:
            # A record at a time, all of it. What stands behind the end is not for us.
            while self._incoming.pending and not self._is_closing:
                if inside := self._tls.read(_RECORD_SIZE):
                    self._receiver.data_received(inside)
                else:
                    self.close()
        except ssl.SSLWantReadError:
            self._send()  # the answer to a second handshake
        except ssl.SSLError:
            self._send()  # the alert
            self.abort()

    def eof_received(self) -> bool | None:
        """See `Receiver`."""
        stays = self._receiver.eof_received()
        if not stays:
            self.close()
        return stays

    def pause_writing(self) -> None:
        """See `Receiver`."""
        self._receiver.pause_writing()

    def resume_writing(self) -> None:
        """See `Receiver`."""
        self._receiver.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """See `Receiver`."""
        self._is_closing = True
        self._receiver.connection_lost(error)
        self._at_end()
