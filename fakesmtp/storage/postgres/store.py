"""A store in a PostgreSQL database, which any number of servers may share."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004 - of waits for a connection

from fakesmtp.errors import StoreError
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.postgres import engine, schema
from fakesmtp.storage.postgres.checking import (
    CLAIMED,
    claim_unchecked,
    find_problems,
    read_facts,
    read_size,
)
from fakesmtp.storage.postgres.database import PostgresDatabase
from fakesmtp.storage.postgres.dialect import PostgresDialect
from fakesmtp.storage.postgres.listening import Listening
from fakesmtp.storage.postgres.shared import PostgresShared
from fakesmtp.storage.postgres.updates import SharedUpdates
from fakesmtp.storage.postgres.watching import Watch
from fakesmtp.storage.sql.changes import Run
from fakesmtp.storage.sql.pruning import Pruner
from fakesmtp.storage.sql.reading import Reader, explain
from fakesmtp.storage.sql.store import DatabaseStore
from fakesmtp.storage.sql.versions import refuse_older

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from sqlalchemy import Engine

    from fakesmtp.storage.address import ServerAddress
    from fakesmtp.storage.records import SessionRecord
    from fakesmtp.storage.sql.changes import Work
    from fakesmtp.storage.updates import Happened


class _OfDatabase(Reader):
    """What a database tells about itself."""

    @property
    def size(self) -> int:
        """The bytes of the tables, with their indexes."""
        with self.reading() as connection:
            return read_size(connection)

    def describe(self) -> dict[str, object]:
        """Return facts about the database, for people and programs; sizes in bytes."""
        with self.reading() as connection:
            facts = read_facts(connection)
        return {"database": self.location, **facts, **self.counts()}

    def check(self) -> list[str]:
        """Return what is wrong with the database; nothing where all is well."""
        with self.reading() as connection:
            return find_problems(connection)


class DatabaseReader(_OfDatabase):
    """Reads a database, beside the servers that write it or without one."""


class PostgresStore(_OfDatabase, DatabaseStore):
    """Keeps messages and sessions in a database that servers share; see `Store`.

    `replica` is the name of this server in its sessions: None for the names of the machine and the
    process, `""` for none. With `sync="normal"` a crash of the database may lose the last messages.
    Raises `StoreError` for a database that is not a store, or that cannot be written.
    """

    patience = CLAIMED

    def __init__(
        self,
        address: ServerAddress,
        limits: Limits = Limits(),  # noqa: B008 - a tuple
        *,
        sync: str = "full",
        replica: str | None = None,
        pruner: Pruner | None = None,
    ) -> None:
        updates = SharedUpdates(self._publish)
        self._shared = PostgresDatabase(address, updates, waits_for_disk=sync == "full")
        super().__init__(self._shared, pruner or Pruner(limits), updates)
        self.shared: PostgresShared = PostgresShared(address, self.submit)
        self._updates = updates
        self._listening: Listening | None = None
        self.replica = f"{socket.gethostname()}-{os.getpid()}" if replica is None else replica
        self.open()

    def open(self) -> None:
        """Open the database again after `close`. Idempotent."""
        if self._listening is None:
            self.start_writing()
            try:
                with self._shared.writing.connect() as connection:
                    self._updates.start(connection)
            except DBAPIError as error:
                self._writer.close()
                raise StoreError(f"cannot read {self.location}: {explain(error)}") from error
            self._listening = Listening(self._shared.writing, self._updates)

    def _publish(self, happened: Happened) -> None:
        """Publish to all servers something that happened outside of the store."""

        def run(work: Work) -> None:
            work.state.updates.append(happened)

        self.submit(Run(run))

    def add_session(self, make: Callable[[], SessionRecord]) -> Future[int]:
        """Keep a session that is over, with the name of this server."""
        return super().add_session(lambda: self._sign(make()))

    def _sign(self, record: SessionRecord) -> SessionRecord:
        return record._replace(replica=self.replica)

    def unchecked(self, most: int, *, of_sessions: bool) -> list[tuple[int, str]]:
        """Return number and id of what this server is to check, the newest first.

        No other server checks the same.
        """
        claiming = self._engine.execution_options(isolation_level="READ COMMITTED")
        try:
            with claiming.begin() as connection:
                return claim_unchecked(connection, most, of_sessions=of_sessions)
        except (DBAPIError, TimeoutError) as error:
            raise StoreError(f"cannot read {self.location}: {explain(error)}") from error

    def compact(self) -> Future[str]:
        """Do nothing. The ticket gives a sentence that tells what PostgreSQL does itself."""
        return self.submit(Run(lambda _: _COMPACT))

    def leave_to_parent(self) -> None:
        """Leave writing and following to the parent, in a forked child; reading goes on."""
        super().leave_to_parent()
        self.shared.leave_to_parent()
        self._listening = None

    def close(self) -> None:
        """Write what waits, then close all connections. Idempotent."""
        if self._listening is not None:
            self._listening.stop()
            self._listening = None
        self.shared.close()
        super().close()


_COMPACT = (
    "PostgreSQL uses the space of removed messages again by itself (autovacuum); to give it back "
    "to the system, run VACUUM FULL while no server writes"
)


def open_reader(address: ServerAddress) -> DatabaseReader:
    """Open a database to read it. Raises `StoreError` where it is not a store of this version."""
    reading = engine.open_for_reading(address, Watch())
    try:
        _check_version(reading, address.location)
    except StoreError:
        reading.dispose()
        raise
    return DatabaseReader(address.location, reading, PostgresDialect())


def _check_version(reading: Engine, location: str) -> None:
    try:
        with reading.connect() as connection:
            version = schema.check(connection, location)
    except DBAPIError as error:
        raise StoreError(f"cannot read {location}: {explain(error)}") from error
    refuse_older(location, version, schema.VERSION)
