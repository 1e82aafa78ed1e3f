"""What a store keeps, as plain values: no live object is part of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.sessions.contents import Ended
    from fakesmtp.sessions.listing import Header, Summary


class SessionRecord(NamedTuple):
    """A session that is over.

    `lines` is the whole session as JSON Lines (`fakesmtp.sessions.jsonl`, UTF-8). `header`,
    `summary` and `end` are what a list shows. `faults` names the planned faults that struck.
    """

    header: Header
    summary: Summary
    end: Ended
    lines: bytes
    scope: str = ""
    faults: tuple[str, ...] = ()


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


class MessageRow(NamedTuple):
    """A message in a list: everything but its bytes. `size` is in bytes.

    `number` grows in the order in which messages became durable, and is never used twice.
    """

    number: int
    record: MessageRecord
    size: int
    facts: MessageFacts
    is_read: bool
    tags: tuple[str, ...]


class SessionRow(NamedTuple):
    """A session in a list: everything but its lines. `stored` messages of it are in the store."""

    number: int
    record: SessionRecord
    stored: int
