"""A store in a SQLite file: one thread writes, everyone reads."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from fakesmtp.errors import MissingStoreError, StoreError
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.sql.changes import Run
from fakesmtp.storage.sql.pruning import Pruner
from fakesmtp.storage.sql.reading import Reader, explain
from fakesmtp.storage.sql.store import DatabaseStore
from fakesmtp.storage.sql.versions import refuse_older
from fakesmtp.storage.sqlite import engine, schema
from fakesmtp.storage.sqlite.database import SqliteDatabase
from fakesmtp.storage.sqlite.dialect import SqliteDialect
from fakesmtp.storage.sqlite.file import FileLock, check_file, disk_size, writer_of
from fakesmtp.storage.sqlite.forks import gate
from fakesmtp.storage.updates import Updates

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path
    from types import ModuleType
    from typing import Literal

    from sqlalchemy import Engine

    from fakesmtp.storage.sql.changes import Work

    Sync = Literal["full", "normal"]


class _OfFile(Reader):
    """What a file tells about itself."""

    _path: Path

    @property
    def size(self) -> int:
        """The bytes of the file, with what is not in the file itself yet."""
        return disk_size(self._path)

    def describe(self) -> dict[str, object]:
        """Return facts about the file, for people and programs; sizes in bytes."""
        with self.reading() as connection:
            facts = {
                "file": self.location,
                "schema": engine.read_version(connection),
                "size": self.size,
                "used": engine.used_bytes(connection),
                "journal": engine.read_journal_mode(connection),
            }
            version = engine.library_version(connection)
        process = writer_of(self._path)
        return {**facts, **self.counts(), "written_by_process": process, "sqlite": version}

    def check(self) -> list[str]:
        """Return what is wrong with the file and its index; nothing where all is well."""
        with self.reading() as connection:
            return [*engine.check_integrity(connection), *engine.find_unindexed(connection)]


class FileReader(_OfFile):
    """Reads a file, beside the process that writes it or without one."""

    def __init__(self, path: Path, reading: Engine) -> None:
        super().__init__(str(path), reading, SqliteDialect())
        self._path = path


class SqliteStore(_OfFile, DatabaseStore):
    """Keeps messages and sessions in a file; see `Store`.

    `sync="full"` makes each message survive a power cut; `"normal"` only the end of the process,
    and is faster. `driver` is a module like the standard library's `sqlite3`. Raises `StoreError`
    for a file that another process writes, that is not a store, or that cannot be written.
    """

    def __init__(
        self,
        path: Path,
        limits: Limits = Limits(),  # noqa: B008 - a tuple
        *,
        sync: Sync = "full",
        pruner: Pruner | None = None,
        driver: ModuleType = sqlite3,
    ) -> None:
        updates, pruner = Updates(), pruner or Pruner(limits)
        super().__init__(SqliteDatabase(path, sync.upper(), driver, updates), pruner, updates)
        self._path = path
        self._lock: FileLock | None = None
        self.open()

    def open(self) -> None:
        """Open the file again after `close`. Idempotent."""
        if self._lock is not None:
            return
        self._refuse_others()
        lock = FileLock(self._path)
        try:
            self.start_writing()
        except StoreError:
            lock.release()
            raise
        self._lock = lock

    def _refuse_others(self) -> None:
        """Raise `StoreError` for a file of another program, before a lock is left beside it."""
        # A file that cannot be read is an error when it is opened for writing.
        with suppress(DBAPIError), gate.working(), self._engine.connect() as connection:
            schema.check(connection, self._path)

    def compact(self) -> Future[str]:
        """Merge the index. The ticket gives the bytes that were used before, and after.

        Free space goes back to the file system step by step, all of it when the store is closed.
        """
        return self.submit(Run(_compact))

    def close(self) -> None:
        """Write what waits, then let go of the file. Idempotent."""
        super().close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _compact(work: Work) -> str:
    before = engine.used_bytes(work.connection)
    engine.compact(work.connection)
    return f"{before:,} bytes before, {engine.used_bytes(work.connection):,} after"


def open_reader(path: Path, driver: ModuleType = sqlite3) -> FileReader:
    """Open a file to read it, beside the process that writes it or without one.

    Raises `StoreError` where there is none, or not one of ours.
    """
    if not path.exists():
        raise MissingStoreError(f"there is no store {path}: `fakesmtp serve` makes one")
    reading = engine.open_for_reading(path, driver, is_fixed=_is_fixed(path))
    with gate.working():
        try:
            _check_version(reading, path)
        except StoreError:
            reading.dispose()
            raise
    return FileReader(path, reading)


def _is_fixed(path: Path) -> bool:
    """Return whether nobody writes the file and this user cannot, as on a read-only disk."""
    log = path.with_name(f"{path.name}-wal")
    return not os.access(path.parent, os.W_OK) and not log.exists()


def _check_version(reading: Engine, path: Path) -> None:
    """Raise `StoreError` for a file that is not ours, or not of this version."""
    try:
        check_file(path)
        with reading.connect() as connection:
            version = schema.check(connection, path)
    except (DBAPIError, OSError) as error:
        raise StoreError(f"cannot read {path}: {explain(error)}") from error
    refuse_older(path, version, schema.VERSION)
