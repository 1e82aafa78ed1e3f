"""Opening of SQLite files, and PRAGMAs, which SQLAlchemy's Core has no words for."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import NullPool, QueuePool

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import ModuleType

    from sqlalchemy import Connection, Engine

#: "fake", in the header of the file.
APPLICATION_ID = 0x66616B65
_WAIT = 5.0
_READERS = 4

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


def open_for_reading(path: Path, driver: ModuleType = sqlite3, *, is_fixed: bool = False) -> Engine:
    """Return an engine that reads only. It never writes a checkpoint.

    `is_fixed` promises that nobody writes the file. SQLite then makes no -wal and -shm beside it.
    """
    options = "mode=ro&immutable=1" if is_fixed else "mode=ro"

    def connect() -> Any:  # noqa: ANN401 - a connection of the driver
        raw = _connect(driver, f"{path.absolute().as_uri()}?{options}")
        _execute(raw, (*_COMMON, *_PRAGMAS["reading"]))
        return raw

    pool = {"poolclass": QueuePool, "pool_size": _READERS, "max_overflow": _READERS}
    return _make_engine(connect, "BEGIN", driver, pool)


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
