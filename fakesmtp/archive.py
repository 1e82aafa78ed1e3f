"""The data of one server: messages in a store, sessions in a log and in a durable store."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from fakesmtp.clock import now
from fakesmtp.counts import Counts
from fakesmtp.errors import FakeSMTPError, StoreError
from fakesmtp.mailbox import Mailbox
from fakesmtp.messages.message import ReceivedMessage
from fakesmtp.messages.record import MessageRecord
from fakesmtp.options import token
from fakesmtp.sessions.session import scope_of
from fakesmtp.storage.memory import MemoryStore
from fakesmtp.storage.updates import UpdateKind
from fakesmtp.tagging import keep_tags

if TYPE_CHECKING:
    from fakesmtp.findings import Rules
    from fakesmtp.protocol.actions import Deliver, Envelope
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.sessions import Session, SessionLog
    from fakesmtp.sessions.live import LiveSession
    from fakesmtp.storage.base import Store, Ticket
    from fakesmtp.storage.limits import Limits
    from fakesmtp.storage.sql.store import DatabaseStore


class Archive:
    """The store of one server, its log of sessions, and its mailbox.

    `store` is a store, the URL of one (`sqlite:///PATH`, `postgresql://…`), or None for memory.
    `limits` apply to a store that the archive opens. The archive closes only a store that it
    opened.
    """

    def __init__(
        self,
        store: Store | str | None,
        limits: Limits,
        sessions: SessionLog,
    ) -> None:
        self._opened = _open_url(store, limits) if isinstance(store, str) else None
        given = None if isinstance(store, str) else store
        kept = self._opened if given is None else given
        self.store: Store = MemoryStore(limits) if kept is None else kept
        if isinstance(self.store, MemoryStore):
            self.store.recorded = sessions.snapshot
        self.sessions = sessions
        sessions.raw_of = self._raw_of
        self.mailbox = Mailbox(self.store, self._find_session)
        #: How much was received and removed so far.
        self.counts = Counts()
        self.store.updates.listen(self.counts.add_update)
        # Names in a file are unique for all runs of all servers that write it.
        self.name = token(6 if self.store.is_durable else 3)
        self._numbers = count(1)

    def open(self, rules: Rules | None) -> None:
        """Reopen the store if the archive opened it before.

        The store checks what it keeps by these rules of findings, None for the default ones.
        """
        if self._opened is not None:
            self._opened.open()
        self.store.check_with(rules)

    def close(self) -> None:
        """Write unsaved data and close the file, if the archive opened the store."""
        if self._opened is not None:
            self._opened.close()

    def leave_to_parent(self) -> None:
        """In a forked child, leave the store to the parent; messages can still be read."""
        if self._opened is not None:
            self._opened.leave_to_parent()

    def deliver(
        self, deliver: Deliver, session: LiveSession
    ) -> tuple[ReceivedMessage, Ticket[int] | None]:
        """Store a message; return it, and a ticket that is done when it is durable.

        The ticket is None for a store in memory, which has the message at once.
        """
        record = MessageRecord(
            id=self._new_id(),
            session_id=session.id,
            received=now(),
            raw=deliver.raw,
            envelope=deliver.envelope,
            port=session.port,
            scope=_scope_of(session),
            login=deliver.login,
            tls=session.tls,
            dropped_lines=session.dropped_lines,
        )
        message = ReceivedMessage(record, session)
        ticket = self._append(message)
        return message, ticket if self.store.is_durable else None

    def keep_message(self, raw: bytes, envelope: Envelope, login: Login | None) -> ReceivedMessage:
        """Store a message that came in no session; return it when it is durable."""
        name = self._new_id()
        record = MessageRecord(name, f"{name}-http", now(), raw, envelope, 0, login=login)
        message = ReceivedMessage(record, partial(self._find_session, record))
        ticket = self._append(message)
        if self.store.is_durable:
            ticket.result()
            self.mailbox.announce(message)
        return message

    def _append(self, message: ReceivedMessage) -> Ticket[int]:
        ticket = keep_tags(self.store, message, self.mailbox.append(message))
        ticket.add_done_callback(partial(self._message_stored, message))
        return ticket

    def _message_stored(self, message: ReceivedMessage, ticket: Ticket[int]) -> None:
        if ticket.exception() is None:
            self.counts.add_message(len(message.raw))

    def _new_id(self) -> str:
        return f"{self.name}.{next(self._numbers)}"

    def keep_session(self, session: LiveSession) -> None:
        """Store an ended session if the store is durable. Otherwise the log keeps it."""
        self.counts.add_session(session)
        if not self.store.is_durable:
            self.store.updates.publish(UpdateKind.SESSIONS_ADDED, [session.id])
        else:
            # Imported only when needed: a server in memory does not write sessions.
            from fakesmtp.storage.sessions import record_session  # noqa: PLC0415

            ticket = self.store.add_session(partial(record_session, session, _scope_of(session)))
            ticket.add_done_callback(partial(self._session_stored, session))

    def _session_stored(self, session: LiveSession, ticket: Ticket[int]) -> None:
        if ticket.exception() is None:
            self.sessions.mark_stored(session)

    def find_session(self, session_id: str) -> Session | None:
        """Return an open or ended session; None if it is not kept."""
        from fakesmtp.storage.sessions import read_session  # noqa: PLC0415 - see `keep_session`

        live = self.sessions.find(session_id)
        stored = None if live else self.store.session(session_id)
        return live or (read_session(stored) if stored else None)

    def _raw_of(self, message_id: str) -> bytes | None:
        """Return the bytes of a message; None if they are gone, or cannot be read now."""
        with suppress(StoreError):
            return message.raw if (message := self.mailbox.get(message_id)) else None
        return None

    def _find_session(self, record: MessageRecord) -> Session:
        return self.find_session(record.session_id) or _missing(record)


def _scope_of(session: Session) -> str:
    return "" if (scope := scope_of(session)) is None else str(scope)


def _missing(record: MessageRecord) -> Session:
    raise FakeSMTPError(f"session {record.session_id} of message {record.id} is no longer stored")


def _open_url(url: str, limits: Limits) -> DatabaseStore:
    from fakesmtp.storage.opening import open_url  # noqa: PLC0415 - memory needs no SQLAlchemy

    return open_url(url, limits)
