"""Headers of the PROXY protocol for tests."""

from __future__ import annotations

import socket
from struct import pack

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")


def version_1(client: str, port: int) -> bytes:
    """Return a header of version 1 for a client."""
    family, other = ("6", "::2") if ":" in client else ("4", "192.0.2.2")
    return f"PROXY TCP{family} {client} {other} {port} 25\r\n".encode()


def version_2(client: str, port: int, more: bytes = b"") -> bytes:
    """Return a header of version 2 for a client, with further fields."""
    family, kind = (socket.AF_INET6, 0x21) if ":" in client else (socket.AF_INET, 0x11)
    other = "::2" if ":" in client else "192.0.2.2"
    addresses = socket.inet_pton(family, client) + socket.inet_pton(family, other)
    return block_2(kind, addresses + pack("!HH", port, 25) + more)


def block_2(kind: int, block: bytes, command: int = 1) -> bytes:
    """Return a header of version 2 with this family and protocol, and this content."""
    return SIGNATURE + pack("!BBH", 0x20 | command, kind, len(block)) + block
