"""The server's end of TLS: it reads the client's first message before OpenSSL does.

OpenSSL tells the host name that a client asks for by a callback alone, which does not work under
gevent's `monkey.patch_all()`; and it does not tell at all which certificates the client takes.
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
    """One connection inside TLS, which knows what the client asked for.

    It works on `ssl.MemoryBIO` only, as `ServerContext.wrap_bio` makes it.
    """

    #: The host name that the client asks for (RFC 6066 §3).
    sni: str | None = None
    _incoming: ssl.MemoryBIO
    #: The client's first message, as far as it is here; None when it is read or too long.
    _seen: bytearray | None

    def watch(self, incoming: ssl.MemoryBIO) -> None:
        """Read what comes there, too."""
        self._incoming, self._seen = incoming, bytearray()

    def do_handshake(self) -> None:
        """See `ssl.SSLObject.do_handshake`."""
        if self._seen is not None:
            self._look_at(self._seen)
        super().do_handshake()

    def _look_at(self, seen: bytearray) -> None:
        # OpenSSL leaves nothing there when it asks for more, so these bytes are new.
        arrived = self._incoming.read()
        if not self._incoming.eof:  # after the end nothing can be put back, and no client is left
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
    """A server's context. With a P-256 certificate alone, it may name another one for RSA."""

    sslobject_class = ServerSide
    #: Makes a context that has a certificate with an RSA key, too; raises CertificateError.
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
        """Return the context for a client that may not take P-256, or this one if there is none."""
        try:
            return self.make_rsa() if self.make_rsa else self
        except CertificateError as error:
            log.warning("no certificate with an RSA key: %s", error)
            return self
