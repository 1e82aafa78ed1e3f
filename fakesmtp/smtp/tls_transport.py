"""A client's socket inside TLS (RFC 3207, RFC 8314 §3.3): the handshake, then all as in clear.

Loaded by the first client that wants TLS: a server that is spoken to in clear starts without.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Protocol

from fakesmtp.smtp.transport import Receiver, SocketTransport

if TYPE_CHECKING:
    from fakesmtp.smtp.readiness import Readiness

_GONE = "the client closed the connection in the middle of the handshake"
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class TlsReceiver(Receiver, Protocol):
    """Who is told what happens inside TLS, and how the handshake ended."""

    def tls_started(self, tls: ssl.SSLSocket, /) -> None:
        """Go on inside TLS."""

    def tls_failed(self, reason: str, /) -> None:
        """Know that there will be no TLS; the transport ends."""


class TlsTransport(SocketTransport):
    """One connection, from the handshake on."""

    __slots__ = ("_has_begun",)
    #: Those of a record (RFC 8446 §5.1): OpenSSL gives no more at a time.
    _READ_SIZE: ClassVar = 16 * 1024
    _NOT_NOW: ClassVar = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

    _socket: ssl.SSLSocket
    _receiver: TlsReceiver

    def __init__(
        self,
        readiness: Readiness,
        accepted: socket.socket,
        receiver: TlsReceiver,
        context: ssl.SSLContext,
    ) -> None:
        """Take the socket over, and wait for the client's hello. Raises OSError if it is gone."""
        # First, because `wrap_socket` leaves its socket open when it finds out itself.
        accepted.getpeername()
        inside = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        super().__init__(readiness, inside, receiver)
        self._has_begun = False
        self._readiness.add_reader(self._fd, self._shake_hands)

    def _shake_hands(self) -> None:
        self._readiness.remove_writer(self._fd)
        try:
            # OpenSSL would send an alert to who has closed, and what is sent no client expects.
            if not socket.socket.recv(self._socket, 1, socket.MSG_PEEK):
                raise ConnectionResetError(_GONE)
            self._socket.do_handshake()
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except ssl.SSLWantWriteError:
            self._readiness.add_writer(self._fd, self._shake_hands)
        except OSError as error:
            self._receiver.tls_failed(str(error))
            self._lose(error)
        else:
            self._begin()

    def _begin(self) -> None:
        self._has_begun = True
        if _QUICK_ACK is not None:
            # Nothing that we send says that all has come: a client with Nagle's algorithm on, such
            # as smtplib, would hold its next command back until our delayed ACK, for 40 ms.
            self.set_option(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        self.resume_reading()
        self._receiver.tls_started(self._socket)

    def _read(self) -> None:
        """Read what has come, a record at a time: as long as they are full, more are behind."""
        while self.is_reading():
            try:
                data = self._socket.recv(self._READ_SIZE)
            except self._NOT_NOW:
                return
            except OSError as error:
                self._lose(error)
                return
            if not data:
                self.close()
                return
            self._receiver.data_received(data)
            if len(data) < self._READ_SIZE:
                return

    def _end(self) -> None:
        if self._has_begun:
            # Says that it is the end (RFC 8446 §6.1), and does not wait for the client's word.
            with suppress(OSError):
                self._socket.unwrap()
        super()._end()
