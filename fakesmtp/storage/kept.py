"""A message in a store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp.findings import Finding
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.extraction import Extract


class Kept:
    """A message, its marks, and what has been read of it so far; see `candidates`."""

    is_read = False
    tags: tuple[str, ...] = ()
    extract: Extract | None = None
    findings: tuple[Finding, ...] | None = None
    #: Rule and severity of the findings about its session.
    of_session: tuple[tuple[str, str], ...] | None = None

    def __init__(self, number: int, record: MessageRecord) -> None:
        self.number = number
        self.record = record
