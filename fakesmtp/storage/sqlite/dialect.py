"""Rows and full-text search (FTS5) of SQLite.

The texts of a message are indexed by trigrams. Each indexed text ends with two marks, so that its
last two characters begin a trigram too: a search for one or two characters asks for the trigrams
that begin with them. `LIKE` is never used on the index: it finds nothing for such texts in SQLite
3.40.1.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, column, false, or_, select, table, text

from fakesmtp.storage.query import TextField
from fakesmtp.storage.sql.dialect import Match
from fakesmtp.storage.sql.functions import contains
from fakesmtp.storage.sql.tables import messages, text_values, texts
from fakesmtp.storage.sqlite.engine import used_bytes
from fakesmtp.storage.sqlite.forks import gate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import ColumnElement, Connection, Table

    from fakesmtp.storage.extraction import Extract
    from fakesmtp.storage.query import Contains
    from fakesmtp.storage.sql.dialect import State

#: What each indexed text ends with; no folded text contains it.
_END = "\x1f\x1f"
#: A search for one or two characters that begin more trigrams than this reads the texts instead.
MOST_TERMS = 500
_WHOLE_TERM = 3
_LAST = "\U0010ffff"
#: Pages of the index that one step of a merge takes, and removed messages that make none due.
_PAGES = 250
_FEW = 200

_COLUMNS = ", ".join(f'"{field.value}"' for field in TextField)
_index = table("texts_index", column("rowid"), column("texts_index"))
#: Values of one statement: SQLite before 3.32 takes no more.
_VALUES = 999
_INSERT = text(
    f"INSERT INTO texts_index (rowid, {_COLUMNS}) "  # noqa: S608 - names of columns
    f"SELECT number, {_COLUMNS} FROM texts WHERE number >= :first ORDER BY number"
)
_DELETE = text(
    f"INSERT INTO texts_index (texts_index, rowid, {_COLUMNS}) "  # noqa: S608 - names of columns
    f"SELECT 'delete', number, {_COLUMNS} FROM texts WHERE number = :number"
)
_MERGE = text("INSERT INTO texts_index (texts_index, rank) VALUES ('merge', :pages)")
#: A merge that changed fewer rows than this found nothing to do.
_MERGED = 2
_TERMS = text(
    "SELECT term FROM texts_vocabulary WHERE term >= :first AND term <= :last LIMIT :most"
)


class SqliteDialect:
    """Rows and the index of a file; see `Dialect`.

    The index holds what was removed until it is merged. That is done, some pages at a time, when as
    many messages were removed as there are.
    """

    def __init__(self) -> None:
        #: Messages that the index holds although they are gone, and steps of its merge to do.
        self._unmerged = self._steps = 0

    def working(self) -> AbstractContextManager[None]:
        """Use SQLite in a `with` block, while the process does not fork."""
        return gate.working()

    # -- rows ----------------------------------------------------------------------------------

    def together(self, connection: Connection) -> AbstractContextManager[None]:
        """Do nothing: each statement is done at once."""
        del connection
        return nullcontext()

    def insert_rows(
        self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows that all have the same columns, many with each statement.

        Python's driver returns to Python after each row that it is given by itself, and then waits
        for the other threads. That takes longer than the row.
        """
        at_once = _VALUES // len(rows[0]) if rows else 1
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            values = tuple(value for row in some for value in row.values())
            connection.exec_driver_sql(_insert(table.name, rows[0], len(some)), values)

    def text_values(self, read: Extract) -> dict[str, Any]:
        """Return the row of a message in `texts`, without its number; it is also in the index."""
        return text_values(read, _END)

    def insert_texts(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of texts, and index them.

        One statement fills the index: SQLite works on all of them while other threads run.
        """
        self.insert_rows(connection, texts, rows)
        connection.execute(_INSERT, {"first": rows[0]["number"]})

    def remove_from_index(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Remove messages from the index, while their texts are still in the table."""
        connection.execute(_DELETE, [{"number": number} for number in numbers])
        self._unmerged += len(numbers)

    # -- the size ------------------------------------------------------------------------------

    def used_bytes(self, connection: Connection, state: State) -> int:
        """Return the size of the file without its free pages."""
        del state
        return used_bytes(connection)

    def merge(self, connection: Connection, state: State, *, must_begin: bool) -> bool:
        """Do a step of the merge of the index; return whether there may be more."""
        if self._steps:
            self._steps = self._steps - 1 if self.continue_merge(connection, _PAGES) else 0
        elif must_begin or self._unmerged > max(state.messages, _FEW):
            self._unmerged, self._steps = 0, _begin_merge(connection, _PAGES)
        return self._steps > 0

    def continue_merge(self, connection: Connection, pages: int) -> bool:
        """Merge some pages of a merge that has begun or of similar parts; return whether it did."""
        raw: Any = connection.connection.driver_connection
        before = raw.total_changes
        connection.execute(_MERGE, {"pages": pages})
        return bool(raw.total_changes - before >= _MERGED)

    # -- searches ------------------------------------------------------------------------------

    def find(self, connection: Connection, wanted: Sequence[Contains]) -> Match | None:
        """Return where to search for the messages that contain all of these texts."""
        found = [(_match(connection, each), each) for each in wanted]
        matches = [match for match, _ in found if match]
        others = [_contains(match, each) for match, each in found if not match]
        if not matches:
            return None
        joined = _index.join(messages, messages.c.number == _index.c.rowid)
        condition = _matches(" AND ".join(f"({each})" for each in matches))
        return Match(joined, _index.c.rowid, [condition, *others], joined if others else _index)

    def contains(self, connection: Connection, query: Contains) -> ColumnElement[bool]:
        """Return the condition that a message contains a text."""
        return _contains(_match(connection, query), query)


def _contains(match: str | None, query: Contains) -> ColumnElement[bool]:
    if match is None:
        held = or_(*(contains(texts.c[field], query.text) for field in query.fields))
        return select(texts.c.number).where(texts.c.number == messages.c.number, held).exists()
    if not match:
        return false()
    return messages.c.number.in_(select(_index.c.rowid).where(_matches(match)))


def _matches(match: str) -> ColumnElement[bool]:
    return _index.c.texts_index.op("MATCH", return_type=Boolean())(match)


def _match(connection: Connection, query: Contains) -> str | None:
    """Return what to MATCH for messages of which a field contains a text.

    `""` where none does; None where the text is so short that reading the texts is faster.
    """
    if len(query.text) >= _WHOLE_TERM:
        terms = [query.text]
    else:
        terms = list(_find_terms(connection, query.text))
        if len(terms) > MOST_TERMS:
            return None
    if not terms:
        return ""
    columns = " ".join(query.fields)
    return f"{{{columns}}} : ({' OR '.join(map(_quote, terms))})"


def _find_terms(connection: Connection, start: str) -> Iterator[str]:
    bounds = {"first": start, "last": start + _LAST * 2, "most": MOST_TERMS + 1}
    return iter(connection.execute(_TERMS, bounds).scalars().all())


def _quote(term: str) -> str:
    doubled = term.replace('"', '""')
    return f'"{doubled}"'


def _begin_merge(connection: Connection, pages: int) -> int:
    """Begin to merge the index into one part; return how many steps of so many pages it takes.

    What was removed from an index takes up space until then.
    """
    size = connection.exec_driver_sql("SELECT count(*) FROM texts_index_data").scalar_one()
    # A negative number begins anew each time, and would not end while messages are added.
    connection.execute(_MERGE, {"pages": -pages})
    return int(size) // pages + 1


def _insert(table: str, columns: Collection[str], count: int) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    row = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([f'({row})'] * count)}"  # noqa: S608 - names of tables
