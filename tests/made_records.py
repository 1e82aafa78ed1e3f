"""Records of messages and sessions for tests of stores."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.actions import Envelope
from fakesmtp.protocol.credentials import Login, MailType
from fakesmtp.sessions.contents import Ended
from fakesmtp.sessions.listing import Header, Summary
from fakesmtp.storage.records import SessionRecord

if TYPE_CHECKING:
    from fakesmtp.sessions.contents import TlsFacts

_numbers = count(1)
BEGAN = 1_780_000_000.0


def make_record(
    raw: bytes | str = "Subject: hi\r\n\r\nhello\r\n",
    *,
    mail_from: str = "sender@example.com",
    rcpt_tos: tuple[str, ...] = ("to@example.com",),
    app_key: str | None = None,
    mail_type: MailType = MailType.NORMAL,
    tls: TlsFacts | None = None,
    received: float = BEGAN,
    session_id: str = "made-1",
    port: int = 587,
    scope: str = "",
    dropped_lines: int = 0,
) -> MessageRecord:
    """Return the record of a message with these bytes."""
    return MessageRecord(
        id=f"made.{next(_numbers)}",
        session_id=session_id,
        received=received,
        raw=raw.encode() if isinstance(raw, str) else raw,
        envelope=Envelope(mail_from, rcpt_tos),
        login=None if app_key is None else Login(app_key, mail_type),
        tls=tls,
        port=port,
        scope=scope,
        dropped_lines=dropped_lines,
    )


def make_session(
    session_id: str = "made-1",
    *,
    started: float = BEGAN,
    faults: tuple[str, ...] = (),
    messages: int = 0,
    lines: bytes = b"{}\n",
) -> SessionRecord:
    """Return the record of a session."""
    return SessionRecord(
        Header(session_id, started, "127.0.0.1:50000", 587, 1587),
        Summary(0.5, messages, 0, 1, "RCPT TO:<a@b> -> 550 no", "TLSv1.3", "app", "ad"),
        Ended("quit", ""),
        lines,
        "a test",
        faults,
    )
