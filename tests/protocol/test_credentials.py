"""User names, SASL payloads and accounts."""

from __future__ import annotations

from base64 import b64encode
from random import Random
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.accounts import AnyAccounts, FixedAccounts
from fakesmtp.protocol.credentials import Credentials, MailType
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.sasl import (
    MalformedResponse,
    check_user_name,
    decode_base64,
    parse_plain,
)

NORMAL, AUTH, AD = MailType


@pytest.mark.parametrize(
    ("user_name", "switches", "mail_type"),
    [
        ("AppKey", {}, NORMAL),
        ("AppKey#normal", {}, NORMAL),
        ("AppKey#auth", {}, AUTH),
        ("AppKey#ad", {}, AD),
        ("AppKey#promo", {}, None),
        ("AppKey#promo", {"unknown_mail_type": "normal"}, NORMAL),
        ("AppKey#", {}, None),
        ("AppKey#", {"empty_mail_type": "normal"}, NORMAL),
        ("AppKey#", {"unknown_mail_type": "normal"}, None),
        ("AppKey#ad#x", {}, None),
        ("AppKey#ad#x", {"several_hashes": "normal"}, NORMAL),
        ("AppKey#AD", {}, None),
        ("AppKey#AD", {"mail_type_in_any_case": True}, AD),
        ("AppKey#AD", {"unsafe_user_name_in_any_case": True}, AD),
        ("AppKey# ad", {}, None),
    ],
)
def test_mail_types(
    user_name: str, switches: dict[str, object], mail_type: MailType | None
) -> None:
    """Each undocumented spelling is refused, or accepted with its switch."""
    credentials = Credentials.parse(user_name, "s", Policy(**switches))
    assert (credentials and credentials.mail_type) == mail_type


def test_credentials_do_not_show_the_secret_key() -> None:
    """The SecretKey is not in the repr of credentials."""
    assert "geheim" not in repr(Credentials("a", AD, "geheim"))


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        (b"", b""),
        (b"QQ==", b"A"),
        (b"QQ", b"A"),
        (b"QUI=", b"AB"),
        (b"QUJD", b"ABC"),
        (b"+/+/", b"\xfb\xff\xbf"),
    ],
)
def test_base64(text: bytes, decoded: bytes) -> None:
    """Padding is optional."""
    assert decode_base64(text) == decoded


@pytest.mark.parametrize(
    "text",
    [b"Q", b"QUJDQ", b"=", b"QQ=", b"QUI==", b"QUJD=", b"Q Q=", b"QQ==\n", b"-_-_", b"QQ==QQ=="],
)
def test_invalid_base64(text: bytes) -> None:
    """A text that is not strict Base64 is malformed (RFC 4648 §3)."""
    with pytest.raises(MalformedResponse):
        decode_base64(text)


@given(st.binary())
def test_base64_round_trip(data: bytes) -> None:
    """Bytes are the same after encoding and decoding, with padding or without."""
    encoded = b64encode(data)
    assert decode_base64(encoded) == decode_base64(encoded.rstrip(b"=")) == data


@pytest.mark.parametrize(
    ("payload", "parsed"),
    [
        ("\0user\0pass", ("user", "pass")),
        ("user\0pass", ("user", "pass")),
        ("admin\0user\0pass", ("user", "pass")),
        ("\0user\0pass\0", ("user", "pass")),
        ("a\0user\0pass\0extra", ("user", "pass")),
        ("\0\0user\0\0pass", ("user", "pass")),
    ],
)
def test_plain(payload: str, parsed: tuple[str, str]) -> None:
    """Empty parts do not count, and of three parts the first is ignored."""
    assert parse_plain(b64encode(payload.encode())) == parsed


@pytest.mark.parametrize(
    "payload", ["", "\0", "user", "\0user\0", " \0p", "a@b@c\0p", "u" * 256 + "\0p"]
)
def test_malformed_plain(payload: str) -> None:
    """A response with fewer than two parts or an invalid user name is malformed."""
    with pytest.raises(MalformedResponse):
        parse_plain(b64encode(payload.encode()))


@pytest.mark.parametrize("user_name", ["", " ", "\t", "@", "a@", "@a", "a@b@c", "x" * 256])
def test_invalid_user_names(user_name: str) -> None:
    """A user name for which the software raises an exception is malformed."""
    with pytest.raises(MalformedResponse):
        check_user_name(user_name)


@given(st.binary(max_size=80))
def test_any_response_is_parsed_or_malformed(response: bytes) -> None:
    """Any bytes are parsed or raise `MalformedResponse`."""
    try:
        user_name, _ = parse_plain(response)
    except MalformedResponse:
        return
    assert user_name


def test_fixed_accounts() -> None:
    """Only the exact pair of an account is accepted."""
    accounts = FixedAccounts([("Key", "Secret")])
    assert accounts.verify("Key", "Secret") == "Key"
    assert accounts.verify("key", "Secret") is None
    assert accounts.verify("Key", "secret") is None
    assert accounts.verify("Other", "Secret") is None
    assert accounts.verify("Key", "") is None
    assert accounts.verify("KEY", "Secret", any_case=True) == "Key"


def test_adding_and_removing_accounts() -> None:
    """An added account is accepted until it is removed."""
    accounts = FixedAccounts([("a", "1")])
    accounts.add("b", "2")
    assert accounts.verify("b", "2") == "b"
    accounts.remove("b")
    accounts.remove("b")
    assert accounts.verify("b", "2") is None
    assert not accounts.find_secret(b"2")
    assert [account.app_key for account in accounts.accounts] == ["a"]


def test_any_accounts() -> None:
    """Any pair is accepted, unless one half is empty."""
    accounts = AnyAccounts()
    assert accounts.verify("k", "s") == "k"
    assert accounts.verify("", "s") is None
    assert accounts.verify("k", "") is None
    assert not accounts.find_secret(b"s")


def test_app_keys_of_a_generator() -> None:
    """A random AppKey is accepted, although one of twenty is Base64 with a NUL inside."""
    generator, letters = Random(1), ascii_letters + digits  # noqa: S311 - no secrets
    keys = ["".join(generator.choices(letters, k=16)) for _ in range(2_000)]
    assert [key for key in keys if AnyAccounts().verify(key, "s") is None] == []
    response = b64encode(b"\0AppKey\0SecretKey").decode()
    assert AnyAccounts().verify(response, "s") is None


@pytest.mark.parametrize("pair", [("", "s"), ("k", ""), ("k#ad", "s"), ("k\0", "s"), ("k", "\0")])
def test_invalid_accounts_are_refused(pair: tuple[str, str]) -> None:
    """An account that no client could use is an error that does not show the SecretKey."""
    with pytest.raises(ConfigurationError, match="AppKey") as error:
        FixedAccounts([pair])
    assert "'s'" not in str(error.value)


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        (
            {"unknown_mail_type": "accept"},
            r"unknown_mail_type must be one of 'refuse'.*not 'accept'",
        ),
        ({"auth_required_at": "data"}, r"auth_required_at must be one of .*'mail'.*not 'data'"),
        ({"max_message_size": 0}, "above 0"),
        ({"idle_timeout": -1}, "above 0"),
        ({"idle_timeout": None}, "idle_timeout must be a number above 0, not None"),
        ({"max_message_size": "1"}, "must be a whole number above 0, not '1'"),
        ({"max_recipients": 1.5}, "must be a whole number above 0, not 1.5"),
        ({"max_recipients": True}, "must be a whole number above 0, not True"),
        ({"require_tls": "yes"}, "require_tls must be True or False, not 'yes'"),
    ],
)
def test_invalid_switches_are_refused(switches: dict[str, object], message: str) -> None:
    """An invalid value of a switch is an error that lists the valid ones."""
    with pytest.raises(ConfigurationError, match=message):
        Policy(**switches)
