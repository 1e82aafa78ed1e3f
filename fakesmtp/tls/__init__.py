"""TLS: the private CA, the certificates that it signs, and contexts that use both.

No client trusts the CA until a user trusts its `ca.pem`. Even then it can only certify the
endpoint's names and this machine (RFC 5280 §4.2.1.10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.tls.authority import Authority
    from fakesmtp.tls.contexts import client_context, server_context
    from fakesmtp.tls.folder import CertificateFolder
    from fakesmtp.tls.layout import ENDPOINT_NAMES
    from fakesmtp.tls.leaf import Leaf

__all__ = [
    "ENDPOINT_NAMES",
    "Authority",
    "CertificateFolder",
    "Leaf",
    "client_context",
    "server_context",
]

#: Module of each name. A server starts without the modules that make keys and contexts.
_HOMES = {
    "ENDPOINT_NAMES": "layout",
    "Authority": "authority",
    "CertificateFolder": "folder",
    "Leaf": "leaf",
    "client_context": "contexts",
    "server_context": "contexts",
}
__getattr__, __dir__ = lazily(__name__, _HOMES)
