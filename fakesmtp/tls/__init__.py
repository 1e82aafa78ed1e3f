"""TLS: the private authority, the certificates it signs, and contexts that use both.

The authority is trusted by nobody until somebody trusts its `ca.pem`, and by then it can vouch for
the endpoint's names and this machine alone (RFC 5280 §4.2.1.10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.tls.authority import ENDPOINT_NAMES, Authority
    from fakesmtp.tls.contexts import client_context, server_context
    from fakesmtp.tls.folder import CertificateFolder
    from fakesmtp.tls.leaf import Leaf

__all__ = [
    "ENDPOINT_NAMES",
    "Authority",
    "CertificateFolder",
    "Leaf",
    "client_context",
    "server_context",
]

#: Where each name lives. A server starts without what makes keys and contexts.
_HOMES = {
    "ENDPOINT_NAMES": "authority",
    "Authority": "authority",
    "CertificateFolder": "folder",
    "Leaf": "leaf",
    "client_context": "contexts",
    "server_context": "contexts",
}
__getattr__ = lazily(__name__, _HOMES)
