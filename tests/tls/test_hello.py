"""Parsing a ClientHello: its facts, and any bytes."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.tls.hello import ClientHello, read_client_hello

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "smtp-mail.nhncloudservice.com"
HEADER = 5


def say_hello(change: Callable[[ssl.SSLContext], object] = id, name: str | None = NAME) -> bytes:
    """Return the first bytes of a client that uses OpenSSL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    change(context)
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


HELLO = say_hello()


def read(data: bytes) -> ClientHello:
    """Return the parsed message, which must exist."""
    hello = read_client_hello(data)
    assert hello is not None
    return hello


def in_records(data: bytes, size: int) -> bytes:
    """Split the message from one record into many."""
    content = data[HEADER:]
    parts = (content[start : start + size] for start in range(0, len(content), size))
    return b"".join(data[:3] + len(part).to_bytes(2, "big") + part for part in parts)


def test_a_name_is_read() -> None:
    """The host name is read from the first message."""
    assert read(HELLO).server_name == NAME


@pytest.mark.parametrize("name", [None, "127.0.0.1"])
def test_no_name_is_none(name: str | None) -> None:
    """A client that asks for an address, or for nothing, requests no host name."""
    assert read(say_hello(name=name)).server_name is None


def test_bytes_after_the_message_are_ignored() -> None:
    """Bytes after the message change nothing."""
    assert read(HELLO + HELLO[:50] + bytes(50)) == read(HELLO)


def test_an_incomplete_message_is_none() -> None:
    """Byte by byte, there is no result before the last one."""
    assert {read_client_hello(HELLO[:size]) for size in range(len(HELLO))} == {None}


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_message_in_many_records_is_read(size: int) -> None:
    """A message may be split into records anywhere (RFC 8446 §5.1)."""
    assert read(in_records(HELLO, size)) == read(HELLO)
    assert read_client_hello(in_records(HELLO, size)[:-1]) is None


def only_1_2(ciphers: str) -> Callable[[ssl.SSLContext], None]:
    """Return a function that limits a client to TLS 1.2 with these cipher suites."""

    def change(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)

    return change


@pytest.mark.parametrize(
    ("ciphers", "takes"),
    [
        ("DEFAULT", True),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
        ("ECDHE-RSA-AES128-GCM-SHA256", False),
        ("aRSA", False),
    ],
)
def test_suites_tell_whether_p256_suits(ciphers: str, takes: bool) -> None:  # noqa: FBT001 - a table
    """A client of TLS 1.2 accepts P-256 if one of its cipher suites uses it."""
    assert read(say_hello(only_1_2(ciphers))).takes_p256 is takes


def test_a_client_of_tls_1_3_accepts_p256() -> None:
    """An ordinary client of TLS 1.3 accepts P-256."""
    assert read(HELLO).takes_p256


@pytest.mark.parametrize("without", ["groups", "signatures"])
def test_a_client_without_p256(without: str) -> None:
    """The curve must be among a client's groups and its signatures."""
    hello = read(HELLO)
    assert not hello._replace(**{without: frozenset({24})}).takes_p256


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: HELLO[:11] + data))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are parsed or rejected, and nothing raises."""
    read_client_hello(data)


@given(st.integers(HEADER, len(HELLO) - 1), st.integers(0, 255))
def test_one_changed_byte(place: int, byte: int) -> None:
    """A message with one changed byte is parsed or rejected, and nothing raises."""
    read_client_hello(HELLO[:place] + bytes([byte]) + HELLO[place + 1 :])
