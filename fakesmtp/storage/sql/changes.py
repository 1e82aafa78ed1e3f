"""What is to be written to a database: changes with their tickets, and a transaction of them."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.storage.extraction import extract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from fakesmtp.findings.finding import Finding
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.extraction import Extract
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import SessionRecord
    from fakesmtp.storage.sql.dialect import Dialect, State


class Work(NamedTuple):
    """A transaction that writes. `is_retry`: some of it may have been written before."""

    connection: Connection
    dialect: Dialect
    state: State
    is_retry: bool = False


class Change:
    """Something to be written; `ticket` is done when it is durable. `size` is in bytes.

    `is_repeated`: it is tried again after a failure, so nothing is lost by one.
    """

    size = 0
    is_repeated = False

    def __init__(self) -> None:
        self.ticket: Future[Any] = Future()

    def prepare(self, dialect: Dialect) -> None:
        """Do what needs no transaction."""

    def again(self) -> Change | None:
        """Return what to write as soon as the store can be written again; None for nothing."""
        return None


class AddMessage(Change):
    """A new message."""

    def __init__(self, record: MessageRecord) -> None:
        super().__init__()
        self.record = record
        self.size = len(record.raw)
        self._read: tuple[Extract, dict[str, Any]] | None = None

    def prepare(self, dialect: Dialect) -> None:
        """Read the message."""
        self.read(dialect)

    def read(self, dialect: Dialect) -> tuple[Extract, dict[str, Any]]:
        """Return what the message says, and its row of texts."""
        if self._read is None:
            read = extract(self.record)
            self._read = read, dialect.text_values(read)
        return self._read


class AddSession(Change):
    """A session that is over."""

    is_repeated = True

    def __init__(self, make: Callable[[], SessionRecord]) -> None:
        super().__init__()
        self._make = make
        self._record: SessionRecord | None = None

    def prepare(self, dialect: Dialect) -> None:
        """Write the session as JSON Lines."""
        del dialect
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


class Retract(RemoveMessages):
    """Messages that were refused, although they may be stored: they go as soon as possible."""

    is_repeated = True

    def again(self) -> Retract:
        """Return the same: the clients were told that nothing is stored."""
        return Retract(self.ids)


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


class Run(Change):
    """Anything that is done in a transaction; the ticket gives what `run` returns."""

    def __init__(self, run: Callable[[Work], Any]) -> None:
        super().__init__()
        self.run = run


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
