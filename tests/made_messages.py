"""Messages for tests that do not need a server."""

from __future__ import annotations

from itertools import count

from fakesmtp.messages import Envelope, ReceivedMessage
from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.credentials import Login, MailType

_numbers = count(1)


class MadeSession:
    """A session without events."""

    id = "made"
    _rules = None

    def transcript(self) -> str:
        """Return an empty transcript."""
        return ""


def make_message(
    raw: bytes = b"Subject: hi\r\n\r\nhello\r\n",
    *,
    mail_from: str = "sender@example.com",
    rcpt_tos: tuple[str, ...] = ("to@example.com",),
    login: Login | None = Login("app", MailType.NORMAL),  # noqa: B008 - immutable
    received: float = 1_700_000_000.25,
    port: int = 587,
) -> ReceivedMessage:
    """Return a message with these bytes."""
    return ReceivedMessage(
        MessageRecord(
            id=f"made.{next(_numbers)}",
            session_id=MadeSession.id,
            received=received,
            raw=raw,
            envelope=Envelope(mail_from, rcpt_tos),
            port=port,
            login=login,
        ),
        MadeSession(),
    )


def with_subject(subject: str) -> ReceivedMessage:
    """Return a message with this subject."""
    return make_message(f"Subject: {subject}\r\n\r\nhello\r\n".encode())
