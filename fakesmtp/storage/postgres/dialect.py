"""Rows and searches of PostgreSQL."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from fakesmtp.storage.postgres.grams import cut_texts, cut_wanted
from fakesmtp.storage.sql.dialect import Match
from fakesmtp.storage.sql.functions import contains
from fakesmtp.storage.sql.tables import messages, text_values, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import ColumnElement, Connection, Table

    from fakesmtp.storage.extraction import Extract
    from fakesmtp.storage.query import Contains
    from fakesmtp.storage.sql.dialect import State

#: Candidates that are all read and sorted; where there are more, the newest are tried first.
_FEW = 2_000
_GRAMS = ARRAY(BigInteger)
#: The column of `texts` that only PostgreSQL has.
_grams = literal_column("texts.grams", _GRAMS)


class PostgresDialect:
    """Rows and the index of a database; see `Dialect`. The index is in the rows of texts."""

    def working(self) -> AbstractContextManager[None]:
        """Do nothing: a fork must not wait for a server that hangs."""
        return nullcontext()

    def together(self, connection: Connection) -> AbstractContextManager[object]:
        """Send the statements of a `with` block at once, and wait for all of them at its end."""
        raw: Any = connection.connection.driver_connection
        pipeline: AbstractContextManager[object] = raw.pipeline()
        return pipeline

    def insert_rows(
        self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows that all have the same columns; the driver sends them together.

        The statement is not made of the table: SQLAlchemy would look at each value once more.
        """
        if rows:
            statement = _insert(table.name, tuple(rows[0]))
            connection.exec_driver_sql(statement, [tuple(row.values()) for row in rows])

    def text_values(self, read: Extract) -> dict[str, Any]:
        """Return the row of a message in `texts`, with its index."""
        return {**text_values(read), "grams": _dump(cut_texts(read.texts.values()))}

    def insert_texts(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of texts, which have the index."""
        self.insert_rows(connection, texts, rows)

    def remove_from_index(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Do nothing: the rows of texts have it."""

    def used_bytes(self, connection: Connection, state: State) -> int:
        """Return the bytes of all messages as they were sent.

        The size of the files would not do: they keep the space of what is removed for later rows.
        """
        del connection
        return state.bytes

    def merge(self, connection: Connection, state: State, *, must_begin: bool) -> bool:
        """Return False: autovacuum does that."""
        del connection, state, must_begin
        return False

    def find(self, connection: Connection, wanted: Sequence[Contains]) -> Match | None:
        """Return where to search for the messages that contain all of these texts.

        Where few messages are candidates, their order is that of an expression. Otherwise
        PostgreSQL may read all messages from the newest one on: it does not know how rare a pair
        of characters is. For common texts that is the fastest way.
        """
        joined = texts.join(messages, messages.c.number == texts.c.number)
        grams = {gram for each in wanted for gram in cut_wanted(each.text)}
        number = texts.c.number + 0 if _are_few(connection, grams) else texts.c.number
        return Match(joined, number, [_contains(each) for each in wanted], texts)

    def contains(self, connection: Connection, query: Contains) -> ColumnElement[bool]:
        """Return the condition that a message contains a text."""
        del connection
        return messages.c.number.in_(select(texts.c.number).where(_contains(query)))


def _contains(query: Contains) -> ColumnElement[bool]:
    held = or_(*(contains(texts.c[field], query.text) for field in query.fields))
    return and_(_have(cut_wanted(query.text)), held)


def _have(grams: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that the texts of a message have all of these."""
    wanted = bindparam(None, list(grams), type_=_GRAMS)
    return _grams.op("@>", is_comparison=True)(wanted)


def _are_few(connection: Connection, grams: Iterable[int]) -> bool:
    """Return whether at most `_FEW` messages have all of these in their texts."""
    found = select(literal(1)).select_from(texts).where(_have(grams)).limit(_FEW + 1)
    counted = select(func.count()).select_from(found.subquery())
    return int(connection.execute(counted).scalar_one()) <= _FEW


def _dump(grams: Iterable[int]) -> str:
    """Return an array as PostgreSQL writes it; the driver takes ten times as long."""
    return f"{{{','.join(map(str, grams))}}}"


@cache
def _insert(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608 - names of a table
