"""What a store keeps, as plain values: no live object is part of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages.listing import delivery_as_json

if TYPE_CHECKING:
    from fakesmtp.messages.listing import MessageFacts
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.sessions.contents import Ended
    from fakesmtp.sessions.listing import Header, Summary


class SessionRecord(NamedTuple):
    """A session that is over.

    `lines` is the whole session as JSON Lines (`fakesmtp.sessions.jsonl`, UTF-8). `header`,
    `summary` and `end` are what a list shows. `faults` names the planned faults that were applied.
    `replica` names the server that recorded it, where several share a store. `end` is None for a
    recording without one: its server was killed.
    """

    header: Header
    summary: Summary
    end: Ended | None
    lines: bytes
    scope: str = ""
    faults: tuple[str, ...] = ()
    replica: str = ""


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

    def as_json(self) -> dict[str, object]:
        """Return the fields for JSON: see `fakesmtp.messages.listing`."""
        stored = {"number": self.number, "read": self.is_read, "tags": self.tags}
        return {**delivery_as_json(self.record, self.size), **self.facts.as_json(), **stored}


class SessionRow(NamedTuple):
    """A session in a list: everything but its lines. `stored` messages of it are in the store."""

    number: int
    record: SessionRecord
    stored: int
