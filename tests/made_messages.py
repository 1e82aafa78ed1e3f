"""Messages made by hand, for tests that need no server."""

from __future__ import annotations

from itertools import count

from fakesmtp.messages import Envelope, ReceivedMessage
from fakesmtp.messages.record import MessageRecord
from fakesmtp.protocol.credentials import Login, MailType

_numbers = count(1)


class MadeSession:
    """A session that said nothing."""

    id = "made"
    rules = None

    def transcript(self) -> str:
        """Give nothing."""
        return ""


def make_message(
    raw: bytes = b"Subject: hi\r\n\r\nhello\r\n",
    *,
    mail_from: str = "sender@example.com",
    rcpt_tos: tuple[str, ...] = ("to@example.com",),
    login: Login | None = Login("app", MailType.NORMAL),  # noqa: B008 - it cannot be changed
    received: float = 1_700_000_000.25,
    port: int = 587,
) -> ReceivedMessage:
    """Make a message of these bytes."""
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
    """Make a message that differs in its subject."""
    return make_message(f"Subject: {subject}\r\n\r\nhello\r\n".encode())
