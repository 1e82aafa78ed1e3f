"""What is to be written to a file: changes with their tickets, and what the writer knows of it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from fakesmtp.storage import sqlite
from fakesmtp.storage.extraction import extract
from fakesmtp.storage.sql import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from fakesmtp.findings.finding import Finding
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.extraction import Extract
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import SessionRecord
    from fakesmtp.storage.updates import UpdateKind


@dataclass(slots=True)
class State:
    """What the writer knows of the file without asking it; read anew after a failure.

    `updates` collects what the transaction changes: what happened, to which ids, and the AppKeys of
    messages that are gone.
    """

    last_message: int
    last_session: int
    messages: int
    updates: list[tuple[UpdateKind, list[str], *tuple[list[str | None], ...]]] = field(
        default_factory=list
    )

    @classmethod
    def read(cls, connection: Connection) -> State:
        """Ask the file."""
        counted = connection.execute(select(func.count()).select_from(messages)).scalar_one()
        return cls(
            sqlite.last_number(connection, "messages"),
            sqlite.last_number(connection, "sessions"),
            counted,
        )


class Change:
    """Something to be written; `ticket` is done when it is durable. `size` is in bytes.

    `is_repeated`: it is tried again after a failure, so nothing is lost by one.
    """

    size = 0
    is_repeated = False

    def __init__(self) -> None:
        self.ticket: Future[Any] = Future()

    def prepare(self) -> None:
        """Do what needs no transaction."""

    def again(self) -> Change | None:
        """Return what to write as soon as the file can be written again; None for nothing."""
        return None


class AddMessage(Change):
    """A new message."""

    def __init__(self, record: MessageRecord) -> None:
        super().__init__()
        self.record = record
        self.size = len(record.raw)
        self._extract: Extract | None = None

    def prepare(self) -> None:
        """Read the message."""
        self._extract = extract(self.record)

    @property
    def extract(self) -> Extract:
        """What the message says."""
        return self._extract or extract(self.record)


class AddSession(Change):
    """A session that is over."""

    is_repeated = True

    def __init__(self, make: Callable[[], SessionRecord]) -> None:
        super().__init__()
        self._make = make
        self._record: SessionRecord | None = None

    def prepare(self) -> None:
        """Write the session as JSON Lines."""
        self._record = self._make()

    def again(self) -> AddSession:
        """Return the same session: nobody sends it a second time."""
        record = self.record
        return AddSession(lambda: record)

    @property
    def record(self) -> SessionRecord:
        """The session."""
        return self._record or self._make()


class RemoveMessages(Change):
    """Messages that go, by their ids."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__()
        self.ids = ids


class RemoveMatching(Change):
    """Messages that go: those that match."""

    def __init__(self, query: Query) -> None:
        super().__init__()
        self.query = query


class MarkMessages(Change):
    """Marks on messages: read or not, and tags; None leaves them as they are."""

    def __init__(
        self, ids: Sequence[str], *, is_read: bool | None = None, names: Sequence[str] | None = None
    ) -> None:
        super().__init__()
        self.ids = ids
        self.is_read = is_read
        self.names = names


class Prune(Change):
    """Everything that is over the limits; `prune` removes it and returns how many messages went."""

    def __init__(self, prune: Callable[[Connection, State], int]) -> None:
        super().__init__()
        self.prune = prune


class Compact(Change):
    """The index merged; the ticket gives the bytes that were used before, and after."""


class UseRules(Change):
    """The version of the rules; what others have checked is to be checked again.

    `texts` is what their findings have in common.
    """

    is_repeated = True

    def __init__(self, version: str, texts: bytes) -> None:
        super().__init__()
        self.version = version
        self.texts = texts


class Checked(NamedTuple):
    """What the rules found about a message or a session, by its number and its id."""

    number: int
    id: str
    findings: tuple[Finding, ...]


class KeepFindings(Change):
    """Findings about messages, or about sessions."""

    is_repeated = True

    def __init__(self, checked: Sequence[Checked], *, of_sessions: bool) -> None:
        super().__init__()
        self.checked = checked
        self.of_sessions = of_sessions
