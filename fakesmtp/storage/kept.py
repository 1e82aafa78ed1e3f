"""A message in a store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp.findings import Finding
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.extraction import Extract


class Kept:
    """A message, its marks, and what has been read of it so far; see `candidates`."""

    __slots__ = ("extract", "findings", "is_read", "number", "of_session", "record", "tags")

    def __init__(self, number: int, record: MessageRecord) -> None:
        self.number = number
        self.record = record
        self.is_read = False
        self.tags: tuple[str, ...] = ()
        self.extract: Extract | None = None
        self.findings: tuple[Finding, ...] | None = None
        #: Rule and severity of the findings about its session.
        self.of_session: tuple[tuple[str, str], ...] | None = None
