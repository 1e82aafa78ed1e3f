"""Connections to a PostgreSQL database (psycopg 3), and what its errors mean."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from fakesmtp.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from fakesmtp.storage.address import ServerAddress
    from fakesmtp.storage.postgres.watching import Watch, WatchedConnection

# What psycopg logs beside an error that it raises is not printed where nobody has set up logging.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_READERS = 4
#: Questions that are asked at the same time.
ASKERS = 4
#: Seconds that a read waits for a connection.
_PATIENCE = 10
#: What libpq does where the address has no other value. Seconds; the last one milliseconds: a
#: server that is cut off is noticed within about ten seconds.
_DEFAULTS = {
    "application_name": "fakesmtp",
    "client_encoding": "utf8",
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
#: Settings of each connection: no statement and no lock takes longer than `LIMIT`.
_READING = {"statement_timeout": "25s"}
#: A server that hangs in a transaction must not keep the others from writing.
_WRITING = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "30s"}
#: Classes of SQLSTATE that are not the fault of a change: connections, read-only and failed
#: transactions, logins, names of databases, deadlocks, resources, locks, shutdowns, the system.
_ENVIRONMENT = frozenset({"08", "25", "28", "3D", "40", "53", "54", "55", "57", "58", "F0", "XX"})
#: No right to do it, and no such table: someone has changed the database.
_CHANGED = frozenset({"42501", "42P01"})


def open_for_reading(address: ServerAddress, watch: Watch) -> Engine:
    """Return an engine whose transactions each see one state of the database."""
    return _open(
        address,
        watch,
        _READING,
        isolation_level="REPEATABLE READ",
        poolclass=QueuePool,
        pool_size=_READERS,
        max_overflow=_READERS,
        pool_timeout=_PATIENCE,
        pool_pre_ping=True,
    )


def open_for_writing(address: ServerAddress, watch: Watch, *, waits_for_disk: bool) -> Engine:
    """Return an engine for the connection that writes, and for the one that listens."""
    settings = dict(_WRITING)
    if not waits_for_disk:
        settings["synchronous_commit"] = "off"
    return _open(address, watch, settings, poolclass=NullPool)


def open_for_asking(address: ServerAddress, watch: Watch) -> Engine:
    """Return an engine for short questions while clients wait, in transactions of their own.

    What they write may be lost when the database crashes: its commit does not wait for the disk.
    """
    settings = {"statement_timeout": "10s", "lock_timeout": "10s", "synchronous_commit": "off"}
    options = {"poolclass": QueuePool, "pool_size": ASKERS, "pool_timeout": _PATIENCE}
    return _open(address, watch, settings, **options)


def _open(
    address: ServerAddress,
    watch: Watch,
    settings: Mapping[str, str],
    **options: Any,  # noqa: ANN401 - as create_engine has them
) -> Engine:
    try:
        url = make_url(address.url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"{address.location} is not the address of a database") from None
    defaults = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    engine = create_engine(url, connect_args=defaults, hide_parameters=True, **options)

    @event.listens_for(engine, "do_connect")
    def _connect(
        _: object, __: object, arguments: tuple[Any, ...], given: dict[str, Any]
    ) -> WatchedConnection:
        return watch.connect(*arguments, **given)

    @event.listens_for(engine, "connect")
    def _set(raw: psycopg.Connection, _: object) -> None:
        for name, value in settings.items():
            raw.execute(f"SET {name} = '{value}'")
        raw.commit()

    return engine


def is_environment(error: BaseException) -> bool:
    """Return whether the database or the network is the cause, not a change."""
    # At the end of a pipeline the driver raises it, and SQLAlchemy does not see it.
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state is None:
        known = OSError | StoreError | psycopg.OperationalError | psycopg.InterfaceError
        return isinstance(cause, known)
    return state[:2] in _ENVIRONMENT or state in _CHANGED
