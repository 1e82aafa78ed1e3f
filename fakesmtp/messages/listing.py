"""A message in a list: its facts, and their JSON.

The HTTP API and `--json` of the command line have the same names, those of the attributes of a
`ReceivedMessage`:

| name | value |
|---|---|
| `id`, `session_id` | unique on its server |
| `received_at` | time of the last byte (ISO 8601, UTC) |
| `port` | the endpoint's port (587); 0 for a message from a file |
| `tls` | version, `TLSv1.3`; null in plaintext |
| `app_key`, `mail_type` | of the login; null without a login |
| `mail_from`, `rcpt_tos` | the envelope |
| `size` | bytes |
| `dropped_lines` | number of over-long lines that are not in the message |
| `subject`, `from`, `to`, `cc`, `bcc`, `reply_to` | header fields, decoded; `""` without one |
| `message_id` | the header field Message-ID, without angle brackets |
| `snippet` | start of the text, on one line |
| `attachment_count`, `inline_count` | number of attached files; of parts that HTML shows in place |

A store adds `number`, `read` and `tags`; one message adds `headers`, `text`, `html` and
`attachments`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fakesmtp.messages.message import ReceivedMessage
    from fakesmtp.messages.record import MessageRecord


class MessageFacts(NamedTuple):
    """What a list shows of a message, read from its bytes; addresses as people read them.

    `message_id` has no angle brackets. `snippet` is the start of the text. `attachments` and
    `inlines` are numbers of parts.
    """

    subject: str
    from_: str
    to: str
    cc: str
    bcc: str
    reply_to: str
    message_id: str
    snippet: str
    attachments: int
    inlines: int

    def as_json(self) -> dict[str, object]:
        """Return the fields for JSON, from `subject` on: see the module."""
        return {
            "subject": self.subject,
            "from": self.from_,
            "to": self.to,
            "cc": self.cc,
            "bcc": self.bcc,
            "reply_to": self.reply_to,
            "message_id": self.message_id,
            "snippet": self.snippet,
            "attachment_count": self.attachments,
            "inline_count": self.inlines,
        }


def delivery_as_json(record: MessageRecord, size: int) -> dict[str, object]:
    """Return the fields for JSON that are known without reading the message: see the module."""
    return {
        "id": record.id,
        "session_id": record.session_id,
        "received_at": datetime.fromtimestamp(record.received, UTC).isoformat(),
        "port": record.port,
        "tls": record.tls.version if record.tls else None,
        "app_key": record.login.app_key if record.login else None,
        "mail_type": record.login.mail_type.value if record.login else None,
        "mail_from": record.envelope.mail_from,
        "rcpt_tos": record.envelope.rcpt_tos,
        "size": size,
        "dropped_lines": record.dropped_lines,
    }


def content_as_json(message: ReceivedMessage) -> dict[str, object]:
    """Return the fields for JSON of one message's content: headers, bodies and attachments."""
    attachments = [
        {
            "filename": each.filename,
            "content_type": each.content_type,
            "content_id": each.content_id,
            "disposition": each.disposition,
            "size": len(each.content),
        }
        for each in message.attachments
    ]
    return {
        "headers": message.headers,
        "text": message.text,
        "html": message.html,
        "attachments": attachments,
    }
