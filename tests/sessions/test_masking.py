"""Consecutive lines of a session: what is masked after AUTH, and the notes about it."""

from __future__ import annotations

from base64 import b64encode, encodebytes
from typing import TYPE_CHECKING

import pytest
from driver import Driver
from made_sessions import MadeSession

from fakesmtp.protocol.accounts import Accounts, AnyAccounts, FixedAccounts
from fakesmtp.protocol.actions import Awaiting, Note, Received, SendReply
from fakesmtp.protocol.sasl import MECHANISMS
from fakesmtp.sessions.actions import KEEP
from fakesmtp.sessions.contents import MaskedLine, Phase
from fakesmtp.sessions.events import ClientLine
from fakesmtp.sessions.masking import Masker
from fakesmtp.sessions.notes import AFTER_AUTH, AFTER_CR, OUTSIDE_AUTH, WRAPPED_RESPONSE

if TYPE_CHECKING:
    from fakesmtp.sessions import Session

SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
KNOWN = FixedAccounts([("AppKey", SECRET)])
PLAIN = b64encode(f"\0AppKey\0{SECRET}".encode())
USER, PASSWORD = b64encode(b"AppKey"), b64encode(SECRET.encode())


def record(data: bytes, accounts: Accounts = KNOWN) -> Session:
    """Return the session of a client that sends these bytes."""
    driver = Driver(accounts=accounts)
    driver.send(data)
    session = MadeSession.begin(accounts)
    for action in driver.actions:
        if isinstance(action, Received | SendReply | Note):
            KEEP[type(action)](session, action)
    return session


BOTH = pytest.mark.parametrize("accounts", [KNOWN, AnyAccounts()], ids=["known", "any"])


@BOTH
@pytest.mark.parametrize("columns", [60, 64, 72, 76])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_rest_of_a_wrapped_response(accounts: Accounts, columns: int, end: bytes) -> None:
    """The lines after the first line of a wrapped response are masked, and a note says why."""
    response = b64encode(f"\0AppKey\0{SECRET * 3}".encode())
    pieces = [response[at : at + columns] for at in range(0, len(response), columns)]
    session = record(b"AUTH PLAIN " + end.join(pieces) + b"\r\nQUIT\r\n", accounts)
    rest = len(pieces) - 1
    assert session.commands == (
        "AUTH PLAIN AppKey=AppKey SecretKey=***",
        *["***"] * rest,
        "QUIT",
    )
    assert [str(reply) for reply in session.replies[2:-1]] == ["500 ***"] * rest
    assert session.notes.count(WRAPPED_RESPONSE) == 1


@pytest.mark.parametrize("accounts", [KNOWN], ids=["known"])
def test_wrapped_response_explains_the_refusal(accounts: Accounts) -> None:
    """The note about the 535 says that the response may be wrapped."""
    response = encodebytes(f"\0AppKey\0{SECRET}{SECRET}".encode())
    session = record(b"AUTH PLAIN " + response + b"\r\n", accounts)
    assert session.refusals[0].reason == (
        "the SecretKey of AppKey 'AppKey' is wrong; was the Base64 response wrapped over several "
        "lines? It must be one line (RFC 4954 §4)"
    )


@BOTH
@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([b"AUTH SuperSecret42 AppKey"], ["AUTH ***"]),
        ([b"AUTH PLAIN=" + PLAIN + b" x"], ["AUTH ***"]),
        ([b"AUTH " + PLAIN + b" PLAIN"], ["AUTH ***"]),
        ([b"AUTH LOGIN:" + PASSWORD + b" " + USER], ["AUTH ***"]),
        ([b"AUTH " + PLAIN], ["AUTH ***"]),
        ([b"AUTH=PLAIN " + PLAIN], ["AUTH***"]),
        ([b"AUTH CRAM-MD5"], ["AUTH CRAM-MD5"]),
        ([b"auth xoauth2"], ["auth xoauth2"]),
        ([b"AUTH CRAM-MD5", PASSWORD, PASSWORD], ["AUTH CRAM-MD5", "***", "***"]),
        ([b"AUTH XOAUTH2 " + PASSWORD, b"", b"x"], ["AUTH XOAUTH2 ***", "", "***"]),
        (
            [b"AUTH LOGIN", USER, b"d3Jvbmc=", PASSWORD, b"NOOP", b"FOO"],
            ["AUTH LOGIN", "AppKey=AppKey", "SecretKey=***", "***", "NOOP", "FOO"],
        ),
        ([b"PASS " + PASSWORD, PASSWORD], ["PASS ***", "***"]),
        ([b"XAUTH " + PLAIN, PASSWORD], ["***", "***"]),
        ([b"LOGIN", b"NOOP"], ["LOGIN", "NOOP"]),
    ],
)
def test_shown_parts_of_auth(accounts: Accounts, lines: list[bytes], shown: list[str]) -> None:
    """Only registered mechanisms of AUTH are shown; everything after the mechanism is masked."""
    data = b"".join(line + b"\r\n" for line in lines)
    if isinstance(accounts, FixedAccounts) and data.startswith(b"PASS"):
        shown = ["***", "***"]
    assert list(record(data, accounts).commands) == shown


@BOTH
def test_over_long_line_inside_auth(accounts: Accounts) -> None:
    """The response after an over-long line still belongs to AUTH, and is masked."""
    lines = (b"AUTH LOGIN", b"A" * 9_000, USER, b"A" * 9_000, PASSWORD, b"NOOP")
    session = record(b"".join(line + b"\r\n" for line in lines), accounts)
    assert session.commands == ("AUTH LOGIN", "AppKey=AppKey", "SecretKey=***", "NOOP")
    phases = [event.phase for event in session.events if isinstance(event, ClientLine)]
    assert phases == [Phase.AUTH, Phase.AUTH, Phase.AUTH, Phase.OTHER]


def test_second_login_is_masked() -> None:
    """The lines of a second login, pipelined after a 503, are masked."""
    again = b"AUTH LOGIN\r\n" + USER + b"\r\n" + PASSWORD + b"\r\n"
    session = record(b"AUTH PLAIN " + PLAIN + b"\r\n" + again + b"RSET\r\n", AnyAccounts())
    assert session.commands[1:] == ("AUTH LOGIN", "***", "***", "RSET")
    assert "500 ***" in session.transcript()
    assert session.notes[-1] == AFTER_AUTH


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_every_mechanism_is_shown(mechanism: str) -> None:
    """A registered mechanism is shown, alone and with a masked response."""
    masker = Masker(AnyAccounts())
    line = f"AUTH {mechanism}".encode()
    assert masker.mask(line + b"\r\n", Awaiting.COMMAND).content == line + b"\r\n"
    assert masker.mask(line + b" =?\r\n", Awaiting.COMMAND).content == MaskedLine(
        f"{line.decode()} ***"
    )


@pytest.mark.parametrize(
    ("user_name", "shown"),
    [
        ("AppKey#ad", "AppKey=AppKey mailType=ad"),
        ("AppKey#promo", "AppKey=AppKey mailType=promo"),
        ("AppKey#", "AppKey=AppKey mailType="),
        ("AppKey#0123456789abcdef", "AppKey=AppKey mailType=***"),
        ("AppKey:SuperSecret", "AppKey=***"),
        ("AppKey SuperSecret", "AppKey=***"),
        ("AppKey\nSuperSecret", "AppKey=***"),
        ("\0AppKey\0SuperSecret", "AppKey=***"),
        (b64encode(b"\0AppKey\0SuperSecret").decode(), "AppKey=***"),
        ("앱키", "AppKey=앱키"),
    ],
)
def test_user_name_is_shown_if_it_is_plausible(user_name: str, shown: str) -> None:
    """A user name that is more than an AppKey and a mail type is masked, with any accounts."""
    line = b64encode(user_name.encode()) + b"\r\n"
    assert Masker(AnyAccounts()).mask(line, Awaiting.LOGIN_USER).content.text == shown


def test_known_app_key_is_shown() -> None:
    """The AppKey of an account is shown, also if its SecretKey begins with the same letters."""
    accounts = FixedAccounts([("test-project-key", "test-project-secret")])
    line = b64encode(b"test-project-key#ad") + b"\r\n"
    masked = Masker(accounts).mask(line, Awaiting.LOGIN_USER)
    assert masked.content.text == "AppKey=test-project-key mailType=ad"


def test_secret_outside_of_auth_has_a_note() -> None:
    """The line is masked except for its command, and the note says why."""
    session = record(b"noop x" + SECRET[4:12].encode() + b"\r\nDATA" + PASSWORD + b"\r\n")
    assert session.commands == ("noop ***", "***")
    assert session.replies[1].code == 250
    assert str(session.replies[2]) == "500 ***"
    assert session.notes.count(OUTSIDE_AUTH) == 1


def test_command_with_a_cr_inside() -> None:
    """What a client with wrong line ends took for its next line is masked, with a note."""
    session = record(b"RSET\rAUTH PLAIN " + PASSWORD + b"\r\nnoop\rnoop\r\n")
    assert session.commands == ("RSET ***", "noop ***")
    assert str(session.replies[1]) == "500 ***"
    assert session.notes.count(AFTER_CR) == 1


def test_masked_line_without_a_reply_masks_no_later_reply() -> None:
    """Only the reply to a masked line is masked."""
    session = MadeSession.begin(KNOWN)
    session.record_line(SECRET.encode() + b"\r\n", Awaiting.COMMAND)
    session.record_line(b"NOOP\r\n", Awaiting.COMMAND)
    session.record_reply(Driver().dialogue.receive_line(b"NOOP\r\n")[0].reply)
    assert str(session.replies[0]) == "250 2.0.0 OK"
