"""Reasons of refused AUTH: each mistake has one for the developer, none is sent to the client."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest
import refused_lines
from driver import Driver
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.protocol.accounts import AnyAccounts, FixedAccounts
from fakesmtp.protocol.actions import Note
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.reasons import explain_login

KEY, SECRET, OTHER = "AppKeyOne", "S3cretKey/of+One", "S3cretKeyOfTwo"
ACCOUNTS = FixedAccounts([(KEY, SECRET), ("AppKeyTwo", OTHER)])
FAILED = ["535 Authentication Failed"]
WRONG = "the SecretKey of AppKey 'AppKeyOne'"


def plain(user_name: str, password: str) -> bytes:
    """Return the response of PLAIN."""
    return b64encode(f"\0{user_name}\0{password}".encode())


def refuse(
    *lines: bytes, accounts: FixedAccounts | AnyAccounts = ACCOUNTS, policy: Policy | None = None
) -> tuple[list[str], str]:
    """Send these lines; return the replies to the last one and the reason."""
    return refused_lines.refuse(*lines, accounts=accounts, policy=policy)


@pytest.mark.parametrize(
    ("user_name", "password", "reason"),
    [
        (KEY, "wrong", f"{WRONG} is wrong"),
        (KEY, OTHER, f"{WRONG} is wrong: it is that of AppKey 'AppKeyTwo'"),
        (KEY, SECRET + " ", f"{WRONG} ends with a space"),
        (KEY, " " + SECRET, f"{WRONG} starts with a space"),
        (KEY, f" {SECRET}\t", f"{WRONG} has spaces around it"),
        (KEY, SECRET + "\n", f"{WRONG} ends with a line end (`echo -n` and `printf` write none)"),
        (KEY, SECRET + "\r\n", f"{WRONG} ends with a line end (`echo -n` and `printf` write none)"),
        (KEY, f'"{SECRET}"', f"{WRONG} is in quotes"),
        (KEY, f"'{SECRET}'", f"{WRONG} is in quotes"),
        (KEY, SECRET.upper(), f"{WRONG} differs only in case"),
        (KEY, b64encode(SECRET.encode()).decode(), f"{WRONG} was encoded as Base64 twice"),
        (KEY, "S3cretKey%2Fof%2BOne", f"{WRONG} is percent-encoded"),
        (KEY, SECRET[:9], f"{WRONG} is cut off after 9 characters"),
        (f"{KEY}#ad", "wrong", f"{WRONG} is wrong"),
        (
            "AppKeyTree",
            SECRET,
            "the AppKey 'AppKeyTree' is unknown; the server has the AppKey 'AppKeyOne' and 1 more",
        ),
        (
            f"{KEY}%23ad",
            SECRET,
            "the AppKey goes on with '%23' in place of '#'; the server has the AppKey 'AppKeyOne'",
        ),
        (
            f"{KEY} ",
            SECRET,
            "the AppKey ends with a space; the server has the AppKey 'AppKeyOne'",
        ),
        (
            f"{KEY}\n#ad",
            SECRET,
            (
                "the AppKey ends with a line end (`echo -n` and `printf` write none); "
                "the server has the AppKey 'AppKeyOne'"
            ),
        ),
        (
            KEY.lower(),
            SECRET,
            "the AppKey differs only in case; the server has the AppKey 'AppKeyOne'",
        ),
        (SECRET, KEY, "AppKey and SecretKey are swapped: the user name is the AppKey"),
        (SECRET, f"{KEY}#ad", "AppKey and SecretKey are swapped: the user name is the AppKey"),
        (
            f"{SECRET}#ad",
            "x",
            "the user name is a SecretKey; it must be an AppKey, alone or as AppKey#type",
        ),
        ("#ad", SECRET, "the AppKey is empty"),
        (
            f"{KEY}#promo",
            SECRET,
            "the mail type 'promo' is unknown; allowed are 'normal', 'auth' and 'ad'",
        ),
        (
            f"{KEY}#{OTHER}",
            SECRET,
            "the mail type is unknown; allowed are 'normal', 'auth' and 'ad'",
        ),
        (f"{KEY}#AD", SECRET, "the mail type 'AD' differs only in case: write 'ad'"),
        (f"{KEY}#ad ", SECRET, "the mail type ends with a space: write 'ad'"),
        (
            f"{KEY}#",
            SECRET,
            "no mail type follows the '#' of the user name; allowed are 'normal', 'auth' and 'ad'",
        ),
        (
            f"{KEY}#ad#x",
            SECRET,
            "the user name has more than one '#'; it is AppKey or AppKey#type",
        ),
        (
            f"{KEY}:{SECRET}",
            "x",
            "the AppKey '***' is unknown; the server has the AppKey 'AppKeyOne' and 1 more",
        ),
    ],
)
def test_reason_of_a_refused_login(user_name: str, password: str, reason: str) -> None:
    """The note of a 535 names the mistake, for PLAIN and LOGIN, without a SecretKey."""
    by_plain = refuse(b"AUTH PLAIN " + plain(user_name, password))
    user, key = (b64encode(text.encode()) for text in (user_name, password))
    assert by_plain == refuse(b"AUTH LOGIN", user, key) == (FAILED, reason)
    assert SECRET not in reason
    assert OTHER not in reason


def test_reason_of_an_empty_secret_key() -> None:
    """An empty SecretKey, which LOGIN can send, has a reason."""
    user = b64encode(KEY.encode())
    assert refuse(b"AUTH LOGIN", user, b"") == (FAILED, f"{WRONG} is empty")


@pytest.mark.parametrize(
    ("lines", "reply", "reason"),
    [
        (
            [b"AUTH CRAM-MD5"],
            "504 Unrecognized Authentication Type",
            "the mechanism CRAM-MD5 is not offered; offered are LOGIN and PLAIN",
        ),
        (
            [b"AUTH xoauth2 dXNlcj0="],
            "504 Unrecognized Authentication Type",
            "the mechanism XOAUTH2 is not offered; offered are LOGIN and PLAIN",
        ),
        (
            [b"AUTH  PLAIN " + plain(KEY, SECRET)],
            "504 Unrecognized Authentication Type",
            "more than one space follows AUTH (RFC 4954 §4: one)",
        ),
        (
            [b"AUTH " + SECRET.encode()],
            "504 Unrecognized Authentication Type",
            "the word after AUTH is not a mechanism; offered are LOGIN and PLAIN",
        ),
        (
            [b"AUTH PLAIN " + KEY.encode() + b" " + SECRET.encode()],
            "451 Unable to process request",
            "the response is not Base64",
        ),
        (
            [b"AUTH PLAIN", urlsafe_b64encode(b"\0AppKey\0\xff\xfe\xfd\xfc")],
            "451 Unable to process request",
            "the response is URL-safe Base64; it must be the standard one (RFC 4648 §4)",
        ),
        (
            [b"AUTH PLAIN " + plain(KEY, SECRET)[:-3]],
            "451 Unable to process request",
            "the response is not whole Base64: its length or its padding is wrong",
        ),
        (
            [b"AUTH PLAIN " + b64encode(b"AppKeyOne:secret")],
            "451 Unable to process request",
            "the response has no user name and password with a NUL before each",
        ),
        (
            [b"AUTH PLAIN " + plain(KEY, "")],
            "451 Unable to process request",
            "the SecretKey is empty",
        ),
        (
            [b"AUTH PLAIN " + plain("", SECRET)],
            "451 Unable to process request",
            "the user name is empty",
        ),
        (
            [b"AUTH PLAIN", plain("", "")],
            "451 Unable to process request",
            "the user name and the SecretKey are empty",
        ),
        (
            [b"AUTH LOGIN", b64encode(b" ")],
            "451 Unable to process request",
            "the user name is blank, too long or half an e-mail address",
        ),
        (
            [b"AUTH LOGIN", b64encode(KEY.encode()), SECRET.encode() + b"!"],
            "501 Could not decode parameters for AUTH LOGIN",
            "the response is not Base64",
        ),
    ],
)
def test_reason_of_a_refused_exchange(lines: list[bytes], reply: str, reason: str) -> None:
    """The note of a 504, 451 or 501 says what is wrong with the line."""
    assert refuse(*lines) == ([reply], reason)


@pytest.mark.parametrize("columns", [60, 64, 72, 76])
def test_reason_of_a_wrapped_response(columns: int) -> None:
    """The reason asks about wrapping if a response ends where encoders wrap lines."""
    response = plain(KEY, "x" * 100)[:columns]
    _, reason = refuse(b"AUTH PLAIN " + response)
    assert reason.startswith(f"{WRONG} is wrong; was the Base64 response wrapped over several")


@pytest.mark.parametrize(
    ("user_name", "password", "reason"),
    [
        ("AppKey", "", "the SecretKey is empty"),
        ("#ad", "x", "the AppKey is empty"),
        (
            "AppKey:SecretKey",
            "x",
            "the user name is not an AppKey: one word without ':' and quotes, or AppKey#type",
        ),
        (
            b64encode(b"\0AppKey\0SecretKey").decode(),
            "x",
            "the user name is not an AppKey: one word without ':' and quotes, or AppKey#type",
        ),
        (
            "AppKey#promo",
            "x",
            "the mail type 'promo' is unknown; allowed are 'normal', 'auth' and 'ad'",
        ),
    ],
)
def test_reasons_with_any_accounts(user_name: str, password: str, reason: str) -> None:
    """A login that `accounts="any"` refuses has a reason, too."""
    user, key = (b64encode(text.encode()) for text in (user_name, password))
    assert refuse(b"AUTH LOGIN", user, key, accounts=AnyAccounts()) == (FAILED, reason)


def test_case_is_not_a_reason_if_it_is_ignored() -> None:
    """If AppKeys are accepted in any case, the reason is the SecretKey."""
    policy = Policy(unsafe_user_name_in_any_case=True)
    _, reason = refuse(b"AUTH PLAIN " + plain(KEY.upper(), "wrong"), policy=policy)
    assert reason == f"{WRONG} is wrong"


def test_reason_without_accounts() -> None:
    """If there are no accounts, that is the reason."""
    assert refuse(b"AUTH PLAIN " + plain("a", "b"), accounts=FixedAccounts([])) == (
        FAILED,
        "no account is set",
    )


def test_successful_login_has_no_note() -> None:
    """Only a refusal has a reason."""
    driver = Driver()
    driver.send(b"AUTH PLAIN " + plain("AppKey", "SecretKey") + b"\r\n")
    assert not any(isinstance(action, Note) for action in driver.actions)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_wrong_login_has_a_reason(app_key: str, secret_key: str) -> None:
    """Any wrong login has a reason without a part of a known SecretKey."""
    reason = explain_login(app_key, secret_key, "***", ACCOUNTS.accounts)
    assert reason
    assert all(secret not in reason for secret in (SECRET, OTHER))
