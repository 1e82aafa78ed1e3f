"""Server side of TLS: it reads the client's first message before OpenSSL does.

OpenSSL gives the requested host name only by a callback, which does not work under gevent's
`monkey.patch_all()`, and does not tell which certificates the client accepts.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, cast

from fakesmtp.errors import CertificateError
from fakesmtp.tls.hello import LONGEST, read_client_hello

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.tls.hello import ClientHello

log = logging.getLogger("fakesmtp")


class ServerSide(ssl.SSLObject):
    """One connection inside TLS, with the offers of the client.

    It works on `ssl.MemoryBIO` only, as `ServerContext.wrap_bio` creates it.
    """

    #: The host name that the client requests (RFC 6066 §3).
    sni: str | None = None
    _incoming: ssl.MemoryBIO
    #: The client's first message as far as it has arrived; None once it is read or too long.
    _seen: bytearray | None

    def watch(self, incoming: ssl.MemoryBIO) -> None:
        """Read the bytes that arrive there."""
        self._incoming, self._seen = incoming, bytearray()

    def do_handshake(self) -> None:
        """See `ssl.SSLObject.do_handshake`."""
        if self._seen is not None:
            self._look_at(self._seen)
        super().do_handshake()

    def _look_at(self, seen: bytearray) -> None:
        # OpenSSL leaves nothing there when it asks for more, so these bytes are new.
        arrived = self._incoming.read()
        if not self._incoming.eof:  # after the end no byte can be put back, and the client has gone
            self._incoming.write(arrived)
        seen += arrived
        if hello := read_client_hello(seen):
            self._obey(hello)
        if hello or len(seen) > LONGEST:
            self._seen = None

    def _obey(self, hello: ClientHello) -> None:
        self.sni = hello.server_name
        context = self.context
        if isinstance(context, ServerContext) and not hello.takes_p256:
            self.context = context.for_rsa()


class ServerContext(ssl.SSLContext):
    """A server's context. If it has only a P-256 certificate, it may name another one for RSA."""

    sslobject_class = ServerSide
    #: Creates a context that also has an RSA certificate; raises CertificateError.
    make_rsa: Callable[[], ssl.SSLContext] | None = None

    def wrap_bio(  # the signature is the library's
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ServerSide:
        """See `ssl.SSLContext.wrap_bio`."""
        tls = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        side = cast("ServerSide", tls)
        side.watch(incoming)
        return side

    def for_rsa(self) -> ssl.SSLContext:
        """Return the context for a client that may not accept P-256; this one if there is none."""
        try:
            return self.make_rsa() if self.make_rsa else self
        except CertificateError as error:
            log.warning("no certificate with an RSA key: %s", error)
            return self
