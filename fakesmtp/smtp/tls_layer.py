"""TLS without a socket: encrypted bytes in, plaintext out, and the other way round.

asyncio and uvloop have a TLS of their own. They drop the alert that tells a client why its
handshake failed, have no time limit of ours and take up to 300 KB per connection. This layer stands
on the public `ssl.SSLContext.wrap_bio` and does the same on every loop, for STARTTLS and implicit
TLS.
"""

from __future__ import annotations

import ssl
from contextlib import suppress

#: Bytes of the largest TLS record (RFC 8446 §5.1); OpenSSL returns no more at a time.
_RECORD_SIZE = 16 * 1024


class TlsLayer:
    """The server's side of one TLS connection.

    `receive` takes what arrived and returns the plaintext in it. After each call of any method,
    `take_output` returns what is to be sent: replies, handshake messages, the alert of a failure.
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
        #: Whether the server's side of the handshake went out, its certificate included.
        self.has_replied = False
        #: Whether the handshake is done.
        self.is_established = False
        #: Whether the client has sent close_notify (RFC 8446 §6.1): nothing more comes.
        self.is_peer_closed = False
        #: OpenSSL's reason why the handshake or a record failed, `""` for none.
        self.failure = ""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the network and return the plaintext in them, `b""` for none.

        When the handshake fails or a record is not valid, `failure` says why.
        """
        plaintext: list[bytes] = []
        view = memoryview(data)
        try:
            # In parts, as OpenSSL's buffer keeps the size of the largest one.
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
        """Add what can be decrypted by now."""
        incoming, tls = self._incoming, self.ssl_object
        try:
            while incoming.pending or tls.pending():
                part = tls.read(_RECORD_SIZE)
                if not part:
                    self.is_peer_closed = True
                    return
                plaintext.append(part)
        except ssl.SSLWantReadError:  # a record is not whole yet
            return

    def send(self, plaintext: bytes) -> None:
        """Encrypt bytes. After a failure or `close` there is nothing to send them with."""
        try:
            self.ssl_object.write(plaintext)
        except ssl.SSLError:
            return

    def close(self) -> None:
        """Send close_notify; the client's own is not waited for (RFC 8446 §6.1)."""
        if self.is_established:
            # It asks for the client's close_notify, or reports that data came instead.
            with suppress(ssl.SSLError):
                self.ssl_object.unwrap()

    def take_output(self) -> bytes:
        """Return what is to be sent to the client since the last call."""
        return self._outgoing.read()
