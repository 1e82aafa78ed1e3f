"""Addresses are parsed like the recorded software does, also forms beyond its transcripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.protocol.address import AddressError, parse_address

ACCEPTED = [
    ("user@EXAMPLE.Com", "user@example.com"),
    ("local", "local@localhost"),
    (" local", "local@localhost"),
    (" \t\0user@EXAMPLE.Com\x1f ", "user@example.com"),
    (" a@[127.0.0.1] ", "a@127.0.0.1"),
    ("a..b@c.com", "a..b@c.com"),
    ("a@c.1com", "a@c.1com"),
    ("a@xn--3e0b707e.example", "a@xn--3e0b707e.example"),
    ("a@b--c.com", "a@b--c.com"),
    ('"a b"@c.com', '"a b"@c.com'),
    ('"\\""@c.com', '"\\""@c.com'),
    ("a\\@b@c.com", "a\\@b@c.com"),
    ("a@[127.0.0.1]", "a@127.0.0.1"),
    ("a@#123", "a@#123"),
    ("a@#123.com", "a@#123.com"),
    # The software stops after a literal.
    ("a@[1.2.3.4]junk", "a@1.2.3.4"),
    ("a@" + "x" * 249 + ".com", "a@" + "x" * 249 + ".com"),
]
REFUSED = [
    "",
    "@",
    " ",
    "\t",
    " @",
    "@ ",
    " @ ",
    # The domain is added before blanks are stripped.
    "local ",
    "@c.com",
    "a@",
    "a@.",
    "a@b.",
    "a@.b",
    "a@b..c",
    "a@-b",
    "a@b-",
    "a@b_c",
    "a@b c",
    "a@b@c",
    ".a@b",
    "a.@b",
    "a b@c",
    "<a@b",
    "a,b@c",
    'a"b@c',
    '""@c',
    '"a@c',
    '"a"b@c',
    "@a.com:u@c.com",
    "a@[IPv6:::1]",
    "a@[1.2.3]",
    "a@[1.2.3.256]",
    "a@[1.2.3.4",
    "a@#",
    "a@#x",
    "\ufffd@c.com",
    "a@\ufffd.com",
    "a@" + "x" * 250 + ".com",
]


@pytest.mark.parametrize(("text", "echo"), ACCEPTED)
def test_accepted(text: str, echo: str) -> None:
    """The address is accepted and returned as it is echoed."""
    assert parse_address(text) == echo


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    """The text is not an address."""
    with pytest.raises(AddressError):
        parse_address(text)


@given(st.text(st.sampled_from('ab1.@"\\[]#-<> \t\x00\ufffd'), max_size=30))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    """Any text is parsed to an address with a lower-case domain, or raises `AddressError`."""
    try:
        echo = parse_address(text)
    except AddressError:
        return
    assert "@" in echo
    assert echo.rpartition("@")[2] == echo.rpartition("@")[2].lower()
