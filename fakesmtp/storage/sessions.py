"""A session as a record of a store, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.sessions.contents import Ended, Fault
from fakesmtp.sessions.facts import describe_fault
from fakesmtp.sessions.folder import Entry
from fakesmtp.sessions.jsonl import Header, dump, summarize
from fakesmtp.sessions.loading import load_content
from fakesmtp.storage.records import SessionRecord

if TYPE_CHECKING:
    from fakesmtp.sessions import Recorded
    from fakesmtp.sessions.loading import Recording

_STILL_OPEN = Ended("server stop", "")


def record_session(session: Recorded, scope: str = "") -> SessionRecord:
    """Make the record of a session that is over."""
    lines = "".join(dump(session)).encode("utf-8", "backslashreplace")
    faults = (event.content for event in session.events if isinstance(event.content, Fault))
    return SessionRecord(
        Header(session.id, session.started, session.peer, session.port, session.local_port),
        summarize(session),
        session.end or _STILL_OPEN,
        lines,
        scope,
        tuple(dict.fromkeys(map(describe_fault, faults))),
    )


def read_session(record: SessionRecord) -> Recording:
    """Read a session from its record."""
    return load_content(record.lines, f"session {record.header.id}")


def entry_of(record: SessionRecord) -> Entry:
    """Make the entry of a session in a list."""
    return Entry(record.header.id, record.header, record.summary, record.end)
