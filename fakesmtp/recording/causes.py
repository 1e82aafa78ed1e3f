"""Why a session ended; and why a TLS handshake failed, in words, the library's own behind them."""

from __future__ import annotations

import re
from enum import StrEnum

_SOURCE_LINE = re.compile(r" \(_ssl\.c:\d+\)")
#: What the library says (OpenSSL through Python's ssl), and what it means here.
_CAUSES = (
    ("UNKNOWN_CA", "the client does not trust the authority that signed our certificate"),
    ("CERTIFICATE_UNKNOWN", "the client refused our certificate"),
    (
        "BAD_CERTIFICATE",
        "the client refused our certificate: not for the name it uses",
    ),
    ("CERTIFICATE_EXPIRED", "the client says that our certificate has expired"),
    ("UNSUPPORTED_CERTIFICATE", "the client cannot use our kind of certificate"),
    ("UNRECOGNIZED_NAME", "the client and we do not know the same name"),
    ("HTTP_REQUEST", "the client spoke HTTP"),
    ("WRONG_VERSION_NUMBER", "the client spoke no TLS: in clear, on a port of TLS?"),
    ("RECORD_LAYER_FAILURE", "the client spoke no TLS: in clear, on a port of TLS?"),
    ("UNSUPPORTED_PROTOCOL", "the client knows only versions of TLS before 1.2"),
    ("PROTOCOL_VERSION", "the client wants another version of TLS"),
    ("VERSION_TOO_LOW", "the client knows only versions of TLS before 1.2"),
    ("NO_SHARED_CIPHER", "the client knows no cipher that we know"),
    ("HANDSHAKE_FAILURE", "the client found nothing that both of us know"),
    ("UNEXPECTED_EOF", "the client hung up during the handshake"),
    ("CONNECTION RESET", "the client reset the connection during the handshake"),
    ("CONNECTION LOST", "the client hung up during the handshake"),
)


class ClosedBy(StrEnum):
    """Why a session ended."""

    QUIT = "quit"
    CLIENT = "client closed the connection"
    RESET = "connection reset"
    IDLE = "idle for too long"
    TLS = "TLS handshake failed"
    SERVER = "closed by the server"
    STOP = "server stopped"


def explain_tls_failure(reason: str) -> str:
    """Put what it means in front of the library's reason; an unknown reason stays as it is."""
    reason = _SOURCE_LINE.sub("", reason)
    shown = reason.upper()
    meaning = next((meaning for mark, meaning in _CAUSES if mark in shown), None)
    return reason if meaning is None else f"{meaning} ({reason})" if reason else meaning
