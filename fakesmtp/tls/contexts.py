"""TLS contexts for a server with a folder's leaf and for a client that trusts its authority."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from fakesmtp.errors import CertificateError
from fakesmtp.tls import files

if TYPE_CHECKING:
    from pathlib import Path

    from fakesmtp.tls.folder import CertificateFolder


def server_context(folder: CertificateFolder) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and 1.3 that serves the folder's leaf.

    Raises CertificateError when the folder holds no usable leaf, as before ensure().
    """
    context = bare_server_context()
    with files.exclusive(folder.path):  # certificate and key of one leaf, not of two
        try:
            load_pair(context, folder.leaf_file, folder.key_file)
        except OSError as error:  # ssl.SSLError is one, too
            raise _unusable(folder.leaf_file, error) from error
    return context


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Have the context serve a certificate; raises OSError when it cannot, or the key is encrypted.

    Without a pass phrase, OpenSSL would ask for one on the terminal and wait.
    """
    context.load_cert_chain(certificate, key, password="")


def bare_server_context() -> ssl.SSLContext:
    """Return a server's context for TLS 1.2 and 1.3 that has no certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # With P-256 nobody gains by resuming a session, so no ticket is sent in TLS 1.3 (RFC 8446
    # §4.6.1): it takes 4 % of a session. But a handshake's end must be acknowledged; where the
    # system cannot be told to do so (see `SocketTransport.acknowledge`), a ticket does it. In TLS
    # 1.2 they stay: without them OpenSSL keeps each client's session in our memory.
    context.num_tickets = 0 if hasattr(socket, "TCP_QUICKACK") else 1
    context.sni_callback = _remember_name
    return context


def _remember_name(tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
    """Keep the host name that a client asks for (RFC 6066 §3): no other place tells it later."""
    tls.sni = name  # type: ignore[attr-defined]  # ours, on the library's object


def client_context(ca_file: Path) -> ssl.SSLContext:
    """Return a context that checks chain and name, and trusts this one authority.

    The system's authorities are not loaded: they would take 17 ms, and a test that reaches the real
    endpoint by mistake should fail. Raises CertificateError when the file holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python's own contexts do from 3.13 on
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
