"""TLS contexts: for a server with the certificates of a folder, and for its clients."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from fakesmtp.errors import CertificateError
from fakesmtp.tls import files
from fakesmtp.tls.serving import ServerContext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fakesmtp.tls.leaf import KeyKind


_PATCHED_LATE = (
    "the module ssl was patched after fakesmtp had loaded it: patch it first, before anything else "
    "is imported (gevent: `from gevent import monkey; monkey.patch_all()` at the top of "
    "conftest.py)"
)


def server_context(folder: Path, kinds: Iterable[KeyKind]) -> ServerContext:
    """Return a context for TLS 1.2 and 1.3 that serves a folder's certificates of these kinds.

    Raises CertificateError if the folder has no usable one, as before ensure().
    """
    context = bare_server_context()
    with files.exclusive(folder):  # certificate and key of the same leaf
        for kind in kinds:
            load_leaf(context, folder, kind)
    return context


def load_leaf(context: ssl.SSLContext, folder: Path, kind: KeyKind) -> None:
    """Make the context serve the folder's certificate of the kind; raise CertificateError."""
    certificate = folder / kind.certificate_file
    try:
        load_pair(context, certificate, folder / kind.key_file)
    except OSError as error:  # ssl.SSLError is an OSError too
        raise _unusable(certificate, error) from error


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Make the context serve a certificate; raise OSError if it cannot, or the key is encrypted.

    With several certificates of different kinds, OpenSSL chooses one that suits the client. Without
    a pass phrase, OpenSSL would ask for one in the terminal and wait.
    """
    context.load_cert_chain(certificate, key, password="")


def bare_server_context() -> ServerContext:
    """Return a server's context for TLS 1.2 and 1.3 that has no certificate yet.

    Raises what `require_unpatched` raises.
    """
    require_unpatched()
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # With P-256, resuming a session saves nothing, so no ticket is sent in TLS 1.3 (RFC 8446
    # §4.6.1): it takes 4 % of a session. But the end of a handshake must be acknowledged. Where the
    # system cannot be told to do so (see `SocketTransport.acknowledge`), a ticket causes it. In TLS
    # 1.2 tickets stay: without them OpenSSL keeps each client's session in our memory.
    context.num_tickets = 0 if hasattr(socket, "TCP_QUICKACK") else 1
    return context


def require_unpatched() -> None:
    """Raise `CertificateError` when the class of contexts was replaced since it was loaded."""
    if not issubclass(ServerContext, ssl.SSLContext):
        raise CertificateError(_PATCHED_LATE)


def client_context(ca_file: Path) -> ssl.SSLContext:
    """Return a context that verifies chain and name, and trusts this CA only.

    The system's CAs are not loaded: that would take 17 ms, and a test that reaches the real
    endpoint by mistake should fail. Raises CertificateError if the file has no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # as in Python's own contexts from 3.13 on
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:
        raise _unusable(ca_file, error) from error
    return context


def _unusable(path: Path, error: OSError) -> CertificateError:
    return CertificateError(
        f"cannot use the certificate {path} ({error.strerror}): start the server once "
        "to have it made, or run `fakesmtp certs --renew`"
    )
