"""Headers of the PROXY protocol: both versions, whole, split and broken."""

from __future__ import annotations

import asyncio

import pytest
from aiosmtpd.proxy_protocol import get_proxy
from hypothesis import given
from hypothesis import strategies as st
from proxy_headers import SIGNATURE, block_2, version_1, version_2

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.proxies import TrustedProxies
from fakesmtp.protocol.proxy_header import (
    LONGEST,
    ProxyHeader,
    ProxyHeaderError,
    read_proxy_header,
)

#: The longest line of version 1 that the specification shows for TCP6.
LONGEST_TCP6 = b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n"


VALID = [
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 51234 25\r\n", 1, ("192.0.2.1", 51234)),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n", 1, ("2001:db8::1", 0)),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", 1, ("192.0.2.1", 1)),
    (LONGEST_TCP6, 1, ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535)),
    (b"PROXY UNKNOWN\r\n", 1, None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", 1, None),
    (version_2("192.0.2.1", 51234), 2, ("192.0.2.1", 51234)),
    (version_2("192.0.2.1", 51234, b"\x04\0\x03abc"), 2, ("192.0.2.1", 51234)),
    (version_2("2001:db8::1", 7), 2, ("2001:db8::1", 7)),
    (version_2("::ffff:192.0.2.1", 7), 2, ("192.0.2.1", 7)),
    (block_2(0x11, b"", command=0), 2, None),
    (block_2(0x00, b""), 2, None),
    (block_2(0x00, b"anything"), 2, None),
    (block_2(0x31, b"\0" * 216), 2, None),
]


@pytest.mark.parametrize(("header", "version", "client"), VALID)
def test_valid_header(header: bytes, version: int, client: tuple[str, int] | None) -> None:
    """A header is read whole, byte by byte, and with bytes after it."""
    expected = ProxyHeader(version, client, len(header))
    assert read_proxy_header(header) == expected
    assert read_proxy_header(header + b"\r\nEHLO me\r\n") == expected
    assert [read_proxy_header(header[:n]) for n in range(len(header))] == [None] * len(header)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"EHLO me\r\n", "the SMTP command EHLO came first"),
        (b"\x16\x03\x01\0\xc8", "TLS came first"),
        (b"GET / HTTP/1.1\r\n", "HTTP came first"),
        (b"AUTH PLAIN c2VjcmV0\r\n", "something else came first"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", "does not have a family, two addresses"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", "does not have"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "does not have"),
        (b"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n", "does not have"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", "does not have"),
        (b"PROXY TCP4 ::1 ::2 1 2\r\n", "does not have"),
        (b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "does not have"),
        (b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "does not have"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n" + b"x" * 80, "more than 107 bytes"),
        (b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n", "more than 107 bytes"),
        (SIGNATURE + b"\x11\x11\0\0", "its version 1 with command 1 is not known"),
        (SIGNATURE + b"\x22\x11\0\0", "its version 2 with command 2 is not known"),
        (block_2(0x12, b"\0" * 12), "family and protocol 0x12 are not TCP"),
        (block_2(0x11, b"\0" * 11), "its addresses have 11 bytes, not 12"),
        (block_2(0x11, b"\0" * LONGEST)[:16], "it has 4,112 bytes, more than 4,096"),
    ],
)
def test_invalid_header(data: bytes, why: str) -> None:
    """An invalid header is refused with its reason, however it is split."""
    with pytest.raises(ProxyHeaderError, match=why):
        read_proxy_header(data)
    with pytest.raises(ProxyHeaderError):
        list(map(read_proxy_header, (data[:end] for end in range(1, len(data) + 1))))


def read_with_aiosmtpd(header: bytes) -> object:
    """Return the client's address and port as aiosmtpd reads them, or None for an error."""

    async def read() -> object:
        reader = asyncio.StreamReader()
        reader.feed_data(header)
        reader.feed_eof()
        found = await get_proxy(reader)
        return (str(found.src_addr), found.src_port) if found.valid else None

    return asyncio.run(read())


PORTS = st.integers(0, 65535)


@given(st.ip_addresses(), PORTS)
def test_both_versions_are_read_as_aiosmtpd_reads_them(address: object, port: int) -> None:
    """Every address and port is read as by the parser of aiosmtpd, in both versions."""
    for header in (version_1(str(address), port), version_2(str(address), port)):
        found = read_proxy_header(header)
        assert found is not None
        mapped = getattr(address, "ipv4_mapped", None)
        assert found.client == (str(mapped or address), port)
        assert read_with_aiosmtpd(header) == (str(address), port)


@given(st.binary(max_size=300))
def test_any_bytes_end_without_a_crash(data: bytes) -> None:
    """Any bytes after the first ones of a header give a header, an error, or a wait."""
    for start in (b"PROXY ", SIGNATURE):
        try:
            found = read_proxy_header(start + data)
        except ProxyHeaderError:
            continue
        assert found is None or found.size <= len(start + data)


def test_trusted_networks() -> None:
    """A network and a single address are trusted, others are not; a scope is ignored."""
    trusted = TrustedProxies(["10.0.0.0/8", "192.0.2.7", "fe80::/10"])
    hosts = ("10.1.2.3", "192.0.2.7", "fe80::1%eth0", "192.0.2.8", "::1", "11.0.0.0")
    assert [trusted.trust(host) for host in hosts] == [True, True, True, False, False, False]


def test_wrong_network_is_an_error() -> None:
    """What is not a network is refused with its text and examples."""
    with pytest.raises(ConfigurationError, match=r"'10.0.0.0/33' is not a network \(examples: 10"):
        TrustedProxies(["10.0.0.0/33"])
