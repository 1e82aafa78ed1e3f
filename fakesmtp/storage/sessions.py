"""A session as a record of a store, and back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.errors import RecordingError, StoreError
from fakesmtp.messages.message import ReceivedMessage
from fakesmtp.sessions.contents import Fault
from fakesmtp.sessions.facts import describe_fault
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.sessions.listing import Header, ListedSession, Summary
from fakesmtp.sessions.loading import NO_END, load_content
from fakesmtp.storage.base import all_sessions
from fakesmtp.storage.records import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.sessions import Session
    from fakesmtp.sessions.loading import Recording
    from fakesmtp.storage.base import ReadableStore


def record_session(session: Session, scope: str = "") -> SessionRecord:
    """Make the record of a session that is over, or of a recording, also of one without an end."""
    lines = dump_bytes(session)
    return SessionRecord(
        Header.of(session),
        Summary.of(session),
        session.end,
        lines,
        scope,
        faults_of(session),
    )


def faults_of(session: Session) -> tuple[str, ...]:
    """Return the names of the planned faults that were applied in a session."""
    faults = (event.content for event in session.events if isinstance(event.content, Fault))
    return tuple(dict.fromkeys(map(describe_fault, faults)))


def read_session(record: SessionRecord) -> Recording:
    """Read a session from its record."""
    return load_content(record.lines, f"session {record.header.id}")


def with_session(store: ReadableStore, message: MessageRecord) -> ReceivedMessage:
    """Return a stored message. Its session is read when it is asked for.

    Then it raises `StoreError` when the session is no longer stored.
    """
    return ReceivedMessage(message, partial(_find_session, store, message))


def _find_session(store: ReadableStore, message: MessageRecord) -> Session:
    record = store.session(message.session_id)
    if record is None:
        raise StoreError(f"session {message.session_id} of {message.id} is not stored")
    return read_session(record)


class StoredSessions:
    """The sessions in a store, as `fakesmtp sessions` reads them; see `Source`."""

    def __init__(self, store: ReadableStore) -> None:
        self._store = store

    def list_sessions(self) -> Iterator[ListedSession]:
        """Return all sessions, oldest first."""
        return (list_record(row.record) for row in all_sessions(self._store))

    def find(self, name: str) -> Session:
        """Give the session of an id; raises `RecordingError` when there is none."""
        record = self._store.session(name)
        if record is None:
            raise RecordingError(f"no session {name!r} is stored in {self._store.location}")
        return read_session(record)


def list_record(record: SessionRecord) -> ListedSession:
    """Return a stored session as a list shows it."""
    return ListedSession(record.header, record.summary, record.end, NO_END, replica=record.replica)
