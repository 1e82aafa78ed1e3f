"""Why a session ended, and why a TLS handshake failed: an explanation and OpenSSL's reason."""

from __future__ import annotations

import re
from enum import StrEnum

from fakesmtp.protocol.conversation import LONE_DOT

_SOURCE_LINE = re.compile(r" \(_ssl\.c:\d+\)")
_PLAINTEXT = "the client sent plaintext where TLS was expected (587 and 25 start with plaintext)"
_TRUST = "does it trust the CA? (fakesmtp certs --trust)"
TRUST_AND_NAME = (
    "does it trust the CA (fakesmtp certs --trust), and is the host name in the certificate?"
)
NO_GREETING = "is it waiting for a plaintext greeting? This port starts with TLS, 587 greets first"
#: OpenSSL's reason (through Python's ssl), and what it means here. An alert is sent by the client
#: (RFC 8446 §6.2), but clients differ in which alert they send for which cause.
_CAUSES = (
    (
        "UNKNOWN_CA",
        f"the client does not trust the authority that signed our certificate: {_TRUST}",
    ),
    ("CERTIFICATE_UNKNOWN", f"the client refused our certificate: {TRUST_AND_NAME}"),
    # OpenSSL sends it for a wrong host name, Go for everything.
    (
        "BAD_CERTIFICATE",
        f"the client refused our certificate: is the host name in it? In Go also: {_TRUST}",
    ),
    ("CERTIFICATE_EXPIRED", "the client says that our certificate has expired"),
    ("UNSUPPORTED_CERTIFICATE", "the client cannot use our kind of certificate"),
    ("UNRECOGNIZED_NAME", "the client refused the server name"),
    ("ALERT_INTERNAL_ERROR", "the client failed by itself: some do so to refuse a certificate"),
    ("HTTP_REQUEST", "the client sent HTTP"),
    ("WRONG_VERSION_NUMBER", _PLAINTEXT),
    ("RECORD_LAYER_FAILURE", _PLAINTEXT),
    ("BAD_RECORD_TYPE", _PLAINTEXT),
    ("UNSUPPORTED_PROTOCOL", "the client offers no version of TLS that this server accepts"),
    ("PROTOCOL_VERSION", "the client accepts none of the versions of TLS that this server offers"),
    ("VERSION_TOO_LOW", "the client offers no version of TLS that this server accepts"),
    ("NO_SHARED_CIPHER", "client and server have no cipher suite in common"),
    ("HANDSHAKE_FAILURE", "the client found nothing in common with the server"),
)
HALF_MESSAGE = "in the middle of a message"


class ClosedBy(StrEnum):
    """Why a session ended."""

    QUIT = "quit"
    CLIENT = "client closed the connection"
    RESET = "connection reset"
    IDLE = "idle for too long"
    TLS = "TLS handshake failed"
    PROXY = "PROXY protocol failed"
    SERVER = "closed by the server"
    STOP = "server stopped"


def explain_tls_failure(reason: str) -> str:
    """Return OpenSSL's reason with its meaning in front; an unknown reason is unchanged."""
    reason = _SOURCE_LINE.sub("", reason)
    shown = reason.upper().replace(" ", "_")
    meaning = next((meaning for mark, meaning in _CAUSES if mark in shown), None)
    return reason if meaning is None else f"{meaning} ({reason})"


def describe_handshake(received: int, *, implicit_tls: bool, has_replied: bool) -> str:
    """Describe how far an unfinished handshake came, and the likely cause.

    `received` is the number of bytes from the client; `has_replied`: our certificate was sent.
    """
    if has_replied:
        return f"after our certificate: {TRUST_AND_NAME}"
    if received:
        return f"after {received} bytes, which are not a whole ClientHello"
    if implicit_tls:
        return f"before the client sent anything: {NO_GREETING}"
    return "before the client sent anything after STARTTLS"


def describe_half_message(size: int, *, has_lone_dot: bool) -> str:
    """Describe a session that ended in the middle of a message, after `size` bytes of it."""
    why = f"; {LONE_DOT.text}" if has_lone_dot else ""
    return f"{HALF_MESSAGE}, after {size} bytes{why}"
