"""A SQLite file as the writer uses it.

SQLite up to 3.51.2 may damage a file that two connections write or checkpoint at the same moment.
So one connection of one process does all that; everyone else reads.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from fakesmtp.errors import StoreError
from fakesmtp.storage.sql.dialect import State
from fakesmtp.storage.sql.tables import messages
from fakesmtp.storage.sqlite import engine, schema
from fakesmtp.storage.sqlite.dialect import SqliteDialect
from fakesmtp.storage.sqlite.file import identify, make_file

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from sqlalchemy import Connection

    from fakesmtp.storage.updates import Updates

#: Pages that are merged, and given back to the file system, at a time.
_PAGES = 256
_ALL_PAGES = 2**30
#: SQLite's codes for what is wrong with the file or the disk, not with a change.
_ENVIRONMENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


class SqliteDatabase:
    """A file; see `Database`. `synchronous` is FULL or NORMAL."""

    def __init__(self, path: Path, synchronous: str, driver: ModuleType, updates: Updates) -> None:
        make_file(path)
        self._path = path
        self._updates = updates
        self.location = str(path)
        self.dialect = SqliteDialect()
        self.engine = engine.open_for_reading(path, driver)
        self._writing = engine.open_for_writing(path, synchronous, driver)
        self._identity = (0, 0)

    def connect(self) -> Connection:
        """Return a connection for the writer, after a failure perhaps to another file."""
        make_file(self._path)
        connection = self._writing.connect()
        try:
            schema.migrate(connection, self._path)
        except BaseException:
            connection.close()
            raise
        before, self._identity = self._identity, identify(self._path)
        if before not in {(0, 0), self._identity}:
            self.engine.dispose()
        return connection

    def check(self) -> None:
        """Raise `StoreError` where the file is no longer the one that is open, or is read-only.

        The system would let this process write on, into a file that nobody can open any more.
        """
        try:
            is_there = identify(self._path) == self._identity
        except OSError:
            is_there = False
        if not is_there:
            raise StoreError("the file was deleted or replaced")
        if not os.access(self._path, os.W_OK):
            raise StoreError("the file may only be read")

    def read_state(self, connection: Connection, known: State | None) -> State:
        """Return what is known, which only this process changes; else ask the file."""
        if known is not None:
            return known
        counted = select(func.count()).select_from(messages)
        return State(
            last_message=engine.last_number(connection, "messages"),
            last_session=engine.last_number(connection, "sessions"),
            messages=connection.execute(counted).scalar_one(),
        )

    def write_state(self, connection: Connection, state: State) -> None:
        """Do nothing: the rows have it."""

    def publish(self, state: State) -> None:
        """Tell of what a transaction has changed."""
        for each in state.updates:
            self._updates.publish(*each)

    def may_prune(self, connection: Connection) -> bool:
        """Return True: nobody else writes the file."""
        del connection
        return True

    def is_environment(self, error: BaseException) -> bool:
        """Return whether the file or the disk is the cause, not a change."""
        if not isinstance(error, DBAPIError):
            return isinstance(error, OSError | StoreError)
        code: Any = getattr(error.orig, "sqlite_errorcode", None)
        return code is None or code & 0xFF in _ENVIRONMENT

    def is_unclear(self, error: BaseException) -> bool:
        """Return False: a transaction that failed is undone."""
        del error
        return False

    def tidy(self, connection: Connection) -> None:
        """Merge the index, and give free pages back to the file system, some at a time."""
        with connection.begin():
            self.dialect.continue_merge(connection, _PAGES)
        engine.release_pages(connection, _PAGES)

    def finish(self, connection: Connection) -> None:
        """Give back all free pages, and leave no log."""
        engine.release_pages(connection, _ALL_PAGES)
        engine.optimize(connection)
        engine.write_checkpoint(connection)

    def close(self) -> None:
        """Close the writer's connections."""
        self._writing.dispose()
