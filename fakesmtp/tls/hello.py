"""Read the first message of a TLS client, as far as the choice of a certificate needs it.

Pure: bytes in, facts out. OpenSSL parses the message again, and rejects errors in it.
"""

from __future__ import annotations

from struct import Struct, error, unpack
from typing import NamedTuple

#: RFC 8446 §5.1, §4: the content type of a record, and the type of the message in it.
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_RECORD_HEADER, _MESSAGE_HEADER = 5, 4
#: RFC 6066 §3; RFC 8446 §4.2.7, §4.2.3.
_SERVER_NAME, _SUPPORTED_GROUPS, _SIGNATURE_ALGORITHMS = 0, 10, 13
_WANTED = frozenset({_SERVER_NAME, _SUPPORTED_GROUPS, _SIGNATURE_ALGORITHMS})
#: An extension begins with its type and its size (RFC 8446 §4.2).
_EXTENSION = Struct("!HH")
_HOST_NAME = 0
_SECP256R1, _ECDSA_SECP256R1_SHA256 = 23, 0x0403
#: Supported cipher suites that can use P-256 certificates: those of TLS 1.3, and in TLS 1.2
#: ECDHE-ECDSA with AES-GCM, ChaCha20 and AES-CBC with SHA-2.
_P256_SUITES = frozenset({*(0x1301, 0x1302, 0x1303), *(0xC02B, 0xC02C, 0xCCA9, 0xC023, 0xC024)})
#: No client sends more; it limits what is kept of a client that never ends its message.
LONGEST = 32 * 1024


class ClientHello(NamedTuple):
    """Offers of a client: host name (None without), cipher suites, groups, signatures."""

    server_name: str | None
    suites: frozenset[int]
    groups: frozenset[int]
    signatures: frozenset[int]

    @property
    def takes_p256(self) -> bool:
        """Whether a P-256 certificate certainly suits the client."""
        return (
            not self.suites.isdisjoint(_P256_SUITES)
            and _SECP256R1 in self.groups
            and _ECDSA_SECP256R1_SHA256 in self.signatures
        )


def read_client_hello(data: bytes | bytearray) -> ClientHello | None:
    """Read the ClientHello (RFC 8446 §4.1.2) at the start of the records.

    Return None if it is incomplete, malformed or another message.
    """
    message = _join_records(data)
    if len(message) < _MESSAGE_HEADER or message[0] != _CLIENT_HELLO:
        return None
    end = _MESSAGE_HEADER + int.from_bytes(message[1:_MESSAGE_HEADER], "big")
    if len(message) < end:
        return None
    try:
        return _read_body(_Reader(message[_MESSAGE_HEADER:end]))
    except (ValueError, error):
        return None


def _join_records(data: bytes | bytearray) -> bytes:
    """Join the contents of all complete handshake records (RFC 8446 §5.1)."""
    parts, start = [], 0
    while len(data) >= start + _RECORD_HEADER and data[start] == _HANDSHAKE:
        content = start + _RECORD_HEADER
        end = content + int.from_bytes(data[content - 2 : content], "big")
        if end > len(data) or end == content:
            break
        parts.append(data[content:end])
        start = end
    return b"".join(parts)


class _Reader:
    """Takes fields from the front; raises ValueError if too few bytes are left."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def __bool__(self) -> bool:
        return bool(self._rest)

    def take(self, size: int) -> bytes:
        taken, self._rest = self._rest[:size], self._rest[size:]
        if len(taken) < size:
            raise ValueError("a field is cut off")
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> _Reader:
        """Take a vector after its length, which has `size` bytes (RFC 8446 §3.4)."""
        return _Reader(self.take(self.number(size)))

    def text(self) -> str:
        """Return the remaining bytes as ASCII; other bytes are escaped."""
        return self.take(len(self._rest)).decode("ascii", "backslashreplace")

    def numbers(self) -> frozenset[int]:
        """Return the remaining bytes as numbers of two bytes."""
        # All at once: one by one they would take 20 us, a tenth of the handshake.
        count, rest = divmod(len(self._rest), 2)
        if rest:
            raise ValueError("a number is cut off")
        return frozenset(unpack(f"!{count}H", self.take(2 * count)))


def _read_body(body: _Reader) -> ClientHello:
    body.take(2 + 32)  # version and random
    body.vector(1)  # session
    suites = body.vector(2).numbers()
    body.vector(1)  # compression
    extensions = _read_extensions(body.take(body.number(2))) if body else {}
    names = extensions.get(_SERVER_NAME)
    return ClientHello(
        server_name=_read_name(names.vector(2)) if names else None,
        suites=suites,
        groups=_read_list(extensions.get(_SUPPORTED_GROUPS)),
        signatures=_read_list(extensions.get(_SIGNATURE_ALGORITHMS)),
    )


def _read_extensions(data: bytes) -> dict[int, _Reader]:
    """Find the extensions that are needed: parsing all would be half of the work."""
    found, place = {}, 0
    while place < len(data):
        kind, size = _EXTENSION.unpack_from(data, place)
        place += _EXTENSION.size
        if kind in _WANTED:
            found[kind] = _Reader(data[place : place + size])
        place += size
    return found


def _read_list(extension: _Reader | None) -> frozenset[int]:
    return extension.vector(2).numbers() if extension else frozenset()


def _read_name(names: _Reader) -> str | None:
    return names.vector(2).text() if names.number(1) == _HOST_NAME else None
