"""What is kept as one event is read as the events it stands for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.authentication import Awaiting
from fakesmtp.protocol.reply import Reply
from fakesmtp.recording import Session

LINES = (b"MAIL FROM:<a@example.com>\r\n", b"rcpt to:<b@example.org>\r\n", b"DATA\r\n")
REPLIES = (Reply(250, ("2.1.0 OK",)), Reply(250, ("one", "two")), Reply(354, ("go on",)))


def make_session(max_events: int = 100, known: str = "Secret") -> Session:
    """A session that nothing has happened in yet."""
    accounts = FixedAccounts([("Key", known)])
    return Session(
        "s-1", peer="127.0.0.1:1", listener=587, accounts=accounts, max_events=max_events
    )


def fill(one: Session, other: Session) -> None:
    """Let the same happen in both, in the first as one exchange."""
    one.exchanged(b"".join(LINES), [reply.wire for reply in REPLIES])
    for line, reply in zip(LINES, REPLIES, strict=True):
        other.heard(line, Awaiting.COMMAND)
        other.said(reply)


@pytest.mark.parametrize("secret", ["Secret", "b@example.org"], ids=["", "with a secret in it"])
@pytest.mark.parametrize("max_events", [1, 4, 5, 6, 7])
def test_an_exchange_is_its_events(max_events: int, secret: str) -> None:
    """It is read, bounded and masked like the same lines and replies one by one."""
    one, other = make_session(max_events, secret), make_session(max_events, secret)
    for _ in range(2):
        fill(one, other)
    assert [replace(event, at=0) for event in one.events] == [
        replace(event, at=0) for event in other.events
    ]
    assert one.cut == other.cut
    assert secret not in one.transcript()
    assert [refusal.command for refusal in one.refusals] == []


def test_an_exchange_is_kept_small() -> None:
    """One event takes less room than six."""
    one, other = make_session(), make_session()
    fill(one, other)
    assert one.size < other.size
    assert one.transcript() == other.transcript()
