"""Secrets are masked in `repr`, and known ones are found in every encoding."""

from __future__ import annotations

import pickle
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.errors import ConfigurationError
from fakesmtp.options import fresh_pair, make_accounts
from fakesmtp.protocol.accounts import AnyAccounts, FixedAccounts
from fakesmtp.protocol.credentials import Account
from fakesmtp.protocol.secret import PIECE, KnownSecrets, Secret, hide_secrets

KEY = "zQ7/wKp2+Vx9_Tn4~Ro1"
KNOWN = KnownSecrets([KEY])


def test_secret_is_masked_in_repr() -> None:
    """A secret is a text with a masked `repr`, alone and inside of other values."""
    secret = Secret(KEY)
    assert repr([secret, {"key": secret}, (secret,)]) == "[***, {'key': ***}, (***,)]"
    assert f"{secret!r} {secret}" == f"*** {KEY}"
    assert secret == KEY
    assert hash(secret) == hash(KEY)
    assert type(str(secret)) is str
    assert repr(pickle.loads(pickle.dumps(secret))) == "***"  # noqa: S301 - our own


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY.upper(),
        KEY.lower(),
        b64encode(KEY.encode()).decode(),
        urlsafe_b64encode(b"x" + KEY.encode()).decode(),
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        quote(KEY, safe=""),
        quote(KEY),
        "".join(f"%{byte:02X}" for byte in KEY.encode()),
    ],
)
def test_every_form_is_found(text: str) -> None:
    """Every form is found, at any position in a line."""
    for before in range(9):
        assert KNOWN.occur_in(b" " * before + text.encode() + b" \r\n")


@given(st.data(), st.binary(max_size=20), st.binary(max_size=20))
def test_every_piece_is_found(data: st.DataObject, before: bytes, behind: bytes) -> None:
    """Eight characters in a row are found at any position."""
    forms = [KEY, KEY.encode().hex(), b64encode(b"xyz" + KEY.encode()).decode()[4:-2]]
    form = data.draw(st.sampled_from(forms))
    start = data.draw(st.integers(0, len(form) - PIECE))
    assert KNOWN.occur_in(before + form[start : start + PIECE].encode() + behind)


def test_less_than_a_piece_is_not_found() -> None:
    """Seven characters and ordinary lines do not reveal a secret."""
    for start in range(len(KEY) - PIECE + 2):
        assert not KNOWN.occur_in(f"NOOP {KEY[start : start + PIECE - 1]}\r\n".encode())
    assert not KNOWN.occur_in(b"MAIL FROM:<someone@example.com> BODY=8BITMIME 100%25 %zz %\r\n")


@pytest.mark.parametrize("secret", ["abc", "Secret", "비밀", "1234567"])
def test_short_secrets_are_found_whole(secret: str) -> None:
    """A secret that is shorter than a piece is found if it is complete."""
    known = KnownSecrets([secret])
    assert known.occur_in(f"NOOP {secret}\r\n".encode())
    assert known.occur_in(b64encode(b"\0AppKey\0" + secret.encode()) + b"\r\n")


def test_nothing_is_found_without_secrets() -> None:
    """Without accounts nothing is found."""
    assert not KnownSecrets([]).occur_in(KEY.encode())


def test_secret_of_an_added_account_is_found() -> None:
    """The search includes the secrets of accounts that were added later."""
    accounts = FixedAccounts([("a", "first-secret")])
    assert not accounts.find_secret(b"second-secret")
    accounts.add("b", "second-secret")
    assert accounts.find_secret(b"second-secret")
    accounts.remove("b")
    assert not accounts.find_secret(b"second-secret"[:8])
    assert accounts.find_secret(b"first-secret")


# -- accounts as they are given --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([("AppKey#ad", KEY)], "AppKey 'AppKey#ad' is not valid"),
        ([("AppKey", "")], "AppKey 'AppKey' is not valid"),
        ([("AppKey", KEY.encode())], "an AppKey and its SecretKey must be texts, not bytes"),
        ([(None, KEY)], "an AppKey and its SecretKey must be texts, not NoneType"),
        ([("AppKey", KEY, "ad")], "account 1 must be a pair (AppKey, SecretKey), not a tuple of 3"),
        ([("a", "b"), (KEY,)], "account 2 must be a pair (AppKey, SecretKey), not a tuple of 1"),
        ([f"AppKey:{KEY}"], "account 1 must be a pair (AppKey, SecretKey), not a text"),
        (("AppKey", KEY), "account 1 must be a pair (AppKey, SecretKey), not a text"),
        ({"AppKey": KEY}, "account 1 must be a pair (AppKey, SecretKey), not a text"),
        ([KEY.encode()], "account 1 must be a pair (AppKey, SecretKey), not bytes"),
        (KEY, 'accounts must be (AppKey, SecretKey) pairs or "any", not a text'),
        ("all", "accounts must be (AppKey, SecretKey) pairs or \"any\", not 'all'"),
        (7, 'accounts must be (AppKey, SecretKey) pairs or "any", not int'),
    ],
)
def test_invalid_accounts(given: object, message: str) -> None:
    """The error says what would be right; neither it nor its traceback shows the secret."""
    with pytest.raises(ConfigurationError) as caught:
        make_accounts(given)
    assert message in str(caught.value)
    assert KEY not in str(caught.value)
    trace = caught.traceback[1:]
    assert trace
    assert not [entry for entry in trace if KEY in repr(entry.frame.f_locals)]


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_accounts_in_any_iterable(kind: type) -> None:
    """Pairs are tuples or lists, in any iterable."""
    made = make_accounts(kind([("a", KEY), ["b", "x"]]))
    assert isinstance(made, FixedAccounts)
    assert made.accounts == (Account("a", KEY), Account("b", "x"))
    assert repr(made.accounts[0].secret_key) == "***"


def test_hiding_is_idempotent() -> None:
    """A hidden value stays the same when it is hidden again."""
    once = hide_secrets([("a", KEY), KEY, 7])
    assert hide_secrets(once) == once
    assert isinstance(make_accounts("any"), AnyAccounts)
    assert hide_secrets(None) is None


def test_generated_secret_is_hidden() -> None:
    """The SecretKey that a server generates is masked, too."""
    assert repr(fresh_pair()[1]) == "***"
