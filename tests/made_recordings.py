"""A session with every kind of event, written to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from made_sessions import MadeSession
from scenarios import KEYS

from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.actions import Awaiting, Envelope
from fakesmtp.protocol.credentials import Login, MailType
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions import ClosedBy, SessionLog, TlsFacts

if TYPE_CHECKING:
    from pathlib import Path

    from fakesmtp import Session


def begin(folder: Path, number: int = 1) -> Session:
    """Begin a session that is written to a file."""
    session = SessionLog(folder=folder).begin(
        f"ab12cd-{number}", peer="127.0.0.1:50000", port=587, local_port=1587
    )
    return MadeSession(session, FixedAccounts([KEYS]))


def play(session: Session) -> None:
    """Record every kind of event."""
    session.record_reply(Reply(220, ("ready",)))
    session.record_line(b"EHLO a\r\n", Awaiting.COMMAND)
    session.record_reply(Reply(250, ("first", "2.0.0 second")))
    session.record_tls(TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 0.25, "localhost"))
    session.record_line(b"AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=\r\n", Awaiting.COMMAND)
    session.record_login(Login("AppKey", MailType.AD), "PLAIN")
    session.record_reply(Reply(235, ("in",)))
    session.record_line(b"NOOP \xff\r\r\n", Awaiting.COMMAND)
    session.record_reply(Reply(250, ("2.0.0 OK",)))
    session.record_line("MAIL FROM:<한글@example.com>\n".encode(), Awaiting.COMMAND)
    session.record_reply(Reply(501, ("5.1.7 no",)))
    session.record_message("ab12cd.1", b"\xed\x95\x9c\n", Envelope("", ()))
    session.record_reply(Reply(250, ("OK",)))
    session.record_end(ClosedBy.CLIENT, "in a hurry")


def only_file(folder: Path) -> Path:
    """Return the only file of a folder."""
    (path,) = folder.iterdir()
    return path
