"""TLS without a socket: encrypted bytes in, plaintext out, and the reverse.

asyncio and uvloop have their own TLS. It drops the alert that tells a client why its handshake
failed, does not know our idle limit, and takes up to 300 KB for each connection. This layer uses
the public `ssl.SSLContext.wrap_bio`. It works the same on every loop, for STARTTLS and implicit
TLS.
"""

from __future__ import annotations

import ssl
from contextlib import suppress

#: Bytes of the largest TLS record (RFC 8446 §5.1); OpenSSL returns no more at a time.
_RECORD_SIZE = 16 * 1024


class TlsLayer:
    """The server's side of one TLS connection.

    `receive` takes bytes from the network and returns the plaintext. After each call of a method,
    `take_output` returns the bytes to send: replies, handshake messages, the alert of a failure.
    """

    __slots__ = (
        "_incoming",
        "_outgoing",
        "failure",
        "has_replied",
        "is_established",
        "is_peer_closed",
        "received",
        "ssl_object",
    )

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl_object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        #: Bytes that the client sent in the handshake.
        self.received = 0
        #: Whether the server has sent its part of the handshake, with its certificate.
        self.has_replied = False
        #: Whether the handshake is done.
        self.is_established = False
        #: Whether the client has sent close_notify (RFC 8446 §6.1): it sends nothing more.
        self.is_peer_closed = False
        #: OpenSSL's reason why the handshake or a record failed, `""` if none.
        self.failure = ""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the network; return the plaintext, `b""` if none.

        If the handshake fails or a record is not valid, `failure` has the reason.
        """
        plaintext: list[bytes] = []
        view = memoryview(data)
        try:
            # In parts, because OpenSSL's buffer keeps the size of the largest write.
            for start in range(0, len(data), _RECORD_SIZE):
                self._incoming.write(view[start : start + _RECORD_SIZE])
                if self.is_established or self._shake_hands():
                    self._read(plaintext)
        except ssl.SSLError as error:
            self.failure = str(error)
        return b"".join(plaintext)

    def _shake_hands(self) -> bool:
        self.received += self._incoming.pending
        with suppress(ssl.SSLWantReadError):
            self.ssl_object.do_handshake()
            self.is_established = True
        self.has_replied = self.has_replied or self._outgoing.pending > 0
        return self.is_established

    def _read(self, plaintext: list[bytes]) -> None:
        """Decrypt all complete records and add their plaintext."""
        incoming, tls = self._incoming, self.ssl_object
        try:
            while incoming.pending or tls.pending():
                part = tls.read(_RECORD_SIZE)
                if not part:
                    self.is_peer_closed = True
                    return
                plaintext.append(part)
        except ssl.SSLWantReadError:  # a record is not complete
            return

    def send(self, plaintext: bytes) -> None:
        """Encrypt bytes. No-op after a failure or `close`."""
        try:
            self.ssl_object.write(plaintext)
        except ssl.SSLError:
            return

    def close(self) -> None:
        """Send close_notify without waiting for the client's (RFC 8446 §6.1)."""
        if self.is_established:
            # `unwrap` raises, because it wants the client's close_notify or received data instead.
            with suppress(ssl.SSLError):
                self.ssl_object.unwrap()

    def take_output(self) -> bytes:
        """Return the bytes to send to the client since the last call."""
        return self._outgoing.read()
