"""The header of the PROXY protocol, versions 1 and 2, with which a load balancer names its client.

It comes before everything else on a connection: before TLS, and before the greeting. The protocol
is specified by HAProxy (proxy-protocol.txt, cited as PP).
"""

from __future__ import annotations

import re
import struct
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    Address = tuple[str, int]

#: The first bytes of a header (PP §2.1, §2.2).
_START_1 = b"PROXY "
_START_2 = b"\r\n\r\n\0\r\nQUIT\n"
#: The longest header of version 1 with its CRLF (PP §2.1).
_LONGEST_1 = 107
#: The longest header of version 2 that is read. The format allows 64 KiB; real ones have 28 to 600.
LONGEST = 4096
_FIXED_2 = struct.Struct("!12sBBH")
_FIELDS_1 = re.compile(
    rb"PROXY (TCP[46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})"
)
_UNKNOWN_1 = re.compile(rb"PROXY UNKNOWN(?: .*)?")
_HIGHEST_PORT = 65535
_VERSION_2 = 2
_LOCAL, _PROXY = 0, 1
_IPV4: tuple[type[IPv4Address], struct.Struct] = (IPv4Address, struct.Struct("!4s4sHH"))
_IPV6: tuple[type[IPv6Address], struct.Struct] = (IPv6Address, struct.Struct("!16s16sHH"))
_KINDS_1: dict[bytes, type[IPv4Address | IPv6Address]] = {
    b"TCP4": IPv4Address,
    b"TCP6": IPv6Address,
}
#: Address family and protocol of version 2; None: the header names no address of a TCP client.
_KINDS_2 = {0x00: None, 0x11: _IPV4, 0x21: _IPV6, 0x31: None, 0x32: None}
#: What other protocols send first.
_OTHERS = (
    (b"\x16\x03", "TLS"),
    (b"GET ", "HTTP"),
    (b"POST ", "HTTP"),
    *((verb, f"the SMTP command {verb.decode().strip()}") for verb in (b"EHLO", b"HELO", b"QUIT")),
)


class ProxyHeaderError(ValueError):
    """The first bytes of a connection are not a header, or an invalid one; the text says why."""


class ProxyHeader(NamedTuple):
    """A header: its version, the client's address and port, and its length (bytes).

    `client` is None if the header names none: for UNKNOWN and LOCAL, which health checks send.
    """

    version: int
    client: Address | None
    size: int


def read_proxy_header(data: bytes) -> ProxyHeader | None:
    """Read the header at the start of `data`; None if it is not complete yet.

    Raises `ProxyHeaderError` as soon as the bytes cannot become a valid header.
    """
    for start, read in _READERS:
        if data.startswith(start):
            return read(data)
        if start.startswith(data):
            return None
    raise ProxyHeaderError(f"{_describe(data)} came first")


def _describe(data: bytes) -> str:
    """Name what came instead of a header. Its bytes are not shown: they may hold a SecretKey."""
    found = (name for start, name in _OTHERS if data.upper().startswith(start))
    return next(found, "something else")


def _read_1(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_LONGEST_1].partition(b"\r\n")
    if not end:
        if len(data) < _LONGEST_1:
            return None
        raise ProxyHeaderError(f"its line (version 1) has more than {_LONGEST_1} bytes")
    size = len(line) + len(end)
    if _UNKNOWN_1.fullmatch(line):
        return ProxyHeader(1, None, size)
    fields = _FIELDS_1.fullmatch(line)
    client = _read_fields(fields) if fields else None
    if client is None:
        raise ProxyHeaderError(
            "its line (version 1) does not have a family, two addresses and two ports that fit"
        )
    return ProxyHeader(1, client, size)


def _read_fields(fields: re.Match[bytes]) -> Address | None:
    kind, ports = _KINDS_1[fields[1]], (int(fields[4]), int(fields[5]))
    try:
        addresses = [_show(kind(each.decode())) for each in fields.group(2, 3)]
    except AddressValueError:
        return None
    return (addresses[0], ports[0]) if max(ports) <= _HIGHEST_PORT else None


def _read_2(data: bytes) -> ProxyHeader | None:
    if len(data) < _FIXED_2.size:
        return None
    _, version_and_command, kind, length = _FIXED_2.unpack_from(data)
    version, command = version_and_command >> 4, version_and_command & 0x0F
    if version != _VERSION_2 or command not in {_LOCAL, _PROXY}:
        raise ProxyHeaderError(f"its version {version} with command {command} is not known")
    size = _FIXED_2.size + length
    if size > LONGEST:
        raise ProxyHeaderError(f"it has {size:,} bytes, more than {LONGEST:,}")
    if len(data) < size:
        return None
    client = _read_addresses(kind, data[_FIXED_2.size : size]) if command == _PROXY else None
    return ProxyHeader(_VERSION_2, client, size)


def _read_addresses(kind: int, block: bytes) -> Address | None:
    """Return the client's address; fields after it (TLVs, PP §2.2.1) are not needed."""
    if kind not in _KINDS_2:
        raise ProxyHeaderError(f"its address family and protocol 0x{kind:02x} are not TCP")
    found = _KINDS_2[kind]
    if found is None:
        return None
    make, layout = found
    if len(block) < layout.size:
        raise ProxyHeaderError(f"its addresses have {len(block)} bytes, not {layout.size}")
    client, _, port, _ = layout.unpack_from(block)
    return _show(make(client)), port


def _show(address: IPv4Address | IPv6Address) -> str:
    """Return an address as text; an IPv4 client of an IPv6 load balancer has its IPv4 address."""
    return str(getattr(address, "ipv4_mapped", None) or address)


_READERS: tuple[tuple[bytes, Callable[[bytes], ProxyHeader | None]], ...] = (
    (_START_1, _read_1),
    (_START_2, _read_2),
)
