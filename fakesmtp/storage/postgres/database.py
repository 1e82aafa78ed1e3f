"""A PostgreSQL database as the writer uses it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, MetaData, Table, func, select, update
from sqlalchemy.exc import DBAPIError

from fakesmtp.clock import monotonic
from fakesmtp.storage.postgres import engine, schema
from fakesmtp.storage.postgres.dialect import PostgresDialect
from fakesmtp.storage.postgres.updates import drop_old, number_updates, read_after, write_updates
from fakesmtp.storage.postgres.watching import Watch
from fakesmtp.storage.sql.dialect import State

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fakesmtp.storage.address import ServerAddress
    from fakesmtp.storage.postgres.updates import SharedUpdates
    from fakesmtp.storage.updates import Update

log = logging.getLogger("fakesmtp")

#: The advisory lock of the server that applies the limits: "fake" and "prun".
_PRUNING = 0x66616B65_7072756E
#: Seconds between two removals of old updates.
_DROPPING = 60.0

_state = Table(
    "state",
    MetaData(),
    *(
        Column(name, BigInteger)
        for name in ("last_message", "last_session", "last_update", "messages", "bytes")
    ),
)
_LOCK_STATE = select(_state).with_for_update()
_WRITE_STATE = update(_state)


class PostgresDatabase:
    """A database that servers share; see `Database`.

    A transaction that writes begins with a lock on the row of `state`, which it keeps to its
    commit. So the numbers that it takes from there are in the order of commits, and transactions of
    several servers never wait for each other in a circle.
    """

    def __init__(
        self, address: ServerAddress, updates: SharedUpdates, *, waits_for_disk: bool
    ) -> None:
        self.location = address.location
        self.dialect = PostgresDialect()
        watch = Watch()
        self.engine = engine.open_for_reading(address, watch)
        #: The connections that write and listen.
        self.writing = engine.open_for_writing(address, watch, waits_for_disk=waits_for_disk)
        self._updates = updates
        self._connection: Connection | None = None
        self._written: dict[str, int] = {}
        #: Updates of other servers that are not published here.
        self._missed: list[Update] = []
        self._drops_at = 0.0

    def connect(self) -> Connection:
        """Return a connection for the writer, to tables of the newest version."""
        connection = self.writing.connect()
        try:
            schema.refuse_read_only(connection, self.location)
            schema.migrate(connection, self.location)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def check(self) -> None:
        """Do nothing: a lost connection is noticed when it is used."""

    def read_state(self, connection: Connection, known: State | None) -> State:
        """Lock the state to the end of the transaction, and return it.

        What other servers have changed is read here, because that takes no transaction of its own,
        and told after the transaction: listeners may read the database, too.
        """
        del known
        row = connection.execute(_LOCK_STATE).one_or_none()
        if row is None:
            raise schema.describe_emptied(self.location)
        newest = self._updates.cursor
        self._missed = read_after(connection, newest) if newest < row.last_update else []
        self._written = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a mapping
        return State(**row._mapping)  # noqa: SLF001 - as above

    def write_state(self, connection: Connection, state: State) -> None:
        """Write the numbers, and the updates with a NOTIFY."""
        numbered = number_updates(state.updates, state.last_update)
        if numbered:
            state.last_update = numbered[-1].cursor
        values = {name: getattr(state, name) for name in self._written}
        if values == self._written:
            return
        with self.dialect.together(connection):
            if numbered:
                write_updates(connection, numbered)
            connection.execute(_WRITE_STATE, values)

    def publish(self, state: State) -> None:
        """Publish what a transaction has changed, and before it what other servers have."""
        self._updates.extend(self._missed)
        count = sum(1 for each in state.updates if each.ids)
        numbered = number_updates(state.updates, state.last_update - count)
        if not numbered:
            return
        if self._updates.follows(numbered[0].cursor):
            self._updates.extend(numbered)
        elif self._connection is not None:
            try:
                self._updates.read(self._connection)
            except DBAPIError:
                log.debug("updates are read again when the database is back", exc_info=True)

    def may_prune(self, connection: Connection) -> bool:
        """Return whether no other server applies the limits now; remove old updates if so."""
        lock = select(func.pg_try_advisory_xact_lock(_PRUNING))
        is_mine: bool = connection.execute(lock).scalar_one()
        if is_mine and monotonic() >= self._drops_at:
            drop_old(connection)
            self._drops_at = monotonic() + _DROPPING
        return is_mine

    def is_environment(self, error: BaseException) -> bool:
        """Return whether the database or the network is the cause, not a change."""
        return engine.is_environment(error)

    def is_unclear(self, error: BaseException) -> bool:
        """Return whether the connection was lost: perhaps during the commit."""
        return isinstance(error, DBAPIError) and error.connection_invalidated

    def tidy(self, connection: Connection) -> None:
        """Do nothing: PostgreSQL has autovacuum."""

    def finish(self, connection: Connection) -> None:
        """Do nothing: everything is committed."""

    def close(self) -> None:
        """Close the connections that write and listen."""
        self._connection = None
        self.writing.dispose()
