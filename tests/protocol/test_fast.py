"""The fast path of a dialogue gives the same replies as the full one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from driver import Driver
from hypothesis import given, settings
from hypothesis import strategies as st

from fakesmtp.protocol.address import LONGEST_DOMAIN
from fakesmtp.protocol.dialogue import Dialogue
from fakesmtp.protocol.fast import FastDialogue
from fakesmtp.protocol.framing import LONGEST_LINE
from fakesmtp.protocol.nhn import Profile
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.rows import Provenance, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

MAIL, RCPT, DATA = b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n"
LOGIN = b"AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=\r\n"
LONG_NAME = b"a" * (LONGEST_DOMAIN - len(b"MAIL FROM:<@b.c>\r\n"))
ORDINARY = [MAIL, RCPT, DATA]
UNUSUAL = [
    *(b"QUIT\r\n", b"QUIT now\r\n", b"EHLO\r\n", b"EHLO a b\r\n", b"ehlo c\r\n", b"EHLO \x01\r\n"),
    *(b"RSET\r\n", b"NOOP\r\n", b"EHLO c\r\n", LOGIN),
    *(b"mail from:<A.b+c@EXAMPLE.com>\r\n", b"rcpt TO:<x'y@Sub.Example.ORG>\r\n", b"data\r\n"),
    *(b"MAIL FROM:<>\r\n", b"MAIL FROM:<a@example.com> BODY=8BITMIME\r\n", b"RCPT TO:<a>\r\n"),
    *(b"MAIL FROM:<a..b@c>\r\n", b"RCPT TO:<a@-b.c>\r\n", b"RCPT TO:<postmaster@b.c>\r\n"),
    *(b"x" * (LONGEST_LINE + 9), b"MAIL FROM", b":<a@b.c>\r\n", b"x" * LONGEST_LINE + b"\r\r\n"),
    *(b"MAIL FROM:<a@b.c>\n", b"DATA x\r\n", b" DATA\r\n", b"MAIL FROM: <a@b.c>\r\n"),
    *(b"MAIL FROM:<" + LONG_NAME + b"@b.c>\r\n", b"RCPT TO:<a" + LONG_NAME + b"@b.c>\r\n"),
]
POLICIES = [
    Policy(auth_required_at="never"),
    Policy(),
    Policy(auth_required_at="mail"),
    Policy(require_tls=True),
    Policy(auth_required_at="never", unsafe_postmaster_without_auth=True),
]


def state_of(dialogue: Dialogue) -> Sequence[object]:
    """Return the state of a dialogue."""
    names = ("expects_message", "helo", "mail_from", "mail_parameters", "rcpt_tos", "tls", "login")
    return [getattr(dialogue, name) for name in names]


LINES = st.sampled_from(ORDINARY) | st.sampled_from(ORDINARY) | st.sampled_from(UNUSUAL)


@settings(max_examples=1000)
@given(
    policy=st.sampled_from(POLICIES),
    chunks=st.lists(st.lists(LINES, max_size=3).map(b"".join), max_size=8),
)
def test_fast_and_full_agree(policy: Policy, chunks: list[bytes]) -> None:
    """Actions, state and messages are the same, whatever the order of the lines."""
    full, fast = Driver(policy, kind=Dialogue), Driver(policy)
    for chunk in (b"EHLO client\r\n", *chunks):
        assert fast.send(chunk) == full.send(chunk)
        assert state_of(fast.dialogue) == state_of(full.dialogue)
        if full.dialogue.expects_message:
            assert fast.send(b"hello\r\n.\r\n") == full.send(b"hello\r\n.\r\n")
    assert fast.actions == full.actions


def test_ordinary_transaction_takes_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """MAIL, RCPT and DATA of an ordinary client do not reach the full dialogue."""
    driver = Driver(Policy(auth_required_at="never"))
    driver.send(b"EHLO client\r\n")
    monkeypatch.delattr(Dialogue, "receive_line")
    assert [reply[:3] for reply in driver.send(MAIL + RCPT + RCPT + DATA)] == [
        *("250", "250", "250", "354")
    ]
    assert driver.dialogue.expects_message


@pytest.mark.parametrize(
    "text", ["OK", "{address} it is", "first\n{address} and {address}", "{address!r} {{}}"]
)
def test_any_row_of_a_profile(text: str) -> None:
    """The address is filled in wherever the text of a row has it, in any number of lines."""
    row = Row(250, text, Provenance.ASSUMED, "a test")
    profile = Profile(mail_accepted=row, rcpt_accepted=row)
    policy = Policy(auth_required_at="never")
    one, other = Driver(policy, profile, kind=Dialogue), Driver(policy, profile)
    for driver in (one, other):
        driver.send(b"EHLO c\r\n")
    assert other.send(MAIL + RCPT) == one.send(MAIL + RCPT)


@pytest.mark.parametrize("verb", ["HELO", "EHLO"])
@pytest.mark.parametrize("text", ["{host} greets {argument} at {ip}", "{argument!r} {ip:>12} {{}}"])
def test_any_hello_of_a_profile(verb: str, text: str) -> None:
    """The reply to HELO and EHLO is the text of the row, formatted as it says."""
    row = Row(250, text, Provenance.ASSUMED, "a test")
    profile = Profile(helo_accepted=row, ehlo_accepted=row)
    (say,) = profile.hello_actions(verb, "client", "127.0.0.1", tls=False)
    values = {"host": profile.host_name, "argument": "client", "ip": "127.0.0.1"}
    assert say.reply.wire == f"250 {text.format(**values)}\r\n".encode()


@pytest.mark.parametrize("kind", [Dialogue, FastDialogue])
def test_recipients_of_one_transaction_are_limited(kind: type[Dialogue]) -> None:
    """Recipients above the limit are refused (452); the next transaction counts from zero."""
    driver = Driver(Policy(auth_required_at="never", max_recipients=2), kind=kind)
    driver.send(b"EHLO c\r\n")
    refusal = "452 4.5.3 Requested action not taken: max recipients reached"
    for _ in range(2):
        replies = driver.send(MAIL + RCPT * 4 + b"RSET\r\n")
        assert [reply[:3] for reply in replies[:3]] == ["250", "250", "250"]
        assert replies[3:5] == [refusal, refusal]
