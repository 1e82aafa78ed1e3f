"""A conversation receives bytes in any pieces and returns everything that happened as actions."""

from __future__ import annotations

from itertools import chain

import pytest
from driver import Driver
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.protocol.actions import Action, Deliver, Discard, Note, Received, SendReply
from fakesmtp.protocol.conversation import (
    BARE_LF,
    DROPPED_LINE,
    DROPPED_MESSAGE_LINE,
    EARLY_DATA,
    EARLY_PIPELINING,
)
from fakesmtp.protocol.framing import LONGEST_LINE
from fakesmtp.protocol.policy import Policy

ANYBODY = Policy(auth_required_at="never", max_message_size=1000)
TRANSACTION = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"


def play(*chunks: bytes, policy: Policy = ANYBODY) -> list[Action]:
    """Return the actions after EHLO."""
    driver = Driver(policy)
    driver.send(b"EHLO client\r\n")
    driver.actions.clear()
    for chunk in chunks:
        driver.send(chunk)
    return driver.actions


@given(data=st.data())
def test_any_pieces_give_the_same_actions(data: st.DataObject) -> None:
    """The actions are the same, whether the bytes arrive at once, in pieces or one by one."""
    lines = [b"NOOP\r\n", b"NOOP\n", b"x" * 9000 + b"\r\n", TRANSACTION, b".\r\n", b"..a\r\nb\r\n"]
    sent = b"".join(data.draw(st.lists(st.sampled_from(lines), max_size=6)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    early = {EARLY_DATA}  # the only note that depends on the pieces
    whole, cut = ([a for a in play(*each) if a not in early] for each in ([sent], pieces))
    assert cut == whole


RECIPIENTS = st.integers(0, 4).map(lambda number: b"RCPT TO:<c@d.example>\r\n" * number)
BODIES = st.lists(
    st.sampled_from([b"x" * 40 + b"\r\n", b"y" * 70, b"z" * 9000, b"..\r\n", b"\r\n"])
)
TRANSACTIONS = st.builds(
    lambda recipients, body: [
        *(b"MAIL FROM:<a@b.example>\r\n", recipients, b"DATA\r\n", *body, b"\r\n.\r\n")
    ],
    RECIPIENTS,
    BODIES,
)
NOISE = st.lists(
    st.sampled_from([b"RSET\r\n", b"DATA\r\n", b"EHLO a\r\n", b"w" * 9000, b"\n.\r\n"])
)


@given(parts=st.lists(st.one_of(TRANSACTIONS, NOISE), max_size=5))
def test_no_transaction_is_larger_than_the_limits(parts: list[list[bytes]]) -> None:
    """Whatever is sent, recipients, message and unread bytes stay within their limits."""
    driver = Driver(Policy(auth_required_at="never", max_message_size=100, max_recipients=2))
    for piece in (b"EHLO a\r\n", *chain.from_iterable(parts)):
        driver.send(piece)
    assert len(driver.conversation.take_unread()) <= LONGEST_LINE + 2
    for deliver in (each for each in driver.actions if isinstance(each, Deliver)):
        assert len(deliver.raw) <= 100
        assert 1 <= len(deliver.envelope.rcpt_tos) <= 2


def test_received_lines_are_actions() -> None:
    """A received line comes before the reply to it."""
    received, say = play(b"NOOP\r\n")
    assert isinstance(received, Received)
    assert received.line == b"NOOP\r\n"
    assert isinstance(say, SendReply)


def test_message_is_delivered_before_its_reply() -> None:
    """The action that keeps a message comes before the one that confirms it."""
    *_, deliver, say = play(TRANSACTION, b"hel", b"lo\r\n.\r\n")
    assert isinstance(deliver, Deliver)
    assert (deliver.raw, deliver.envelope.rcpt_tos) == (b"hello\r\n", ("c@d.example",))
    assert isinstance(say, SendReply)


@pytest.mark.parametrize(
    ("chunk", "note"),
    [
        (b"NOOP\n", BARE_LF),
        (b"x" * 9000 + b"\r\n", DROPPED_LINE),
        (TRANSACTION + b"hello\r\n", EARLY_DATA),
        (TRANSACTION + b"x" * 9000 + b"\r\n", DROPPED_MESSAGE_LINE),
    ],
)
def test_unusual_input_is_noted(chunk: bytes, note: Note) -> None:
    """A bare LF, an over-long line and data before the reply each get a note."""
    assert note in play(chunk)


def test_pipelining_before_ehlo_is_noted() -> None:
    """Commands that do not wait for the first reply get a note before they are executed."""
    driver = Driver()
    driver.send(b"EHLO a\r\nNOOP\r\n")
    assert EARLY_PIPELINING in driver.actions


def test_message_over_the_limit_is_discarded_with_its_size() -> None:
    """The size counts bytes on the wire, and the next command is executed."""
    actions = play(TRANSACTION, b"x" * 998 + b"\r\nyy\r\n.\r\nNOOP\r\n")
    assert Discard(1004) in actions
    assert isinstance(actions[-1], SendReply)


def test_size_of_an_unfinished_message() -> None:
    """The size is None between messages, and otherwise the number of bytes so far."""
    driver = Driver(ANYBODY)
    sizes = [driver.conversation.message_size]
    for chunk in (b"EHLO a\r\n" + TRANSACTION, b"hello\r\n", b".\r\n"):
        driver.send(chunk)
        sizes.append(driver.conversation.message_size)
    assert sizes == [None, 0, 7, None]


@pytest.mark.parametrize(
    ("first", "note"),
    [
        (b"\x16\x03\x01\x02\x00\x01", "started TLS on a STARTTLS port"),
        (b"\x16\x03\x01\x02\n\x01", "started TLS on a STARTTLS port"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY protocol header"),
        (b"GET / HTTP/1.1\r\n", "HTTP"),
    ],
)
@pytest.mark.parametrize("step", [1, 100])
def test_first_bytes_of_other_protocols_are_named(first: bytes, note: str, step: int) -> None:
    """A client of another protocol gets one note, in whatever pieces its bytes arrive."""
    driver = Driver()
    for start in range(0, len(first), step):
        driver.send(first[start : start + step])
    notes = [action.text for action in driver.actions if isinstance(action, Note)]
    assert note in notes[0]


def test_binary_proxy_header_is_named() -> None:
    """Version 2 of the PROXY protocol, which begins with blank lines, is recognized if whole."""
    driver = Driver()
    driver.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x11")
    assert any(isinstance(a, Note) and "(version 2)" in a.text for a in driver.actions)


def test_tls_on_a_plaintext_port_is_noted_and_closed() -> None:
    """No part of a ClientHello is a command, and no reply is sent."""
    driver = Driver()
    driver.take_replies()
    assert driver.send(b"\x16\x03\x01\x02\x00\x01\nNOOP\r\n") == []
    assert driver.closed
    assert not any(isinstance(action, Received) for action in driver.actions)


def test_later_lines_are_not_checked_for_other_protocols() -> None:
    """Only the first bytes of a session are checked for other protocols."""
    assert play(b"PROXY a\r\n", b"GET / HTTP/1.1\r\n") == play(b"PROXY a\r\nGET / HTTP/1.1\r\n")
    assert not any(isinstance(action, Note) for action in play(b"PROXY a\r\n"))
