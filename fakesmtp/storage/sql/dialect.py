"""What each database does in its own way: the seam between the shared modules and a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import ColumnElement, Connection, Engine, FromClause, Table

    from fakesmtp.storage.extraction import Extract
    from fakesmtp.storage.query import Contains
    from fakesmtp.storage.updates import Happened


@dataclass(slots=True)
class State:
    """What the writer knows of the store in a transaction; numbers are the last ones ever used.

    `bytes` are those of the messages that are kept, as they were sent. `updates` collects what the
    transaction changes.
    """

    last_message: int
    last_session: int
    messages: int
    bytes: int = 0
    last_update: int = 0
    updates: list[Happened] = field(default_factory=list)


class Match(NamedTuple):
    """Messages that contain texts: what to select from, their number, and what must hold.

    `counted` is the smallest source in which they can be counted.
    """

    source: FromClause
    number: ColumnElement[int]
    conditions: Sequence[ColumnElement[bool]]
    counted: FromClause


class Dialect(Protocol):
    """Rows and the index of texts in one kind of database."""

    def working(self) -> AbstractContextManager[None]:
        """Use the database in a `with` block. Reentrant."""

    def together(self, connection: Connection) -> AbstractContextManager[object]:
        """Send the statements of a `with` block together; their results are not read."""

    def insert_rows(
        self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows that all have the same columns."""

    def text_values(self, read: Extract) -> dict[str, Any]:
        """Return the row of a message in `texts`, without its number."""

    def insert_texts(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of texts, and index them."""

    def remove_from_index(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Remove messages from the index, before their texts are removed."""

    def find(self, connection: Connection, wanted: Sequence[Contains]) -> Match | None:
        """Return where to search for the messages that contain all of these texts.

        None where the index does not help. `connection` is in the transaction of the query.
        """

    def contains(self, connection: Connection, query: Contains) -> ColumnElement[bool]:
        """Return the condition that a message contains a text."""

    def used_bytes(self, connection: Connection, state: State) -> int:
        """Return the bytes that are compared with the limit of a store."""

    def merge(self, connection: Connection, state: State, *, must_begin: bool) -> bool:
        """Do a step of what removed messages make necessary; return whether there may be more."""


class Database(Protocol):
    """What the writer needs of one database: connections, transactions, failures.

    Errors of the database's driver may be raised by all methods with a connection.
    """

    @property
    def location(self) -> str:
        """Where it is, for people; no password."""

    @property
    def engine(self) -> Engine:
        """The connections that read."""

    @property
    def dialect(self) -> Dialect:
        """Its rows and its index."""

    def connect(self) -> Connection:
        """Return a connection for the writer, to tables of the newest version."""

    def check(self) -> None:
        """Raise `StoreError` where the connection of the writer can no longer be used."""

    def read_state(self, connection: Connection, known: State | None) -> State:
        """Return what the writer must know, at the start of a transaction."""

    def write_state(self, connection: Connection, state: State) -> None:
        """Write what a transaction has changed, at its end."""

    def may_prune(self, connection: Connection) -> bool:
        """Return whether this process may apply the limits in this transaction."""

    def publish(self, state: State) -> None:
        """Tell of what a transaction has changed, after its commit."""

    def is_environment(self, error: BaseException) -> bool:
        """Return whether the database or the system is the cause, not a change."""

    def is_unclear(self, error: BaseException) -> bool:
        """Return whether the transaction may have been committed in spite of an error."""

    def tidy(self, connection: Connection) -> None:
        """Do some work while nothing is to be written."""

    def finish(self, connection: Connection) -> None:
        """Do the last work before the writer's connection is closed."""

    def close(self) -> None:
        """Close everything that the writer used."""
