"""Comparing sessions: what changes with every run is ignored, other differences are shown."""

from __future__ import annotations

import pytest
from made_sessions import MadeSession

from fakesmtp.protocol.actions import Awaiting, Envelope
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions import ClosedBy, Session
from fakesmtp.sessions.compare import compare


def talk(*lines: str, peer: str = "127.0.0.1:50000", name: str = "client") -> Session:
    """Return a session in which the client sends these lines; the reply to each is `250 lines`."""
    session = MadeSession.begin(id=f"id-{peer}", peer=peer)
    session.record_line(f"EHLO {name}\r\n".encode(), Awaiting.COMMAND)
    session.record_reply(
        Reply(250, (f"host Hello {name} [{peer.rpartition(':')[0].strip('[]')}])", "8BITMIME"))
    )
    for line in lines:
        session.record_line(f"{line}\r\n".encode(), Awaiting.COMMAND)
        session.record_reply(Reply(250, (f"2.0.0 {line.partition('PLAIN')[0]}",)))
    return session


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("NOOP 127.0.0.1", "NOOP 10.1.2.3:80"),
        ("NOOP [IPv6:::1]", "NOOP [2001:db8::1]:25"),
        ("NOOP 2026-01-02T03:04:05.678Z", "NOOP 1999-12-31 23:59:59+09:00"),
        ("NOOP Mon, 02 Nov 2026 09:00:00 +0900", "NOOP Sun, 1 Feb 2015 10:11:12 GMT"),
        ("NOOP Message-ID: <a.1@host>", "NOOP message-id:<b@c>"),
        ("NOOP 123e4567-e89b-12d3-a456-426614174000", "NOOP 00000000-0000-0000-0000-00000000000A"),
        ("MAIL FROM:<a@b> SIZE=10", "MAIL FROM:<a@b> SIZE=2000"),
        ("AUTH PLAIN AGEAYg==", "AUTH PLAIN AGNjYwBkZGQ="),
    ],
)
def test_ignored_differences(first: str, second: str) -> None:
    """Times, ports, addresses, ids, message ids, dates, sizes and AppKeys are ignored."""
    one = talk(first)
    other = talk(second, peer="[2001:db8::7]:1", name="[10.0.0.1]")
    assert compare(one, other) is None
    assert one.transcript(normalize=True) == other.transcript(normalize=True)
    assert one.transcript() != other.transcript()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("MAIL FROM:<a@example.com>", "MAIL FROM:<b@example.com>"),
        ("RCPT TO:<a@1.example.com>", "RCPT TO:<a@2.example.com>"),
        ("NOOP 1.2.3", "NOOP 1.2.4"),
        ("AUTH PLAIN AGEjYWQAYg==", "AUTH PLAIN AGEjYXV0aABi"),
        ("NOOP", "noop"),
    ],
)
def test_differences_in_commands(first: str, second: str) -> None:
    """Addresses of a message, mail types and spellings are differences."""
    assert compare(talk(first), talk(second)) is not None


def test_first_difference_with_its_context() -> None:
    """A difference is shown with three equal lines before it and three equal lines after it."""
    first = talk("NOOP", "NOOP x", "RSET", "QUIT")
    second = talk("NOOP", "NOOP y", "VRFY z", "RSET", "QUIT")
    difference = compare(first, second)
    assert difference is not None
    assert difference.line == 6
    assert list(difference.lines()) == [
        "  S: 250 8BITMIME",
        "  C: NOOP",
        "  S: 250 2.0.0 NOOP",
        "- C: NOOP x",
        "- S: 250 2.0.0 NOOP x",
        "+ C: NOOP y",
        "+ S: 250 2.0.0 NOOP y",
        "+ C: VRFY z",
        "+ S: 250 2.0.0 VRFY z",
        "  C: RSET",
        "  S: 250 2.0.0 RSET",
        "  C: QUIT",
    ]


def test_session_that_ends_earlier() -> None:
    """Additional lines at the end are a difference; many lines are counted, not printed."""
    short, long = talk(), talk(*["NOOP"] * 20)
    difference = compare(short, long)
    assert difference is not None
    assert difference.first == ()
    assert list(difference.lines())[-1] == "+ … and 28 more lines"
    ended = talk()
    ended.record_end(ClosedBy.IDLE)
    difference = compare(talk(), ended)
    assert difference is not None
    assert difference.second == ("-- idle for too long",)


def test_size_of_a_message_is_ignored() -> None:
    """The size of a message is ignored, because ids and dates inside change it."""
    first, second = talk(), talk()
    first.record_message("a.1", b"x\r\n", Envelope("", ()))
    second.record_message("b.9", b"xx\r\n", Envelope("", ()))
    assert compare(first, second) is None
    assert first.transcript(normalize=True).endswith("C: (message data)")
