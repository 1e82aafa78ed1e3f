"""Whether certificates will do, as OpenSSL itself sees it: by a handshake in memory.

It takes some milliseconds; to load cryptography, which could read them, takes forty.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fakesmtp.errors import CertificateError
from fakesmtp.tls.contexts import bare_server_context, client_context, load_pair

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Hello and hello, finished and finished; in TLS 1.2 the client waits for the latter.
_ROUNDS = 3


def will_do(
    authority: tuple[Path, Path], leaf: tuple[Path, Path], names: Iterable[str], *, until: float
) -> bool:
    """Tell whether a client that trusts the authority accepts the leaf, for each name.

    Both are a certificate's file and its key's (PEM), which have to belong together. `until`, in
    seconds of the epoch, is when both have to be valid, beside now.
    """
    try:
        load_pair(bare_server_context(), *authority)
        server, client = bare_server_context(), client_context(authority[0])
        load_pair(server, *leaf)
        client.hostname_checks_common_name = False
        seen = [*client.get_ca_certs(), *(_shake_hands(client, server, name) for name in names)]
        return all(until < ssl.cert_time_to_seconds(each["notAfter"]) for each in seen)
    except (CertificateError, OSError, ValueError):  # the last: a time or a name that is none
        return False


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> dict[str, Any]:
    """Give what the client was shown (as `getpeercert` does); raises SSLError if it refuses."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(to_client, to_server, server_hostname=name)
    called = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_ROUNDS):
        for end in (caller, called):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return caller.getpeercert() or {}
