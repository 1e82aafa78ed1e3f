"""Reading a database: lists, counts, single messages and sessions. Never writes."""

from __future__ import annotations

from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from weakref import finalize

from sqlalchemy import false, func, select
from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004 - of waits for a connection

from fakesmtp.errors import StoreError
from fakesmtp.storage.base import MOST_COUNTED, PAGE, Count, Page, Removed, Totals
from fakesmtp.storage.query import EVERYTHING, All, Equals
from fakesmtp.storage.sql.checks import find_unchecked, read_findings
from fakesmtp.storage.sql.tables import (
    MESSAGE_COLUMNS,
    SESSION_COLUMNS,
    contents,
    messages,
    read_lines,
    read_message,
    read_message_row,
    read_raw,
    read_session,
    read_session_row,
    removed,
    sessions,
    tags,
    unchecked,
)
from fakesmtp.storage.sql.where import compile_query
from fakesmtp.storage.tags import count_tags

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, Table

    from fakesmtp.findings.finding import Finding
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow, SessionRecord, SessionRow
    from fakesmtp.storage.sql.dialect import Dialect


#: As the index of unread messages has it.
_UNREAD = messages.c.is_read == false()
#: Messages that one statement names.
_AT_ONCE = 100


class Reader:
    """The half of a `Store` that reads. Every read is one short transaction."""

    is_durable = True

    def __init__(self, location: str, engine: Engine, dialect: Dialect) -> None:
        #: Where it is, for people: the path of a file, or an address without a password.
        self.location = location
        self._engine = engine
        self._dialect = dialect
        # A store can be read after its `close`: connections that were opened then are closed here.
        finalize(self, engine.dispose)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for one transaction; raises `StoreError` when that fails."""
        try:
            with (
                self._dialect.working(),
                self._engine.connect() as connection,
                connection.begin(),
            ):
                yield connection
        except (DBAPIError, TimeoutError) as error:
            raise StoreError(f"cannot read {self.location}: {explain(error)}") from error

    @property
    def size(self) -> int:
        """The bytes that it takes on disk."""
        raise NotImplementedError

    @property
    def removed(self) -> Removed:
        """What the limits have removed."""
        with self.reading() as connection:
            row = connection.execute(select(removed)).one()
        return Removed(row.messages, row.sessions)

    # -- messages ------------------------------------------------------------------------------

    def page(
        self,
        query: Query = EVERYTHING,
        *,
        cursor: int | None = None,
        limit: int = PAGE,
        offset: int = 0,
        oldest_first: bool = False,
    ) -> Page[MessageRow]:
        """Return the messages that match from a cursor on, the newest first."""
        with self.reading() as connection:
            where = compile_query(self._dialect, connection, query)
            statement = select(*MESSAGE_COLUMNS).select_from(where.source).where(where.condition)
            statement = _order(statement, where.number, cursor, oldest_first=oldest_first)
            rows = connection.execute(statement.limit(limit + 1).offset(offset)).all()
        found = [read_message_row(row) for row in rows[:limit]]
        return Page(tuple(found), _cursor(rows, limit))

    def rows(self, ids: Collection[str]) -> list[MessageRow]:
        """Return messages by their ids, oldest first; those that are not here are left out."""
        wanted = list(dict.fromkeys(ids))
        statement = select(*MESSAGE_COLUMNS)
        with self.reading() as connection:
            found = [
                read_message_row(row)
                for some in _slices(wanted)
                for row in connection.execute(statement.where(messages.c.id.in_(some)))
            ]
        return sorted(found, key=attrgetter("number"))

    def totals(self, query: Query = EVERYTHING) -> Totals:
        """Count the messages that match, and the unread ones among them, exactly."""
        with self.reading() as connection:
            stored = _count(connection, messages)
            unread = _count(connection, messages, _UNREAD)
            if query == EVERYTHING:
                return Totals(stored, unread)
            where = compile_query(self._dialect, connection, query)
            found = select(func.count()).where(where.condition)
            matching = connection.execute(found.select_from(where.counted)).scalar_one()
            # Marks are read only where they differ: most inboxes are all unread, or all read.
            if unread in {0, stored}:
                return Totals(matching, matching if unread else 0)
            found = found.select_from(where.source).where(_UNREAD)
            return Totals(matching, connection.execute(found).scalar_one())

    def tag_counts(self, query: Query = EVERYTHING) -> Mapping[str, int]:
        """Return the tags of the messages that match, sorted, with how many messages have each."""
        with self.reading() as connection:
            where = compile_query(self._dialect, connection, query)
            found = select(where.number).select_from(where.source).where(where.condition)
            names = select(tags.c.name)
            if query != EVERYTHING:
                names = names.where(tags.c.number.in_(found))
            return count_tags(connection.execute(names).scalars())

    def count(self, query: Query = EVERYTHING, *, most: int | None = MOST_COUNTED) -> Count:
        """Count the messages that match, exactly up to `most`; with None always exactly."""
        with self.reading() as connection:
            where = compile_query(self._dialect, connection, query)
            is_all = query == EVERYTHING
            found = select(where.number).select_from(where.counted).where(where.condition)
            limited = found if most is None or is_all else found.limit(most + 1)
            counted = select(func.count()).select_from(limited.subquery())
            number = connection.execute(counted).scalar_one()
        is_exact = most is None or is_all or number <= most
        return Count(number) if is_exact else Count(most or 0, is_exact=False)

    def matches(self, message_id: str, query: Query) -> bool:
        """Return whether a message is here and matches."""
        return self.count(All((Equals("id", message_id), query)), most=1).number > 0

    @property
    def newest(self) -> int:
        """The number of the newest message, 0 where there is none."""
        with self.reading() as connection:
            return int(connection.execute(select(func.max(messages.c.number))).scalar() or 0)

    def ids(self) -> list[str]:
        """Return the ids of all messages, oldest first."""
        with self.reading() as connection:
            statement = select(messages.c.id).order_by(messages.c.number)
            return list(connection.execute(statement).scalars())

    def get_many(self, ids: Sequence[str]) -> list[MessageRecord]:
        """Return messages with their bytes, oldest first; those that are not here are left out."""
        with self.reading() as connection:
            return [
                read_message(row, read_raw(row))
                for some in _slices(ids)
                for row in connection.execute(_whole(some))
            ]

    def get(self, message_id: str) -> MessageRecord | None:
        """Return a message with its bytes, None when it is not here."""
        return next(iter(self.get_many([message_id])), None)

    # -- sessions ------------------------------------------------------------------------------

    def session_page(
        self, *, cursor: int | None = None, limit: int = PAGE, oldest_first: bool = False
    ) -> Page[SessionRow]:
        """Return sessions from a cursor on, the newest first."""
        statement = _order(
            select(*SESSION_COLUMNS), sessions.c.number, cursor, oldest_first=oldest_first
        )
        with self.reading() as connection:
            rows = connection.execute(statement.limit(limit + 1)).all()
        return Page(tuple(map(read_session_row, rows[:limit])), _cursor(rows, limit))

    def session(self, session_id: str) -> SessionRecord | None:
        """Return a session with its lines, None when it is not here."""
        with self.reading() as connection:
            statement = select(sessions).where(sessions.c.id == session_id)
            row = connection.execute(statement).one_or_none()
        return None if row is None else read_session(row, read_lines(row))

    def count_sessions(self) -> Count:
        """Count the sessions."""
        with self.reading() as connection:
            counted = select(func.count()).select_from(sessions)
            return Count(connection.execute(counted).scalar_one())

    # -- findings ------------------------------------------------------------------------------

    def findings(self, message_id: str) -> tuple[Finding, ...] | None:
        """Return the findings about a message; None while it is not checked, or not here."""
        with self.reading() as connection:
            return read_findings(connection, messages, message_id)

    def session_findings(self, session_id: str) -> tuple[Finding, ...] | None:
        """Return the findings about a session; None while it is not checked, or not here."""
        with self.reading() as connection:
            return read_findings(connection, sessions, session_id)

    def unchecked(self, most: int, *, of_sessions: bool) -> list[tuple[int, str]]:
        """Return number and id of what is to be checked, the newest first, at most so many."""
        with self.reading() as connection:
            return find_unchecked(connection, sessions if of_sessions else messages, most)

    # -- facts about the store -----------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return how much is stored, and how much the limits have removed."""
        gone = self.removed
        with self.reading() as connection:
            return {
                "messages": _count(connection, messages),
                "sessions": _count(connection, sessions),
                "unchecked": _count(connection, unchecked),
                "removed_messages": gone.messages,
                "removed_sessions": gone.sessions,
            }

    def leave_to_parent(self) -> None:
        """Open connections anew in a forked child: those of the parent may not be shared."""
        self._engine.dispose(close=False)

    def close(self) -> None:
        """Close all connections. Idempotent."""
        with self._dialect.working():
            self._engine.dispose()


def explain(error: BaseException) -> str:
    """Describe in one line what a database refused, without the statement and its values."""
    reason = error.orig if isinstance(error, DBAPIError) else error
    # psycopg's whole text has the statement, `diag` only what the server says of it.
    said = getattr(getattr(reason, "diag", None), "message_primary", None)
    return " ".join((said or str(reason)).split())


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(table).where(*conditions)
    return int(connection.execute(statement).scalar_one())


def _slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _whole(ids: Sequence[str]) -> Select[Any]:
    """Select messages with their bytes."""
    return (
        select(*messages.c, contents.c.is_compressed, contents.c.raw)
        .join_from(messages, contents, contents.c.number == messages.c.number)
        .where(messages.c.id.in_(ids))
        .order_by(messages.c.number)
    )


def _order(
    statement: Select[Any], number: ColumnElement[int], cursor: int | None, *, oldest_first: bool
) -> Select[Any]:
    if cursor is not None:
        statement = statement.where(number > cursor if oldest_first else number < cursor)
    return statement.order_by(number.asc() if oldest_first else number.desc())


def _cursor(rows: Sequence[Row[Any]], limit: int) -> int | None:
    return int(rows[limit - 1].number) if len(rows) > limit else None
