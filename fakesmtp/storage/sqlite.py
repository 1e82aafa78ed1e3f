"""What SQLAlchemy's Core has no words for: PRAGMAs, full-text search (FTS5), opening of files.

The texts of a message are indexed by trigrams. Each indexed text ends with two marks, so that its
last two characters begin a trigram too: a search for one or two characters asks for the trigrams
that begin with them. `LIKE` is never used on the index: it finds nothing for such texts in SQLite
3.40.1.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, create_engine, event, table, text
from sqlalchemy.pool import NullPool, QueuePool

from fakesmtp.storage.query import TextField

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import ModuleType

    from sqlalchemy import Connection, Engine, Table

#: "fake", in the header of the file.
APPLICATION_ID = 0x66616B65
#: What each indexed text ends with; no folded text contains it.
END = "\x1f\x1f"
#: A search for one or two characters that begin more trigrams than this reads the texts instead.
MOST_TERMS = 2_000
_WHOLE_TERM = 3
_LAST = "\U0010ffff"
_WAIT = 5.0
_READERS = 4

_COLUMNS = ", ".join(f'"{field.value}"' for field in TextField)
index = table("texts_index", column("rowid"), column("texts_index"))

_PRAGMAS = {
    "writing": (
        "PRAGMA synchronous = {synchronous}",
        "PRAGMA journal_size_limit = 67108864",
        "PRAGMA cache_size = -16000",
        "PRAGMA wal_autocheckpoint = 1000",
    ),
    "reading": ("PRAGMA query_only = ON", "PRAGMA wal_autocheckpoint = 0"),
}
_COMMON = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
)


def open_for_writing(path: Path, synchronous: str, driver: ModuleType = sqlite3) -> Engine:
    """Return an engine whose only connection writes. Its transactions are BEGIN IMMEDIATE.

    `synchronous` is FULL or NORMAL.
    """

    def connect() -> Any:  # noqa: ANN401 - a connection of the driver
        raw = _connect(driver, f"{path.absolute().as_uri()}?mode=rw")
        _execute(
            raw, (*_COMMON, *(each.format(synchronous=synchronous) for each in _PRAGMAS["writing"]))
        )
        return raw

    return _make_engine(connect, "BEGIN IMMEDIATE", driver, {"poolclass": NullPool})


def open_for_reading(path: Path, driver: ModuleType = sqlite3) -> Engine:
    """Return an engine that reads only. It never writes a checkpoint."""

    def connect() -> Any:  # noqa: ANN401 - a connection of the driver
        raw = _connect(driver, f"{path.absolute().as_uri()}?mode=ro")
        _execute(raw, (*_COMMON, *_PRAGMAS["reading"]))
        return raw

    options = {"poolclass": QueuePool, "pool_size": _READERS, "max_overflow": _READERS}
    return _make_engine(connect, "BEGIN", driver, options)


def _connect(driver: ModuleType, uri: str) -> Any:  # noqa: ANN401 - a connection of the driver
    # No transactions of the driver's own: they begin when SQLAlchemy begins one.
    return driver.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_WAIT
    )


def _execute(raw: Any, statements: Iterable[str]) -> None:  # noqa: ANN401 - a connection of the driver
    try:
        for statement in statements:
            raw.execute(statement)
    except Exception:
        raw.close()
        raise


def _make_engine(
    connect: Any,  # noqa: ANN401 - gives a connection of the driver
    begin: str,
    driver: ModuleType,
    options: dict[str, Any],
) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://", creator=connect, module=driver, hide_parameters=True, **options
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


# -- the file --------------------------------------------------------------------------------------


def is_empty(connection: Connection) -> bool:
    """Return whether a file has no table."""
    return not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()


def read_application_id(connection: Connection) -> int:
    """Return the number that says whose file it is."""
    return int(connection.exec_driver_sql("PRAGMA application_id").scalar_one())


def give_back_free_pages(connection: Connection) -> None:
    """Let an empty file give free pages back on demand, before its first transaction."""
    _run(connection, "PRAGMA auto_vacuum = INCREMENTAL")


def use_write_ahead_log(connection: Connection) -> None:
    """Have the file written through a log."""
    _run(connection, "PRAGMA journal_mode = WAL")


def read_version(connection: Connection) -> int:
    """Return the version of the schema."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def write_version(connection: Connection, version: int) -> None:
    """Write whose file it is, and the version of the schema."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def read_journal_mode(connection: Connection) -> str:
    """Return `wal`, or another mode where the file system does not support it."""
    return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())


def used_bytes(connection: Connection) -> int:
    """Return the size of a file without its free pages."""
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def release_pages(connection: Connection, most: int) -> None:
    """Give up to `most` free pages back to the file system."""
    # `execute` would end the statement after one page: it takes it for one without rows.
    raw: Any = connection.connection.driver_connection
    raw.executescript(f"PRAGMA incremental_vacuum({most})")


def write_checkpoint(connection: Connection) -> None:
    """Copy the write-ahead log into the file, and cut it off."""
    _run(connection, "PRAGMA wal_checkpoint(TRUNCATE)")


def optimize(connection: Connection) -> None:
    """Let SQLite update what its planner knows."""
    _run(connection, "PRAGMA optimize")


def _run(connection: Connection, statement: str) -> None:
    """Run a statement to its end, outside of any transaction."""
    raw: Any = connection.connection.driver_connection
    raw.execute(statement).fetchall()


def check_integrity(connection: Connection) -> list[str]:
    """Return what is wrong with a file and its index; nothing where all is well."""
    rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
    return [str(row) for row in rows if row != "ok"]


def find_unindexed(connection: Connection) -> list[str]:
    """Return in a sentence how many messages are not in the index; nothing where all are."""
    counted = "SELECT (SELECT count(*) FROM texts), (SELECT count(*) FROM texts_index_docsize)"
    stored, indexed = connection.exec_driver_sql(counted).one()
    return [] if stored == indexed else [f"{stored} messages are stored and {indexed} indexed"]


def library_version(connection: Connection) -> str:
    """Return the version of SQLite."""
    return str(connection.exec_driver_sql("SELECT sqlite_version()").scalar_one())


def compact(connection: Connection) -> None:
    """Merge the whole index, and give all free pages back to the file system."""
    connection.exec_driver_sql("INSERT INTO texts_index (texts_index) VALUES ('optimize')")


def last_number(connection: Connection, name: str) -> int:
    """Return the highest number that a table ever had."""
    statement = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(connection.execute(statement, {"name": name}).scalar() or 0)


# -- rows ------------------------------------------------------------------------------------------

#: Rows of one statement: SQLite before 3.32 takes 999 values.
_ROWS = (32, 16, 8, 4, 2, 1)
_VALUES = 999


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns, many with each statement.

    Python's driver returns to Python after each row that it is given by itself, and then waits for
    the other threads. That takes longer than the row.
    """
    columns = tuple(rows[0]) if rows else ()
    start = 0
    for count in _ROWS:
        while len(rows) - start >= count and count * len(columns) <= _VALUES:
            values = [value for row in rows[start : start + count] for value in row.values()]
            connection.exec_driver_sql(_insert(table.name, columns, count), tuple(values))
            start += count


@cache
def _insert(table: str, columns: tuple[str, ...], count: int) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    row = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([f'({row})'] * count)}"  # noqa: S608 - names of tables


# -- the index -------------------------------------------------------------------------------------

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


def add_to_index(connection: Connection, first: int) -> None:
    """Index the texts of the messages from this number on, as they are in the table `texts`.

    One statement: SQLite works on all of them while other threads run.
    """
    connection.execute(_INSERT, {"first": first})


def remove_from_index(connection: Connection, numbers: Iterable[int]) -> None:
    """Remove messages from the index, while their texts are still in the table."""
    connection.execute(_DELETE, [{"number": number} for number in numbers])


def begin_merge(connection: Connection, pages: int) -> int:
    """Begin to merge the index into one part; return how many steps of so many pages it takes.

    What was removed from an index takes up space until then.
    """
    size = connection.exec_driver_sql("SELECT count(*) FROM texts_index_data").scalar_one()
    # A negative number begins anew each time, and would not end while messages are added.
    connection.execute(_MERGE, {"pages": -pages})
    return int(size) // pages + 1


def continue_merge(connection: Connection, pages: int) -> bool:
    """Merge some pages, of a merge that has begun or of similar parts; return whether it did."""
    raw: Any = connection.connection.driver_connection
    before = raw.total_changes
    connection.execute(_MERGE, {"pages": pages})
    return bool(raw.total_changes - before >= _MERGED)


def match_expression(
    connection: Connection, fields: Sequence[TextField], wanted: str
) -> str | None:
    """Return what to MATCH for messages of which a field contains a folded text.

    `""` where none does; None where the text is so short that reading the texts is faster.
    """
    if len(wanted) >= _WHOLE_TERM:
        terms = [wanted]
    else:
        terms = list(_find_terms(connection, wanted))
        if len(terms) > MOST_TERMS:
            return None
    if not terms:
        return ""
    columns = " ".join(fields)
    return f"{{{columns}}} : ({' OR '.join(map(_quote, terms))})"


def _find_terms(connection: Connection, start: str) -> Iterator[str]:
    bounds = {"first": start, "last": start + _LAST * 2, "most": MOST_TERMS + 1}
    return iter(connection.execute(_TERMS, bounds).scalars().all())


def _quote(term: str) -> str:
    doubled = term.replace('"', '""')
    return f'"{doubled}"'
