"""Check certificates with OpenSSL itself: by a handshake in memory.

It takes some milliseconds. Loading cryptography, which could read them, takes 40 ms.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from socket import AF_INET6, inet_pton
from ssl import cert_time_to_seconds
from struct import unpack
from typing import TYPE_CHECKING, Any

from fakesmtp.errors import CertificateError
from fakesmtp.tls import files
from fakesmtp.tls.contexts import bare_server_context, client_context, load_pair

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Hello and hello, finished and finished; in TLS 1.2 the client waits for the latter.
_ROUNDS = 3


def is_usable(
    ca_file: Path,
    signer: tuple[Path, Path],
    leaf: tuple[Path, Path],
    names: Iterable[str],
    *,
    until: float,
) -> bool:
    """Whether a client that trusts the CA accepts the leaf, for each name.

    The signer and the leaf are files of a certificate and its key (PEM), which must belong
    together. The leaf must be sent with the certificate that signed it. All must be valid now and
    at `until` (seconds since the epoch).
    """
    try:
        load_pair(bare_server_context(), *signer)
        server, client = bare_server_context(), client_context(ca_file)
        load_pair(server, *leaf)
        client.hostname_checks_common_name = False
        seen: list[dict[str, Any]] = client.get_ca_certs()
        listed: set[tuple[str, str]] = set()
        for name in names:
            # A name that the leaf is known to list, as ours does, needs no handshake of its own.
            if _entry(name) not in listed:
                seen.append(shown := _shake_hands(client, server, name))
                listed.update(shown["subjectAltName"])
        lasts = all(until < cert_time_to_seconds(each["notAfter"]) for each in seen)
        return lasts and files.read(signer[0]) in files.read(ca_file) + files.read(leaf[0])
    except (
        CertificateError,
        OSError,
        KeyError,
        ValueError,
    ):  # the last: a time or a name is invalid
        return False


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> dict[str, Any]:
    """Return the certificate that the client saw (`getpeercert`); raise SSLError if it refuses."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(to_client, to_server, server_hostname=name)
    called = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_ROUNDS):
        for end in (caller, called):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return caller.getpeercert() or {}


def _entry(name: str) -> tuple[str, str]:
    """Return the entry of `getpeercert` for a name or an address; IPv6 with all its groups."""
    if ":" in name:
        groups = unpack("!8H", inet_pton(AF_INET6, name))
        return "IP Address", ":".join(f"{group:X}" for group in groups)
    return "IP Address" if name.replace(".", "").isdigit() else "DNS", name
