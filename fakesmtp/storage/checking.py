"""Checking records by the rules of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.errors import RecordingError
from fakesmtp.findings import MessageReading
from fakesmtp.storage.folding import fold
from fakesmtp.storage.sessions import read_session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.findings import Finding, Rules
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.records import SessionRecord


def check_message(rules: Rules, record: MessageRecord | None) -> tuple[Finding, ...]:
    """Return the findings about a stored message; none where it is gone."""
    if record is None:
        return ()
    reading = MessageReading(
        record.raw,
        mail_type=record.login.mail_type if record.login else None,
        envelope=record.envelope,
        dropped_lines=record.dropped_lines,
    )
    return rules.check_message(reading)


def check_session(rules: Rules, record: SessionRecord | None) -> tuple[Finding, ...]:
    """Return the findings about a stored session; none where it is gone, or cannot be read."""
    try:
        return () if record is None else rules.check_session(read_session(record))
    except RecordingError:
        return ()


def searched(findings: Iterable[Finding]) -> tuple[tuple[str, str], ...]:
    """Return what `finding:` searches: each folded rule and its severity, once."""
    pairs = ((fold(each.rule), each.severity.value) for each in findings)
    return tuple(dict.fromkeys(pairs))
